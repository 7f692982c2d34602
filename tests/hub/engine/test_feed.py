"""Subscriptions as the engine prepares and completes them; following the log is `hub.feeds`' and tested there."""

from dataclasses import replace

import pytest

from auth.grants import Shown
from catalogue.rules import Compare, Op, Reached
from hub.engine.operation import CaughtupEvent, ChangeEvent, GapEvent, GapReason
from hub.errors import HubError
from hub.records.model import Operation, Query
from tests.hub.engine.catalogue import COMPANIES, LICENCES
from tests.hub.engine.world import NOW, READS, company

CHANGES = """subscription ($w: CompanyChangeWhere, $a: String, $f: FeedStart) {
  companyChanges(where: $w, after: $a, from: $f) {
    __typename
    ... on Change { cursor operation key at record { id ... on Company { n: name phone repId } } }
    ... on CompanyChange { r: record { status { code name } licences(first: 1) { totalCount } } }
    ... on Gap { from to reason }
    ... on Caughtup { cursor }
  }
}"""


async def row_of(world, number):
    query = Query(COMPANIES, Compare("staff", Op.EQ, number), NOW, tuple(i.name for i in COMPANIES.items))
    return (await world.records.lookup(query, ("uscc",), [(company(number)["uscc"],)]))[0]


async def subscribed(world, text=CHANGES, variables=None, **more):
    return await world.engine.subscribe(world.operation(text, variables, **more))


async def test_only_a_subscription_is_one(world):
    assert await world.engine.is_subscription(world.operation(CHANGES))
    assert not await world.engine.is_subscription(world.operation("{ __typename }"))
    assert not await world.engine.is_subscription(world.operation("subscription { nothing }"))
    with pytest.raises(HubError, match="the operation is a query, not a subscription"):
        await subscribed(world, "{ __typename }")


async def answers_to(standing, *events, **detail):
    """The answers of one batch."""
    return [answer async for answer in standing.answers(events, detail)]


async def updated(world, number, cursor="c"):
    row = await row_of(world, number)
    return ChangeEvent(cursor, Operation.UPDATED, row["_handle"], "2026-05-01T00:00:00.000Z", row)


async def test_a_subscription_is_bound_to_its_condition_and_start(world):
    made = await subscribed(world, variables={"w": {"staff": {"gt": 2}, "status": {"eq": "1"}}, "a": "place"})
    assert (made.resource, made.after, made.beginning) == ("company", "place", False)
    assert set((await made.judge()).where.parts) == {Compare("staff", Op.GT, 2), Compare("status", Op.EQ, "1")}
    assert made.condition == {"staff": {"gt": 2}, "status": {"eq": "1"}}
    assert (await subscribed(world, variables={"f": "BEGINNING"})).beginning
    expiring = await subscribed(world, "subscription { licenceChanges(where: {expiring: true}) { __typename } }")
    assert (await expiring.judge()).where == Reached("valid_to", -30)


async def test_a_change_is_completed_as_the_subscriber_may_see_it(world):
    standing = await (await subscribed(world)).judge()
    event = await updated(world, 3)
    [answer] = await answers_to(standing, event)
    change = answer.data["companyChanges"]
    assert change.pop("record")["n"] == company(3)["name"]
    assert change == {
        "__typename": "CompanyChange",
        "cursor": "c",
        "operation": "UPDATED",
        "key": event.key,
        "at": "2026-05-01T08:00:00.000+08:00",
        "r": {"status": {"code": "1", "name": "存续"}, "licences": {"totalCount": 3}},
    }
    assert [error["extensions"]["field"] for error in answer.errors] == ["companyChanges.record.repId"]
    assert answer.extensions == {"masked": ["companyChanges.record.phone"]}


async def test_a_deleted_record_a_gap_and_caughtup_are_completed(world):
    standing = await (await subscribed(world)).judge()
    deleted = ChangeEvent("c", Operation.DELETED, "h", "2026-05-01T00:00:00.000Z", None)
    events = deleted, GapEvent("a", "b", GapReason.RETENTION), CaughtupEvent("c")
    gone, gap, done = await answers_to(standing, *events)
    assert (gone.data["companyChanges"]["record"], gone.data["companyChanges"]["r"]) == (None, None)
    assert gap.data["companyChanges"] == {"__typename": "Gap", "from": "a", "to": "b", "reason": "RETENTION"}
    assert done.data["companyChanges"] == {"__typename": "Caughtup", "cursor": "c"}
    assert (gone.errors, gap.errors, done.errors) == ([], [], [])


async def test_each_batch_is_completed_under_its_own_decision(world):
    made = await subscribed(world)
    event = await updated(world, 3)
    before = await made.judge()
    world.grant("company", items={"phone": Shown.PLAIN})
    after = await made.judge()
    for standing, phone in ((before, "138****8000"), (after, "13800138000")):
        [answer] = await answers_to(standing, event)
        assert answer.data["companyChanges"]["record"]["phone"] == phone


async def test_a_subscription_stays_what_it_is_until_something_moves_that_it_rests_on(world):
    made = await subscribed(world)
    standing = await made.judge()
    world.grant("person", items={})
    assert await made.judge() is standing
    world.grant("licence", items={})
    assert await made.judge() is not standing


async def test_a_batch_costs_one_store_call_a_level_however_many_records_it_has(world):
    standing = await (await subscribed(world)).judge()
    events = [await updated(world, number) for number in range(5)]
    world.calls.clear()
    answers = await answers_to(standing, *events)
    assert [a.data["companyChanges"]["r"]["licences"]["totalCount"] for a in answers] == list(range(5))
    assert sorted(world.calls) == [("counts", "licence"), ("follow", "licence")]


async def test_what_is_denied_for_one_record_of_a_batch_is_an_error_of_its_event_alone(world):
    text = "subscription { licenceChanges { ... on LicenceChange { record { holderCode } } } }"
    standing = await (await subscribed(world, text)).judge()
    query = Query(LICENCES, Compare("licence_id", Op.IN, ("L1-0", "P1")), NOW, tuple(i.name for i in LICENCES.items))
    rows = await world.records.lookup(query, ("licence_id",), [("L1-0",), ("P1",)])
    events = [
        ChangeEvent("c", Operation.UPDATED, row["_handle"], "2026-05-01T00:00:00.000Z", row)
        for row in sorted(rows, key=lambda row: row["licence_id"])
    ]
    company_s, persons = await answers_to(standing, *events)
    assert (company_s.data["licenceChanges"]["record"]["holderCode"], company_s.errors) == (company(1)["uscc"], [])
    assert persons.data["licenceChanges"]["record"]["holderCode"] is None
    assert [error["extensions"]["field"] for error in persons.errors] == ["licenceChanges.record.holderCode"]


@pytest.mark.parametrize(
    ("text", "scopes", "code"),
    [
        (CHANGES, READS - {"feed:subscribe"}, "INSUFFICIENT_SCOPE"),
        (CHANGES, READS - {"company:read"}, "INSUFFICIENT_SCOPE"),
        ('subscription { companyChanges(where: {phone: {eq: "1"}}) { __typename } }', READS, "NOT_GRANTED"),
        ("subscription { companyChanges { ... on CompanyChange { record { licences(orderBy: {holderCode: ASC}) { totalCount } } } } }", READS, "NOT_GRANTED"),
        ("subscription { companyChanges(where: {licences: {some: {}}}) { __typename } }", READS, "BAD_INPUT"),
        ("subscription { personChanges { __typename } }", READS, "BAD_INPUT"),
        ("subscription { companyChanges { __typename } licenceChanges { __typename } }", READS, "BAD_INPUT"),
    ],
)  # fmt: skip
async def test_what_may_not_be_subscribed_to_is_refused_when_it_starts(world, text, scopes, code):
    with pytest.raises(HubError) as refused:
        await subscribed(world, text, scopes=scopes)
    assert refused.value.code == code
    assert world.calls == []


async def test_a_client_that_lost_its_scope_loses_its_subscription(world):
    made = await subscribed(world)
    world.held = READS - {"feed:subscribe"}
    world.version += 1
    with pytest.raises(HubError, match="feed:subscribe"):
        await made.judge()


async def test_a_new_catalogue_recompiles_a_subscription_and_ends_one_that_does_not_fit_it(world):
    made = await subscribed(
        world, "subscription { companyChanges { ... on CompanyChange { record { staff phone } } } }"
    )
    event = await updated(world, 3)
    world.publish(replace(COMPANIES, title="另一名称"))
    [answer] = await answers_to(await made.judge(), event)
    assert answer.data["companyChanges"]["record"]["staff"] == 3
    world.publish(replace(COMPANIES, items=tuple(item for item in COMPANIES.items if item.name != "phone")))
    with pytest.raises(HubError, match="Cannot query field 'phone'"):
        await made.judge()


async def test_a_batch_is_audited_and_counted_with_what_its_links_bring(world):
    world.grant("company", items={}, quota=1)
    standing = await (await subscribed(world)).judge()
    event = await updated(world, 3)
    await answers_to(standing, event, to="1:2")
    entry = (await world.entries())[-1]
    assert (entry["kind"], entry["detail"]) == ("feed", {"to": "1:2"})
    assert entry["counts"] == {"company": 1, "licence": 1}
    assert entry["records"]["company"] == [event.key]
    with pytest.raises(HubError, match="quota"):
        await answers_to(standing, event)


async def test_a_refusal_to_subscribe_is_audited(world):
    with pytest.raises(HubError):
        await subscribed(world, scopes=READS - {"feed:subscribe"})
    entry = (await world.entries())[-1]
    assert (entry["kind"], entry["detail"]) == ("refusal", {"code": "INSUFFICIENT_SCOPE"})
