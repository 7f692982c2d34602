"""`history` of a record is what a feed would have told this client of it, newest first."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth.grants import Shown
from catalogue.rules import Compare, Op
from hub.engine.bind import LONGEST_HISTORY
from tests.hub.feeds.room import COMPANIES, OFFICE, furnish, in_short, opened, permit
from tests.hub.feeds.test_feed_invariants import GRANTS, STEPS, take

SHOWN = "code name holder phone office state"
HISTORY = f"""query ($code: String!, $first: Int) {{ permit(code: $code) {{
  id history(first: $first) {{ cursor operation key at record {{ {SHOWN} }} }} }} }}"""
EVERY = f"{{ permits {{ nodes {{ id {SHOWN} history(first: 100) {{ operation key record {{ {SHOWN} }} }} }} }} }}"


class CountingLog:
    """The log, with the calls that were made to it."""

    def __init__(self, log):
        self.log, self.calls = log, []

    async def of(self, resource, places, limit):
        self.calls.append((resource, len(places), limit))
        return await self.log.of(resource, places, limit)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history") / "store"
    asyncio.run(furnish(folder))
    return folder


@pytest.fixture
async def room(furnished, tmp_path):
    async with opened(shutil.copytree(furnished, tmp_path / "store")) as made:
        yield made


def counted(room):
    """The calls of the log that the engine makes from now on."""
    parts = room.services.engine._workshop.parts
    log = CountingLog(parts.log)
    object.__setattr__(parts, "log", log)
    return log.calls


async def ask(room, text=HISTORY, **variables):
    answer = await room.services.engine.answer(room.operation(text, **variables))
    assert not [e for e in answer.errors if e["extensions"]["code"] != "NOT_GRANTED"], answer.errors
    return answer.data


async def history(room, code="A", first=None):
    return (await ask(room, code=code, first=first))["permit"]["history"]


async def test_a_history_is_newest_first_with_the_record_as_it_was(room):
    await room.put(permit("A", name="一"))
    await room.put(permit("A", name="二"))
    await room.correct("A", name="三")
    told = await history(room)
    assert [(change["operation"], change["record"]["name"]) for change in told] == [
        ("CORRECTED", "三"),
        ("UPDATED", "二"),
        ("CREATED", "一"),
    ]
    assert {change["key"] for change in told} == {room.handle("A")}
    assert [change["record"]["name"] for change in await history(room, first=2)] == ["三", "二"]
    assert await history(room, first=0) == []


async def test_a_record_that_was_gone_and_came_back_shows_both(room):
    await room.put(permit("A"))
    await room.delete("A")
    await room.put(permit("A"))
    assert list(map(in_short, await history(room))) == [("CREATED", "A"), ("DELETED", None), ("CREATED", "A")]


async def test_what_the_client_may_not_see_makes_no_change_and_is_never_shown(room):
    await room.put(permit("A", phone="13800138000"))
    for remark in "甲乙丙":
        await room.put(permit("A", phone="13800138000", remark=remark, office=remark))
    await room.put(permit("A", phone="13811118000", remark="丙", office="丙"))
    await room.put(permit("A", phone="13900138000", remark="丙", office="丙"))
    told = await history(room)
    assert [(c["operation"], c["record"]["phone"], c["record"]["office"]) for c in told] == [
        ("UPDATED", "139****8000", None),
        ("CREATED", "138****8000", None),
    ]


async def test_states_outside_the_clients_rows_are_told_as_its_feed_would_tell_them(room):
    await room.grant(rows=Compare("office", Op.EQ, "三楼"), items={"office": Shown.PLAIN})
    for office in ("三楼", "四楼", "五楼", "三楼"):
        await room.put(permit("A", office=office, name=office))
    assert [(c["operation"], c["record"] and c["record"]["name"]) for c in await history(room)] == [
        ("CREATED", "三楼"),
        ("DELETED", None),
        ("CREATED", "三楼"),
    ]


async def test_hidden_changes_do_not_shorten_a_history(room):
    await room.put(permit("A", name="一"))
    await room.put(permit("A", name="二"))
    for number in range(30):
        await room.put(permit("A", name="二", remark=str(number)))
    assert [c["record"]["name"] for c in await history(room, first=2)] == ["二", "一"]


async def test_a_moment_that_came_is_part_of_the_history(room):
    await room.put(permit("A", valid_to="2026-05-03"))
    await room.pass_time(days=5)
    assert [c["operation"] for c in await history(room)] == ["MOMENT", "CREATED"]


async def test_a_cursor_of_a_history_is_a_place_to_follow_from(room):
    await room.put(permit("A", name="一"))
    await room.put(permit("A", name="二"))
    await room.put(permit("B"))
    _, created = await history(room)
    async with room.subscriber(after=created["cursor"]) as one:
        assert await one.changes(3) == [("UPDATED", "A"), ("CREATED", "B"), ("Caughtup", None)]


async def test_one_call_of_the_log_serves_all_records_of_a_level(room):
    await room.put(*(permit(code) for code in "ABCDEF"))
    await room.put({"code": OFFICE, "name": "公司"}, of=COMPANIES)
    calls = counted(room)
    await ask(room, EVERY)
    assert calls == [("permit", 6, 100)]
    calls.clear()
    linked = "{ permits { nodes { company { history(first: 5) { operation } } history(first: 5) { at } } } }"
    data = await ask(room, linked)
    assert sorted(calls) == [("company", 1, 5), ("permit", 6, 5)]
    assert data["permits"]["nodes"][0]["company"]["history"] == [{"operation": "CREATED"}]


async def test_a_past_record_leads_to_present_ones_and_to_what_came_before_it(room):
    await room.put({"code": OFFICE, "name": "公司"}, of=COMPANIES)
    await room.put(permit("A", name="一"))
    await room.put(permit("A", name="二"))
    text = '{ permit(code: "A") { history { record { name company { name } history { record { name } } } } } }'
    newest, oldest = (await ask(room, text))["permit"]["history"]
    assert newest["record"]["company"] == oldest["record"]["company"] == {"name": "公司"}
    assert [c["record"]["name"] for c in newest["record"]["history"]] == ["二", "一"]
    assert [c["record"]["name"] for c in oldest["record"]["history"]] == ["一"]


async def test_a_feeds_record_brings_its_history(room):
    await room.put(permit("A", name="一"))
    text = (
        "subscription { permitChanges(from: BEGINNING) { ... on PermitChange { record { history { operation } } } } }"
    )
    async with room.subscriber(text) as one:
        (event,) = (await one.answer()).data.values()
    assert event == {"record": {"history": [{"operation": "CREATED"}]}}


@pytest.mark.parametrize("first", [-1, LONGEST_HISTORY + 1])
async def test_a_history_has_a_longest_length(room, first):
    answer = await room.services.engine.answer(room.operation(HISTORY, code="A", first=first))
    assert answer.data is None
    assert answer.errors[0]["extensions"]["code"] == ("BAD_INPUT" if first < 0 else "DOCUMENT_REFUSED")


async def test_histories_are_bounded_before_anything_is_read(room):
    calls = counted(room)
    deep = "{ permits(first: 500) { nodes { history(first: 100) { record { code } } } } }"
    answer = await room.services.engine.answer(room.operation(deep))
    assert answer.errors[0]["extensions"]["code"] == "DOCUMENT_REFUSED"
    assert answer.errors[0]["extensions"]["figure"] == 500 + 500 * 100 * 3
    assert calls == []


async def test_reading_a_history_is_audited_as_reading_its_items_and_subjects(room):
    other = "91512081MA62K0260E"
    await room.put(permit("A", holder=other))
    await room.put(permit("A"))
    await ask(room, '{ permit(code: "A") { history { record { phone } } } }')
    entry = (await room.audited("query"))[-1]
    assert entry["what"] == {"permit": ["~phone"]}
    assert entry["records"] == {"permit": [room.handle("A")]}
    hashed = [room.services.handles.subject("legal_person", "", code) for code in (OFFICE, other)]
    assert sorted(entry["subjects"]) == sorted(hashed)


def replayed(node):
    """What a record's history, oldest change first, makes of it."""
    copy = None
    for change in reversed(node["history"]):
        copy = change["record"]
        assert (copy is None) == (change["operation"] == "DELETED")
    return copy


async def prove(folder, grant, script):
    async with opened(folder) as room:
        await room.grant(**grant)
        async with room.subscriber(FEED) as one:
            await one.caught_up()
        for step in script:
            await take(room, step)
        heard = {}
        async with room.subscriber(FEED, after=one.cursor) as again:
            for event in await again.caught_up():
                heard.setdefault(event["key"], []).append(event["operation"])
        for node in (await ask(room, EVERY))["permits"]["nodes"]:
            told = [change["operation"] for change in reversed(node["history"])]
            assert told == heard[node["id"].partition(".")[2]]
            assert replayed(node) == {name: node[name] for name in SHOWN.split()}


FEED = """subscription ($after: String) { permitChanges(after: $after) { __typename
  ... on PermitChange { cursor operation key record { code } } ... on Caughtup { cursor } ... on Gap { from to reason } } }"""


@pytest.mark.parametrize("examples", [10, pytest.param(300, marks=pytest.mark.slow)])
def test_a_history_replayed_is_the_clients_view_and_tells_what_its_feed_told(furnished, examples):
    @settings(max_examples=examples, deadline=None)
    @given(GRANTS, st.lists(STEPS, min_size=3, max_size=8))
    def proved(grant, script):
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(prove(shutil.copytree(furnished, Path(folder) / "store"), grant, script))

    proved()
