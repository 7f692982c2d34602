"""The hub's own marks: they win over the source until it sends their value or a person closes them."""

import pytest

from hub.errors import HubError
from hub.pull.marks import MARKS, Mark, MarkKind, put_mark
from hub.records.model import Operation
from tests.hub.pull.office import replayed, row


async def mark(hub, of="A1", kind=MarkKind.DISPUTE, **values):
    return await put_mark(hub.worker, hub.resource, Mark(kind, hub.handle(of), values, "李四", "当事人异议"))


@pytest.fixture
async def marked(hub):
    hub.send(row("A1", state="1"), row("A2"), row("A3"))
    await hub.pull()
    assert await mark(hub, state="2")
    return hub


async def state_of(hub, code="A1"):
    return (await hub.images())[code].values["state"]


async def test_a_mark_is_a_correction_in_the_same_sequence(marked):
    change = (await marked.changes())[-1]
    assert (change.seq, change.operation) == (4, Operation.CORRECTED)
    image = (await marked.images())["A1"]
    assert (image.values["state"], image.marks, image.source) == ("2", {"state": "2"}, {"state": "1"})
    assert image.binding == "licences_csv"
    assert replayed(await marked.changes()) == {i.handle: i for i in (await marked.images()).values()}


async def test_a_mark_stays_while_the_source_says_what_it_said(marked):
    assert (await marked.pull(full=True)).operations.total() == 0
    assert await state_of(marked) == "2"


async def test_a_mark_stays_while_other_items_of_the_record_change(marked):
    marked.send(row("A1", state="3", name="改名"), row("A2"), row("A3"))
    assert (await marked.pull()).operations == {Operation.UPDATED: 1}
    image = (await marked.images())["A1"]
    assert (image.values["state"], image.values["name"], image.source) == ("2", "改名", {"state": "3"})


async def test_a_mark_ends_when_the_source_sends_its_value(marked):
    marked.send(row("A1", state="2"), row("A2"), row("A3"))
    await marked.pull()
    image = (await marked.images())["A1"]
    assert (image.values["state"], image.marks, image.source) == ("2", {}, {})
    marked.send(row("A1", state="1"), row("A2"), row("A3"))
    await marked.pull()
    assert await state_of(marked) == "1"


async def test_a_person_closes_a_mark_and_the_source_shows_again(marked):
    assert await mark(marked, kind=MarkKind.CLOSED, state=None)
    image = (await marked.images())["A1"]
    assert (image.values["state"], image.marks) == ("1", {})
    assert not await mark(marked, kind=MarkKind.CLOSED, state=None)


async def test_marks_of_several_items_stand_beside_each_other(marked):
    assert await mark(marked, kind=MarkKind.CORRECTION, name="更正", public_to="2026-01-01")
    image = (await marked.images())["A1"]
    assert image.marks == {"state": "2", "name": "更正", "public_to": "2026-01-01"}
    assert image.source == {"state": "1", "name": "许可证A1", "public_to": None}
    assert await mark(marked, kind=MarkKind.CLOSED, name=None)
    assert (await marked.images())["A1"].marks == {"state": "2", "public_to": "2026-01-01"}


async def test_a_value_can_be_marked_as_absent(marked):
    assert await mark(marked, kind=MarkKind.CORRECTION, name=None)
    assert (await marked.images())["A1"].values["name"] is None
    assert (await marked.pull(full=True)).operations.total() == 0


async def test_a_mark_that_says_what_the_source_says_is_none(marked):
    assert not await mark(marked, of="A2", name="许可证A2")
    assert len(await marked.changes()) == 4


async def test_a_mark_does_not_keep_a_record_that_its_source_withdrew(marked):
    marked.send(row("A2"), row("A3"))
    await marked.pull()
    assert sorted(await marked.images()) == ["A2", "A3"]


async def test_who_marked_and_why_stands_in_the_ledger(marked):
    [run] = await marked.ledger.runs(MARKS, 5)
    assert (run.outcome, run.message, run.counts) == ("dispute", "李四: 当事人异议", {"corrected": 1})


@pytest.mark.parametrize("values", [{"code": "B1"}, {"holder": "91350100M000100Y43"}, {"colour": "red"}])
async def test_keys_subjects_and_unknown_items_cannot_be_marked(marked, values):
    with pytest.raises(HubError, match="cannot be marked"):
        await mark(marked, **values)


async def test_a_record_that_is_not_there_cannot_be_marked(marked):
    with pytest.raises(HubError, match="no record"):
        await mark(marked, of="Z9", state="2")
