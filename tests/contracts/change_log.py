"""The contract of `hub.records.ports.ChangeLog`: every change log passes it.

To use it: subclass and give the fixture `log`, one empty log.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Fenced
from hub.records.model import Change, Image, Operation, RecordWarning
from tests.contracts.record_samples import AT, NUMBERS, QUICK, RATIOS, ROWS, TEXTS

WARNINGS = st.lists(st.builds(RecordWarning, TEXTS, TEXTS, TEXTS), max_size=2).map(tuple)
IMAGES = st.builds(
    Image, TEXTS, TEXTS, ROWS | st.dictionaries(TEXTS, TEXTS | NUMBERS | RATIOS | st.booleans() | st.none(), max_size=3),
    TEXTS, TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=2), WARNINGS, ROWS | st.just({}), ROWS | st.just({}),
    st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(tuple),
)  # fmt: skip


def entry(seq, fence=1, **more):
    fields = {"resource": "work", "epoch": 1, "handle": "h", "operation": Operation.CREATED, "before": None} | more
    return Change(
        seq=seq, fence=fence, at=AT, after=more.get("after"), **{k: v for k, v in fields.items() if k != "after"}
    )


class LogContract:
    """What every change log keeps."""

    @QUICK
    @given(
        before=st.none() | IMAGES,
        after=st.none() | IMAGES,
        operation=st.sampled_from(Operation),
        moment=st.none() | TEXTS,
    )
    async def test_a_change_comes_back_as_it_was_appended(self, log, before, after, operation, moment):
        change = Change("work", 1, 1, 1, "h", operation, AT, before, after, moment)
        await log.append([change])
        (read,) = await log.read("work", 1, 0, 1, 5)
        assert read == change
        assert repr(read.after and read.after.values) == repr(after and after.values)

    async def test_entries_are_read_in_order_between_two_sequences(self, log):
        await log.append([entry(seq) for seq in (3, 1, 2, 4, 5)])
        assert [c.seq for c in await log.read("work", 1, 1, 4, 9)] == [2, 3, 4]
        assert [c.seq for c in await log.read("work", 1, 0, 9, 2)] == [1, 2]
        assert await log.read("work", 1, 5, 9, 9) == []

    async def test_a_missing_entry_ends_the_list_before_it(self, log):
        await log.append([entry(seq) for seq in (1, 2, 4, 5)])
        assert [c.seq for c in await log.read("work", 1, 0, 9, 9)] == [1, 2]
        assert await log.read("work", 1, 2, 9, 9) == []
        assert [c.seq for c in await log.read("work", 1, 3, 9, 9)] == [4, 5]

    async def test_resources_and_epochs_do_not_mix(self, log):
        await log.append([entry(1), entry(1, resource="other"), entry(1, epoch=2)])
        assert [c.resource for c in await log.read("other", 1, 0, 9, 9)] == ["other"]
        assert [c.epoch for c in await log.read("work", 2, 0, 9, 9)] == [2]

    async def test_an_entry_of_a_lower_or_equal_fence_is_replaced(self, log):
        for fence, handle in ((1, "first"), (1, "again"), (3, "later")):
            await log.append([entry(1, fence, handle=handle)])
            (read,) = await log.read("work", 1, 0, 9, 9)
            assert (read.handle, read.fence) == (handle, fence)

    async def test_a_lower_fence_is_refused_with_its_whole_batch(self, log):
        await log.append([entry(2, fence=5, handle="successor")])
        with pytest.raises(Fenced):
            await log.append([entry(1, fence=4), entry(2, fence=4), entry(3, fence=4)])
        assert await log.read("work", 1, 0, 9, 9) == []
        assert [(c.seq, c.handle) for c in await log.read("work", 1, 1, 9, 9)] == [(2, "successor")]

    async def test_the_newest_entries_of_each_record_are_read_up_to_a_sequence(self, log):
        await log.append([entry(seq, handle="ab"[seq % 2]) for seq in range(1, 9)])
        await log.append([entry(9, handle="a", resource="other")])
        found = await log.of("work", [("b", 9), ("a", 6), ("nobody", 9), ("a", 1), ("a", 8)], 3)
        assert [[c.seq for c in changes] for changes in found] == [[7, 5, 3], [6, 4, 2], [], [], [8, 6, 4]]
        assert {c.handle for c in found[1]} == {"a"}
        assert await log.of("work", [], 3) == []

    async def test_the_entries_of_a_record_are_those_of_every_epoch_that_is_kept(self, log):
        await log.append([entry(seq, epoch=epoch) for epoch, seq in ((1, 1), (1, 2), (2, 3))])
        await log.drop("work", 1, 1)
        assert [(c.epoch, c.seq) for c in (await log.of("work", [("h", 9)], 9))[0]] == [(2, 3), (1, 2)]

    async def test_retention_forgets_the_oldest_entries(self, log):
        assert await log.oldest("work", 1) is None
        await log.append([entry(seq) for seq in range(1, 6)])
        assert await log.oldest("work", 1) == 1
        await log.drop("work", 1, 3)
        assert await log.oldest("work", 1) == 4
        assert [c.seq for c in await log.read("work", 1, 3, 9, 9)] == [4, 5]
        await log.drop("work", 1, 9)
        assert await log.oldest("work", 1) is None

    async def test_appending_nothing_is_nothing(self, log):
        await log.append([])
        assert await log.oldest("work", 1) is None
