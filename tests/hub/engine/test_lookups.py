"""Lookups by right are limited by rate, before any department or store is asked."""

from hub.engine.lookups import LOOKUPS_AN_HOUR
from tests.hub.engine.world import ANNA, BERT

BY_KEYS = "query ($k: [PersonKeyInput!]!) { personsByKey(values: $k) { name } }"


def numbers(count):
    return {"k": [{"idNumber": f"{number:018d}"} for number in range(count)]}


async def spend(world, count):
    """As if the client had asked that often in this hour."""
    for done in range(0, count, 500):
        answer = await world.ask(BY_KEYS, numbers(min(500, count - done)))
        assert answer.status == 200, answer.errors


async def test_more_lookups_than_an_hour_allows_are_refused_before_the_department_is_asked(world):
    await spend(world, LOOKUPS_AN_HOUR - 1)
    calls = len(world.police.calls)
    refused = await world.ask(BY_KEYS, {"k": [{"idNumber": ANNA}, {"idNumber": BERT}]})
    assert (refused.status, refused.data) == (429, None)
    assert refused.errors[0]["extensions"]["code"] == "QUOTA_EXCEEDED"
    assert len(world.police.calls) == calls
    assert (await world.ask(BY_KEYS, {"k": [{"idNumber": ANNA}]})).status == 200


async def test_a_key_that_the_client_sees_plain_is_not_counted(world):
    await spend(world, LOOKUPS_AN_HOUR)
    assert (await world.data('{ company(uscc: "91350100M000100003") { name } }'))["company"] is not None


async def test_a_subject_asked_by_right_is_counted(world):
    world.grant("licence", items={}, lookup=True)
    await world.data('{ subject(kind: "legal_person", code: "91350100M000100003") { kind } }')
    hour = "lookups 2026-05-01T"
    spent = [await world.access_store.spent("g-licence", f"{hour}{number:02d}") for number in range(24)]
    assert sum(spent) == 1
