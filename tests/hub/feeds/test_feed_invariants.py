"""The feed is proved: what a subscriber saw before, and the events, make what it sees now (habit 16; invariant 14).

The oracle below knows the rules of this catalogue in its own words, not through `View`.
"""

import asyncio
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth.grants import Shown
from auth.masks import apply
from catalogue.model import Mask
from catalogue.rules import SHANGHAI, TRUE, Compare, Op, instant
from tests.hub.feeds.room import OFFICE, PERMITS, Subscriber, opened, permit

CODES = "ABC"
DAY = date(2026, 5, 1)
DAYS = st.none() | st.integers(-1, 6).map(lambda days: (DAY + timedelta(days)).isoformat())
ROWS = st.fixed_dictionaries({
    "code": st.sampled_from(CODES),
    "kind": st.sampled_from("12"),
    "holder": st.sampled_from([OFFICE, "91512081MA62K0260E"]),
    "phone": st.sampled_from(["13800138000", "13811118000", "13900138000"]),
    "office": st.sampled_from(["三楼", "四楼"]),
    "remark": st.sampled_from(["甲", "乙"]),
    "state": st.sampled_from("129"),
    "valid_to": DAYS, "inspected": DAYS, "public_to": DAYS,
})  # fmt: skip
STEPS = st.one_of(
    st.lists(ROWS, min_size=1, max_size=3, unique_by=lambda row: row["code"]).map(lambda rows: ("put", rows)),
    st.sampled_from(CODES).map(lambda code: ("delete", code)),
    st.tuples(st.sampled_from(CODES), st.sampled_from(["office", "state"]), st.sampled_from(["2", "三楼"])).map(
        lambda how: ("correct", how)
    ),
    st.integers(1, 3).map(lambda days: ("pass", days)),
    st.integers(1, 4).map(lambda most: ("cut", most)),
)
GRANTS = st.fixed_dictionaries({
    "items": st.dictionaries(st.sampled_from(["holder", "phone", "office", "inspected"]), st.sampled_from(Shown)),
    "rows": st.sampled_from([TRUE, Compare("office", Op.EQ, "三楼"), Compare("state", Op.IN, ("1", "9"))]),
})  # fmt: skip
WHERES = st.sampled_from(
    [None, {"state": {"eq": "1"}}, {"expired": True}, {"not": {"expired": True}}, {"kind": {"ne": "2"}}]
)
MASKS = {"holder": Mask.IDENTITY, "phone": Mask.PHONE}


class Oracle:
    """What a client under the grant, with the condition, may see of an image at a time; None where it is not there."""

    def __init__(self, grant, where):
        self.items, self.rows, self.where = grant["items"], grant["rows"], where

    def sees(self, image, at):
        row = image and image.values
        if row is None or row["state"] == "9" or past(row, "public_to", at) or not self.granted(row):
            return None
        if not self.wanted(row, at):
            return None
        seen = {name: row.get(name) for name in ("code", "name", "kind", "state", "valid_to", "public_to")}
        seen |= {"expired": past(row, "valid_to", at)}
        for name, how in self.items.items():
            masked = how is Shown.MASKED and name in MASKS and not (name == "holder" and row["kind"] == "1")
            seen[name] = apply(MASKS[name], row[name]) if masked else row.get(name)
        if row["kind"] == "1":
            seen["holder"] = row["holder"]
        return seen | ({"due": past(row, "inspected", at)} if "inspected" in self.items else {})

    def granted(self, row):
        match self.rows:
            case Compare("office"):
                return row["office"] == "三楼"
            case Compare("state"):
                return row["state"] in ("1", "9")
        return True

    def wanted(self, row, at):
        match self.where:
            case {"state": _}:
                return row["state"] == "1"
            case {"expired": _}:
                return past(row, "valid_to", at)
            case {"not": _}:
                return not past(row, "valid_to", at)
            case {"kind": _}:
                return row["kind"] != "2"
        return True

    def told(self, change):
        """What the change must be to the client, or None."""
        now = instant(change.at)
        before = self.sees(change.before, now - timedelta(milliseconds=1) if change.moment else now)
        after = self.sees(change.after, now)
        if before == after:
            return None
        return "CREATED" if before is None else "DELETED" if after is None else str(change.operation)


def past(row, name, at):
    return row.get(name) is not None and row[name] <= at.astimezone(SHANGHAI).date().isoformat()


async def take(room, step):
    """Let it happen; nobody is told anything by that alone."""
    match step:
        case "put", rows:
            await room.put(*(permit(**row) for row in rows))
        case "delete", code:
            await room.delete(code)
        case "correct", (code, name, value):
            if await room.services.stores.writer.images(PERMITS, [room.handle(code)]):
                await room.correct(code, **{name: value})
        case "pass", days:
            await room.pass_time(days=days)
    return []


async def answered(room, where):
    """What a question finds of the same records at this moment."""
    text = "query($where: PermitWhere) { permits(where: $where) { nodes { id code name holder phone office state } } }"
    answer = await room.services.engine.answer(room.operation(text, where=where))
    return {node.pop("id").partition(".")[2]: node for node in answer.data["permits"]["nodes"]}


async def read(room, kept, most, **asked):
    """Follow for at most so many events and be cut off there; what was told comes after the last cursor."""
    async with room.subscriber(after=kept.cursor, **asked) as one:
        one.copy, one.cursor, told = kept.copy, kept.cursor, []
        while len(told) < most and (event := await one.event())["__typename"] != "Caughtup":
            told.append((event["operation"], event["key"]))
        kept.cursor = one.cursor
    return told


async def follow(folder, grant, where, script):
    """From now on: the events are those that the oracle expects, no more and no less, wherever the feed was cut."""
    async with opened(folder) as room:
        await room.grant(**grant)
        await take(room, script[0])
        kept, oracle, told = Subscriber(None), Oracle(grant, where), []
        kept.copy = await answered(room, where)
        told += await read(room, kept, 1, where=where)
        before = await room.applied()
        for step in script[1:]:
            told += await read(room, kept, step[1], where=where) if step[0] == "cut" else await take(room, step)
        told += await read(room, kept, 1000, where=where)
        log = await room.services.stores.log.read("permit", 1, before, await room.applied(), 1000)
        assert told == [(how, change.handle) for change in log if (how := oracle.told(change))]
        assert kept.copy == await answered(room, where)


async def follow_from_the_beginning(folder, grant, where, script):
    """From the beginning: whatever happens during the walk, the copy is right once it has caught up."""
    async with opened(folder) as room:
        await room.grant(**grant)
        kept, asked = Subscriber(None), {"where": where, "from_": "BEGINNING"}
        for step in script:
            await read(room, kept, step[1], **asked) if step[0] == "cut" else await take(room, step)
        await read(room, kept, 1000, **asked)
        assert kept.copy == await answered(room, where)


@pytest.mark.parametrize("examples", [8, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("walk", [follow, follow_from_the_beginning])
def test_old_state_and_events_make_new_state_and_nothing_hidden_is_told(furnished, walk, examples):
    @settings(max_examples=examples, deadline=None)
    @given(GRANTS, WHERES, st.lists(STEPS, min_size=4, max_size=9))
    def proved(grant, where, script):
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(walk(shutil.copytree(furnished, Path(folder) / "store"), grant, where, script))

    proved()
