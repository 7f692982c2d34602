"""What was granted is judged for every batch: revocation, expiry, quota, evidence, and a catalogue that changes."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import pytest

from auth.grants import Shown
from catalogue.rules import Compare, Op
from hub.errors import HubError
from tests.hub.feeds.room import (
    COMPANIES,
    FEED,
    GRANTED,
    LATER,
    OPEN,
    PATIENCE,
    PERMITS,
    SCOPES,
    START,
    Subscriber,
    in_short,
    item,
    permit,
)


async def ended(one):
    """The error that ends the feed, whatever comes before it."""
    with pytest.raises(HubError) as error:
        while True:
            await one.event()
    return error.value


async def test_a_revoked_grant_ends_a_subscription_although_nothing_changes(room):
    async with room.subscriber() as one:
        await one.caught_up()
        waiting = asyncio.create_task(ended(one))
        await room.revoke()
        error = await waiting
    assert error.code == "NOT_GRANTED"
    assert "phone of permit (审批局)" in error.message
    [refusal] = await room.audited("refusal")
    assert (refusal["client_id"], refusal["detail"]) == ("reader", {"code": "NOT_GRANTED"})


async def test_a_purpose_that_was_the_grants_alone_ends_with_it(room):
    await room.register(purposes=())
    async with room.subscriber() as one:
        await one.caught_up()
        await room.revoke()
        error = await ended(one)
    assert (error.code, "has no purpose check" in error.message) == ("NOT_GRANTED", True)


async def test_an_expired_grant_ends_a_subscription_although_nothing_changes(room):
    await room.grant(until=START + timedelta(seconds=0.5))
    async with room.subscriber() as one:
        await one.caught_up()
        waiting = asyncio.create_task(ended(one))
        asyncio.get_running_loop().call_later(0.2, lambda: room.after(seconds=1))  # by then the feed waits
        assert (await asyncio.wait_for(waiting, PATIENCE)).code == "GRANT_EXPIRED"


async def test_a_subscriber_that_reads_slowly_gets_nothing_more_after_the_revocation(room):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(*(permit(code) for code in "ABCDE"))
        assert await one.changes(1) == [("CREATED", "A")]
        await room.revoke()
        await room.services.publication.confirm()
        with pytest.raises(HubError, match="no grant in force"):
            await one.event()


@pytest.mark.parametrize("scope", ["feed:subscribe", "permit:read"])
async def test_a_scope_that_is_taken_away_ends_a_subscription(room, scope):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.register(scopes=SCOPES - {scope})
        assert (await ended(one)).code == "INSUFFICIENT_SCOPE"


async def test_a_client_that_is_removed_is_not_known_any_more(room):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.register(removed=True)
        assert (await ended(one)).code == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "changed",
    [
        {"items": {"phone": Shown.PLAIN}},
        {"items": {}},
        {"items": {"phone": Shown.MASKED, "office": Shown.PLAIN}},
        {"rows": Compare("state", Op.EQ, "1")},
    ],
)
async def test_a_grant_that_changes_what_is_seen_is_a_gap(room, changed):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.grant(**changed)
        await room.put(permit("A"))
        gap = await one.event()
        assert gap["reason"] == "GRANT_CHANGED"
        assert await one.changes(1) == [("CREATED", "A")]
    async with room.subscriber(after=gap["from"]) as again:
        assert [in_short(event)[0] for event in await again.caught_up()] == ["GRANT_CHANGED", "CREATED"]
    async with room.subscriber(after=gap["to"]) as again:
        assert [in_short(event)[0] for event in await again.caught_up()] == ["CREATED"]


async def test_caughtup_is_not_lost_to_a_grant_that_changes_just_then(room):
    subscription, judged = await room.services.engine.subscribe(room.operation()), []

    async def judge():
        if len(judged) == 1:
            await room.grant(items={})
        judged.append(await subscription.judge())
        return judged[-1]

    async with aclosing(room.services.follow(replace(subscription, judge=judge))) as answers:
        assert [in_short(event)[0] for event in await Subscriber(answers).caught_up()] == ["GRANT_CHANGED"]


async def test_a_grant_that_is_prolonged_is_no_gap(room):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.grant(until=LATER + timedelta(days=365), quota=1000, links=frozenset({"company"}))
        await room.put(permit("A"))
        assert await one.changes(1) == [("CREATED", "A")]


async def test_a_condition_on_what_is_not_granted_any_more_ends_a_subscription(room):
    await room.grant(items={"phone": Shown.PLAIN})
    async with room.subscriber(where={"phone": {"prefix": "138"}}) as one:
        await one.caught_up()
        await room.grant(items={"phone": Shown.MASKED})
        error = await ended(one)
    assert (error.code, "where refers to phone" in error.message) == ("NOT_GRANTED", True)


async def test_what_leaves_is_in_the_audit_before_it_leaves(room):
    await room.put(permit("A"), permit("B", kind="2", holder="11010519491231002X"))
    async with room.subscriber(from_="BEGINNING") as one:
        await one.event()
        [entry] = await room.audited()
        await one.caught_up()
        await room.put(permit("A", remark="批注"))
        await room.delete("A")
        assert await one.changes(1) == [("DELETED", None)]
        [_, deleted] = await room.audited()
    assert entry["records"] == {"permit": sorted(room.handle(code) for code in "AB")}
    assert entry["counts"] == {"permit": 2}
    assert entry["what"] == {"permit": ["code", "holder", "name", "state", "~phone"]}
    assert len(entry["subjects"]) == 2
    assert (entry["client_id"], entry["purpose"], entry["case"]) == ("reader", "check", "案-1")
    assert entry["grants"] == ["permit.check"]
    assert entry["detail"] == {"from": "1:2:", "to": "1:2"}
    assert entry["operation"].startswith("#")
    assert (deleted["records"], deleted["detail"]) == ({"permit": [room.handle("A")]}, {"from": "1:2", "to": "1:4"})


async def test_without_an_audit_entry_nothing_leaves(room):
    await room.put(permit("A"))
    async with room.subscriber(from_="BEGINNING") as one:
        await room.services.stores.audit.close()
        with pytest.raises(HubError) as refused:
            await one.event()
    assert refused.value.code == "AUDIT_UNAVAILABLE"


async def test_a_quota_is_used_up_to_the_last_record_and_the_next_day_goes_on(room):
    codes = [f"P{number:03d}" for number in range(250)]
    await room.put(*map(permit, codes))
    await room.grant(items={"phone": Shown.MASKED}, quota=130)
    keys = []
    async with room.subscriber(from_="BEGINNING") as one:
        with pytest.raises(HubError) as refused:
            while True:
                keys.append((await one.event())["key"])
    assert (refused.value.code, len(keys)) == ("QUOTA_EXCEEDED", 130)
    assert await room.services.stores.access.spent("permit.check", "2026-05-01") == 130
    room.after(days=1)
    async with room.subscriber(from_="BEGINNING", after=one.cursor) as again:
        keys += [event["key"] for event in await again.caught_up()]
    assert sorted(keys) == sorted(map(room.handle, codes))


async def test_deletions_and_caughtup_cost_no_quota(room):
    await room.put(permit("A"))
    await room.grant(items={"phone": Shown.MASKED}, quota=1)
    async with room.subscriber() as one:
        await one.caught_up()
        await room.delete("A")
        assert await one.changes(1) == [("DELETED", None)]
    assert await room.services.stores.access.spent("permit.check", "2026-05-01") == 0


async def test_records_that_links_bring_are_read_at_once_counted_and_audited(room):
    text = """subscription { permitChanges(from: BEGINNING) {
        ... on PermitChange { cursor record { code company { name } } } ... on Caughtup { cursor } } }"""
    holders = ["91350100M000100Y43", "91512081MA62K0260E"]
    await room.put(*({"code": code, "name": code} for code in holders), of=COMPANIES)
    await room.put(*(permit(str(number), holder=holders[number % 2]) for number in range(6)))
    subscription = await room.services.engine.subscribe(room.operation(text))
    answers = room.services.follow(subscription)
    found = [(await anext(answers)).data["permitChanges"]["record"]["company"]["name"] for _ in range(6)]
    assert sorted(found) == sorted(holders * 3)
    [entry] = await room.audited()
    assert entry["counts"] == {"permit": 6, "company": 2}
    await answers.aclose()


async def test_a_new_title_does_not_touch_a_subscription_and_a_new_item_of_others_neither(room):
    async with room.subscriber() as one:
        await one.caught_up()
        await room.publish(replace(PERMITS, title="行政许可", items=(*PERMITS.items, item("clerk", sharing=GRANTED))))
        await room.put(permit("A"))
        assert await one.changes(1) == [("CREATED", "A")]


async def test_an_item_that_is_opened_to_everybody_is_a_gap(room):
    items = tuple(replace(i, sharing=OPEN) if i.name == "office" else i for i in PERMITS.items)
    async with room.subscriber() as one:
        await one.caught_up()
        await room.put(permit("A", office="三楼"))
        assert await one.changes(1) == [("CREATED", "A")]
        await room.publish(replace(PERMITS, items=items))
        assert await one.changes(1) == [("GRANT_CHANGED", None)]
        await room.put(permit("A", office="四楼"))
        event = await one.event()
        assert (event["operation"], event["record"]["office"]) == ("UPDATED", "四楼")


async def test_a_document_that_no_longer_fits_the_catalogue_ends_with_the_reason(room):
    items = tuple(i for i in PERMITS.items if i.name != "office")
    async with room.subscriber() as one:
        await one.caught_up()
        await room.publish(replace(PERMITS, items=items))
        error = await ended(one)
    assert (error.code, "Cannot query field 'office'" in error.message) == ("BAD_INPUT", True)


@pytest.mark.parametrize(
    ("text", "asked", "code"),
    [
        (FEED, {"where": {"phone": {"eq": "1"}}}, "NOT_GRANTED"),
        (FEED, {"purpose": "curiosity"}, "NOT_GRANTED"),
        (FEED.replace("name", "nickname"), {}, "BAD_INPUT"),
        (FEED, {"after": "nonsense"}, "CURSOR_INVALID"),
        ("{ permits { totalCount } }", {}, "BAD_INPUT"),
    ],
)
async def test_what_may_not_be_followed_is_refused_when_it_starts(room, text, asked, code):
    with pytest.raises(HubError) as refused:
        async with room.subscriber(text, **asked) as one:
            await one.event()
    assert refused.value.code == code
    assert len(await room.audited("refusal")) == (1 if code == "NOT_GRANTED" else 0)
