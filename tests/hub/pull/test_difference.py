"""What was sent against what is stored, without a store."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hub.pull.difference import Offered, deletions, difference, marked, unmarked
from hub.pull.quarantine import KEPT_CHARACTERS, Bad, kept, raw_text
from hub.records.model import Image, Operation


def image(handle, binding="b", **values):
    return Image(handle, binding, values, "2026-03-01T08:00:00.000Z", "2026-03-01T08:00:00.000Z")


def offered(*images):
    return [Offered(made, f"row {n}", {}) for n, made in enumerate(images)]


images = st.builds(image, st.sampled_from("abcd"), st.sampled_from(["b", "c"]), x=st.integers(0, 2), y=st.none())
stored = st.lists(images).map(lambda found: {i.handle: i for i in found})


@given(stored, st.lists(images))
def test_what_is_stored_and_the_drafts_make_what_was_sent(before, sent):
    found = difference(offered(*sent), before, {"b", "c"})
    state = dict(before)
    for draft in found.drafts:
        assert state.get(draft.handle) == draft.before
        state[draft.handle] = draft.after
    assert len(found.drafts) + len(found.refused) + found.unchanged == len(sent)
    last = {i.handle: i for i in sent if state[i.handle].binding == i.binding}
    assert all(state[handle].same_as(made) for handle, made in last.items())
    assert not difference(offered(*last.values()), state, {"b", "c"}).drafts


def test_another_time_of_the_same_values_is_no_change():
    later = replace(image("a", x=1), as_of="2026-03-02T08:00:00.000Z", pulled_at="2026-03-02T08:00:00.000Z")
    found = difference(offered(later), {"a": image("a", x=1)}, {"b"})
    assert (found.drafts, found.unchanged) == ((), 1)


def test_another_source_text_of_the_same_value_is_a_change_that_provenance_shows():
    found = difference(offered(replace(image("a", x=1), raw={"x": "１"})), {"a": image("a", x=1)}, {"b"})
    assert [draft.operation for draft in found.drafts] == [Operation.UPDATED]


@given(st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3), min_size=1))
def test_marking_and_unmarking_gives_the_image_back(marks):
    source = image("a", x=7, y=8, z=9)
    under = marked(source, marks)
    assert under.values == {**source.values, **marks}
    assert unmarked(under) == source
    assert unmarked(source) is source


def test_only_records_that_the_binding_feeds_and_that_are_still_there_are_deleted():
    found = deletions(["a", "b", "c"], {"a": image("a"), "b": image("b", "other")}, "b")
    assert [(d.operation, d.handle) for d in found.drafts] == [(Operation.DELETED, "a")]


def test_a_row_is_kept_as_text_that_every_store_takes():
    raw = raw_text({"名": "张\ud800", "n": 2**70, "when": object})
    assert '"名": "张\\ud800"' in raw
    assert str(2**70) in raw
    raw.encode()
    assert len(raw_text({"x": "长" * 10_000})) <= KEPT_CHARACTERS
    row = kept(Bad("row 1", "key_twice", "", raw, has_key=True), "run", "b", "2026")
    assert (row.reason, row.raw) == ("key_twice", raw)
