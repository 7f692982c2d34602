"""A subscriber learns of a change only if something that it may see changed, and in its own terms (invariant 14)."""

import pytest

from auth.grants import Shown
from catalogue.rules import Compare, Op
from tests.hub.feeds.room import OFFICE, in_short, permit

PERSON = {"kind": "2", "holder": "11010519491231002X"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"remark": "批注"}),
        ({}, {"office": "三楼"}),
        ({}, {"inspected": "2026-06-01"}),
        ({"phone": "13800138000"}, {"phone": "13811118000"}),
        (PERSON, {**PERSON, "holder": "440524188001010014"}),
        ({"warn": ["office"]}, {}),
        (PERSON, {**PERSON, "warn": ["holder"]}),
    ],
    ids=[
        "denied",
        "not granted",
        "moment's item",
        "within the mask",
        "variant not granted",
        "warning",
        "masked warning",
    ],
)
async def test_nothing_is_told_of_what_may_not_be_seen(room, before, after):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(permit("A", **before))
        await room.put(permit("A", **after))
        await room.put(permit("B"))
        assert await one.changes(2) == [("CREATED", "A"), ("CREATED", "B")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"name": "新名"}),
        ({"name": "旧名"}, {"name": None}),
        ({"phone": "13800138000"}, {"phone": "13900138000"}),
        ({"phone": None}, {}),
        ({}, PERSON),
        ({"holder": OFFICE}, {"holder": "91512081MA62K0260E"}),
        ({"warn": ["name"]}, {}),
    ],
    ids=["plain", "emptied", "beyond the mask", "masked appears", "discriminator", "open variant", "warning"],
)
async def test_a_change_of_what_may_be_seen_is_told(room, before, after):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(permit("A", **before))
        await room.put(permit("A", **after))
        assert await one.changes(2) == [("CREATED", "A"), ("UPDATED", "A")]


async def test_a_correction_of_something_hidden_is_not_told(room):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(permit("A"))
        await room.correct("A", office="四楼")
        await room.correct("A", name="更正")
        assert await one.changes(2) == [("CREATED", "A"), ("CORRECTED", "A")]


async def test_another_department_is_told_and_another_system_of_the_same_is_not(room):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(permit("A"))
        await room.put(permit("A"), by="desk:company")
        await room.put(permit("A"), by="gone:permit")
        assert await one.changes(2) == [("CREATED", "A"), ("UPDATED", "A")]


async def test_a_record_that_enters_the_granted_rows_is_created_and_one_that_leaves_is_deleted(room):
    await room.grant(rows=Compare("office", Op.EQ, "三楼"))
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(permit("A", office="二楼"))
        await room.put(permit("A", office="三楼"))
        assert await one.changes(1) == [("CREATED", "A")]
        await room.put(permit("A", office="四楼", name="新名"))
        assert await one.changes(1) == [("DELETED", None)]
        await room.put(permit("A", office="五楼", name="更新"))
        await room.put(permit("B", office="三楼"))
        assert await one.changes(1) == [("CREATED", "B")]


async def test_a_repaired_record_leaves_the_feed_like_a_deleted_one(room):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(permit("A"))
        assert await one.changes(1) == [("CREATED", "A")]
        await room.correct("A", state="9")
        event = await one.event()
        assert (event["operation"], event["key"], event["record"]) == ("DELETED", room.handle("A"), None)


async def test_a_condition_makes_records_come_and_go(room):
    async with room.subscriber(where={"state": {"in": ["1", "3"]}}) as one:
        await one.caught_up()
        await room.put(permit("A", state="2"))
        await room.put(permit("A", state="3"))
        await room.put(permit("A", state="1"))
        assert await one.changes(2) == [("CREATED", "A"), ("UPDATED", "A")]
        await room.put(permit("A", state="2"))
        assert await one.changes(1) == [("DELETED", None)]


async def test_a_moment_is_told_where_it_may_be_seen(room):
    await room.put(permit("A", valid_to="2026-05-10"), permit("B", inspected="2026-05-11"))
    async with room.subscriber() as one:
        await one.caught_up()
        await room.pass_time(days=20)
        await room.put(permit("C"))
        event = await one.event()
        assert (event["operation"], event["record"]["code"]) == ("MOMENT", "A")
        assert event["at"] == "2026-05-10T00:00:00.000+08:00"
        assert await one.changes(1) == [("CREATED", "C")]


async def test_of_two_moments_at_one_time_the_one_that_may_be_seen_is_told(room):
    await room.put(permit("A", valid_to="2026-05-10", inspected="2026-05-10"))
    async with room.subscriber() as one:
        await one.caught_up()
        await room.pass_time(days=20)
        assert await one.changes(1) == [("MOMENT", "A")]


async def test_a_granted_moment_is_told(room):
    await room.put(permit("A", inspected="2026-05-10"))
    await room.grant(items={"inspected": Shown.PLAIN})
    async with room.subscriber() as one:
        await one.caught_up()
        await room.pass_time(days=20)
        assert await one.changes(1) == [("MOMENT", "A")]


async def test_time_makes_records_come_and_go(room):
    await room.put(permit("A", valid_to="2026-05-10", public_to="2026-05-20"))
    async with room.subscriber() as all_, room.subscriber(where={"expired": True}) as expired:
        await all_.caught_up()
        await expired.caught_up()
        await room.pass_time(days=12)
        assert await all_.changes(1) == [("MOMENT", "A")]
        assert await expired.changes(1) == [("CREATED", "A")]
        await room.pass_time(days=12)
        assert await all_.changes(1) == [("DELETED", None)]
        assert await expired.changes(1) == [("DELETED", None)]


async def test_a_clock_that_is_slow_does_not_show_what_time_has_taken_away(room):
    await room.put(permit("A", public_to="2026-05-10"), permit("B"))
    await room.pass_time(days=20)
    room.after(days=-20)
    async with room.subscriber(from_="BEGINNING") as one:
        assert [in_short(event) for event in await one.caught_up()] == [("CREATED", "B")]
