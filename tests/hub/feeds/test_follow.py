"""A subscriber is told each change once, in order, without a hole, and goes on after a cut where it stood."""

import sqlite3

import pytest

from hub.errors import HubError
from hub.pull.model import Step
from tests.hub.feeds.room import in_short, permit


async def test_a_feed_starts_now_and_says_so_first(room):
    await room.put(permit("A"))
    async with room.subscriber() as one:
        assert (await one.event())["__typename"] == "Caughtup"
        await room.put(permit("B"))
        event = await one.event()
    assert (event["operation"], event["key"]) == ("CREATED", room.handle("B"))
    assert event["at"] == "2026-05-01T12:00:00.000+08:00"
    assert event["record"] == {
        "code": "B", "name": "许可证B", "holder": "91350100M000100Y43", "phone": "138****8000", "office": None, "state": "1",
    }  # fmt: skip


async def test_every_change_comes_once_and_in_order(room):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(permit("A"), permit("B"))
        await room.put(permit("A", name="新名"))
        await room.correct("B", name="更正")
        assert await one.changes(4) == [("CREATED", "A"), ("CREATED", "B"), ("UPDATED", "A"), ("CORRECTED", "B")]
        await room.delete("A")
        assert await one.changes(1) == [("DELETED", None)]
        assert one.copy.keys() == {room.handle("B")}


async def test_a_change_of_a_record_that_is_gone_by_now_comes_without_it(room):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(permit("A"))
        await room.delete("A")
        assert await one.changes(2) == [("CREATED", None), ("DELETED", None)]


@pytest.mark.parametrize("cut_after", range(6))
async def test_whoever_is_cut_off_anywhere_resumes_with_the_next_event(room, cut_after):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(*(permit(code) for code in "ABCDE"))
        before = [await one.event() for _ in range(cut_after)]
    await room.put(permit("A", name="断线期间"))
    async with room.subscriber(after=one.cursor) as again:
        after = await again.caught_up()
    told = [in_short(event) for event in (*before, *after)]
    assert told == [*(("CREATED", code) for code in "ABCDE"), ("UPDATED", "A")]


async def test_a_resumed_feed_says_once_that_it_has_caught_up_and_then_waits(room):
    async with room.subscriber() as one:
        await one.caught_up()
    async with room.subscriber(after=one.cursor) as again:
        assert await again.caught_up() == []
        await room.put(permit("A"))
        assert await again.changes(1) == [("CREATED", "A")]


async def test_from_the_beginning_every_present_record_comes_then_caughtup_then_the_changes(room):
    await room.put(*(permit(f"P{number}") for number in range(450)))
    await room.delete("P0")
    async with room.subscriber(from_="BEGINNING") as one:
        events = await one.caught_up()
        await room.put(permit("Z"))
        assert await one.changes(1) == [("CREATED", "Z")]
    assert {event["operation"] for event in events} == {"CREATED"}
    assert sorted(event["record"]["code"] for event in events) == sorted(f"P{number}" for number in range(1, 450))


async def test_a_walk_from_the_beginning_is_resumed_at_any_record(room):
    await room.put(*(permit(f"P{number}") for number in range(5)))
    keys, cursor = [], None
    async with room.subscriber(from_="BEGINNING") as one:
        keys.append((await one.event())["key"])
        cursor = one.cursor
    for _ in range(4):
        async with room.subscriber(from_="BEGINNING", after=cursor) as one:
            keys.append((await one.event())["key"])
            cursor = one.cursor
    async with room.subscriber(after=cursor) as one:
        assert await one.caught_up() == []
    assert sorted(keys) == sorted(room.handle(f"P{number}") for number in range(5))


async def test_a_record_is_not_lost_to_a_walk_because_something_hidden_of_it_changes_meanwhile(room):
    codes = [f"P{number}" for number in range(450)]
    await room.put(*map(permit, codes))
    last = max(codes, key=room.handle)
    async with room.subscriber(from_="BEGINNING") as one:
        events = [await one.event()]
        await room.put(permit(last, remark="内部批注"))
        events += await one.caught_up()
    assert sorted(event["record"]["code"] for event in events) == sorted(codes)


async def test_what_changes_during_a_walk_is_right_once_it_has_caught_up(room):
    codes = [f"P{number:03d}" for number in range(300)]
    await room.put(*map(permit, codes))
    first, *_, last = sorted(codes, key=room.handle)
    async with room.subscriber(from_="BEGINNING") as one:
        await one.event()
        await room.delete(first, last)
        await room.put(permit("NEW"), permit(codes[7], name="新名"))
        await one.caught_up()
    assert {record["code"] for record in one.copy.values()} == {*codes, "NEW"} - {first, last}
    assert one.copy[room.handle(codes[7])]["name"] == "新名"


async def test_what_is_committed_but_not_yet_readable_is_not_told(room):
    class Died(Exception):
        pass

    def die(step):
        if step == Step.APPLY:
            raise Died

    async with room.subscriber() as one:
        await one.caught_up()
        room.reached = die
        with pytest.raises(Died):
            await room.put(permit("A"))
        room.reached = None
        await room.services.publication.confirm()
        assert await room.applied() == 0
        await room.put(permit("B"))
        assert await one.changes(2) == [("CREATED", "A"), ("CREATED", "B")]


async def test_forgotten_history_is_a_gap_from_which_the_feed_goes_on(room):
    async with room.subscriber() as one:
        await one.caught_up()
    await room.put(*(permit(code) for code in "ABCD"))
    await room.services.stores.log.drop("permit", 1, 3)
    async with room.subscriber(after=one.cursor) as again:
        gap = await again.event()
        assert (gap["reason"], gap["from"]) == ("RETENTION", one.cursor)
        assert [in_short(event) for event in await again.caught_up()] == [("CREATED", "D")]
    async with room.subscriber(after=gap["to"]) as from_gap:
        assert [in_short(event) for event in await from_gap.caught_up()] == [("CREATED", "D")]


async def test_a_log_that_was_forgotten_whole_is_a_gap_up_to_now(room):
    async with room.subscriber() as one:
        await one.caught_up()
    await room.put(permit("A"))
    await room.services.stores.log.drop("permit", 1, 1)
    async with room.subscriber(after=one.cursor) as again:
        assert [in_short(event)[0] for event in await again.caught_up()] == ["RETENTION"]
        await room.put(permit("B"))
        assert await again.changes(1) == [("CREATED", "B")]


@pytest.mark.parametrize("undone", ["epoch = 2", "watermark = 0, applied = 0"])
async def test_a_cursor_of_another_epoch_or_of_a_future_that_was_undone_is_a_gap(room, undone):
    await room.put(permit("A"))
    async with room.subscriber() as one:
        await one.caught_up()
    with sqlite3.connect(room.folder / "control.db") as control:
        control.execute(f"UPDATE control_states SET {undone} WHERE resource = 'permit'")
    async with room.subscriber(after=one.cursor) as again:
        assert [in_short(event)[0] for event in await again.caught_up()] == ["EPOCH"]


async def test_a_feed_stops_before_a_hole_in_the_log_and_never_steps_over_it(room):
    async with room.subscriber() as one:
        await one.caught_up()
        with sqlite3.connect(room.folder / "records.db") as records:
            await room.put(permit("A"), permit("B"), permit("C"))
            records.execute("DELETE FROM change_log WHERE seq = 2")
        with pytest.raises(HubError, match="change 2 of permit is not in the log") as ended:
            while True:
                assert in_short(await one.event()) == ("CREATED", "A")
    assert ended.value.code == "STORE_UNAVAILABLE"


@pytest.mark.parametrize("where", [None, {"state": {"eq": "2"}}])
async def test_a_cursor_holds_for_the_condition_it_was_given_for(room, where):
    async with room.subscriber(where={"state": {"eq": "1"}}) as one:
        await one.caught_up()
    with pytest.raises(HubError, match="was given for another `where`") as refused:
        async with room.subscriber(where=where, after=one.cursor) as again:
            await again.event()
    assert refused.value.code == "CURSOR_INVALID"


async def test_a_cursor_tells_nothing_of_what_lies_before_it(room):
    """Whoever could read the sequence would learn how many changes were hidden from it."""
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(permit("A"))
        early = (await one.event())["cursor"]
        for number in range(12):
            await room.put(permit("A", remark=str(number)))
        await room.put(permit("B"))
        late = (await one.event())["cursor"]
    assert early != late
    assert "permit" not in early
    assert await room.applied() == 14


async def test_two_subscribers_go_each_at_their_own_pace(room):
    async with room.subscriber() as quick, room.subscriber() as slow:
        await quick.caught_up()
        await slow.caught_up()
        await room.put(permit("A"), permit("B"))
        assert await quick.changes(2) == [("CREATED", "A"), ("CREATED", "B")]
        await room.put(permit("C"))
        assert await quick.changes(1) == [("CREATED", "C")]
        assert await slow.changes(3) == [("CREATED", code) for code in "ABC"]


async def test_a_subscription_without_a_purpose_follows_what_is_open_to_everybody(room):
    async with room.subscriber(purpose=None, where={"state": {"ne": "2"}}) as one:
        await one.caught_up()
        await room.put(permit("A"), permit("B", state="2"))
        event = await one.event()
    assert (event["record"]["code"], event["record"]["phone"]) == ("A", None)
