"""The credit office as another department meets it: pages, changes, patience, orders by hand, and the hub."""

import json
import sqlite3
from contextlib import closing
from datetime import date
from decimal import Decimal

import pytest

from hub.demo.departments.credit_office import DIRTS, PATIENCE_EVERY, amount, entries, written
from hub.demo.world import DIRT, World
from hub.records.model import Operation
from tests.running_demo import until

MODULE = "credit_office"
WORLD = World(20261122, date(2026, 11, 22), 0.02)
SHOWN = WORLD.cast.credit_records[0]
EARLY = "?since=2030-01-01 00:00:00.000"


def get(department, path, **headers):
    return department.http.get(department.url + path, headers={"X-API-Key": department.secret("api_key"), **headers})


def listing(department, query=""):
    """A page; one that is put off is asked for again, as it says."""
    answer = get(department, f"/v2/records{query}")
    while answer.status_code == 429:
        assert answer.headers["Retry-After"] == "1"
        answer = get(department, f"/v2/records{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def everything(department, query="limit=150"):
    page = listing(department, f"?{query}")
    found = page["list"]
    while page["next"]:
        page = listing(department, f"?{query}&cursor={page['next']}")
        found += page["list"]
    return found


def order(department, what, given):
    headers = {"X-API-Key": department.secret("api_key")}
    return department.http.post(f"{department.url}/__control/{what}", json=given, headers=headers)


def kept(department):
    """What stands in the department's own file."""
    with closing(sqlite3.connect(department.folder / "credit.db")) as table:
        return [json.loads(body) for (body,) in table.execute("SELECT body FROM document ORDER BY number")]


def test_pages_by_cursor_hold_every_record_once_in_its_order(standing):
    found = everything(standing)
    assert [{k: v for k, v in one.items() if k != "updatedAt"} for one in found] == kept(standing)
    assert [one["updatedAt"] for one in found] == sorted(one["updatedAt"] for one in found)
    assert found[0]["recordId"] == SHOWN.record_id


def test_only_who_has_the_key_is_told_anything(standing):
    for headers in ({}, {"X-API-Key": "guessed"}, {"X-API-Key": "钥匙".encode()}):
        answer = standing.http.get(f"{standing.url}/v2/records", headers=headers)
        assert (answer.status_code, "data" in answer.json()) == (401, False)
        assert standing.http.post(f"{standing.url}/__control/add", json={}, headers=headers).status_code == 401
    assert get(standing, "/v3/records").status_code == 404


def test_every_so_many_listings_one_is_told_to_come_back(start):
    department = start(MODULE)
    answers = [get(department, "/v2/records?limit=1") for _ in range(2 * PATIENCE_EVERY)]
    assert [place for place, each in enumerate(answers, 1) if each.status_code == 429] == [40, 80]
    assert answers[39].headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "query",
    [
        "limit=1001",
        "limit=-1",
        "limit=x",
        "cursor=x",
        "cursor=W10=",
        "cursor=WyIiLDFlMzBd",
        "cursor=MQ==",
        "since=yesterday",
    ],
)
def test_what_it_does_not_understand_it_refuses(standing, query):
    answer = get(standing, f"/v2/records?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_orders_by_hand_are_changes_that_a_reader_finds(start):
    department = start(MODULE)
    last = everything(department)[-1]
    later = f"limit=1000&since={last['updatedAt']}"
    assert [one["recordId"] for one in everything(department, later)] == [last["recordId"]]
    subject = {"kind": "法人", "code": "91350100M000100001", "name": "演示公司"}
    added = order(department, "add", {"subject": subject})
    assert added.status_code == 201
    name = added.json()["data"]["recordId"]
    assert order(department, "object", {"recordId": name}).json()["data"]["state"] == "异议中"
    repaired = order(department, "repair", {"recordId": SHOWN.record_id}).json()["data"]
    assert (repaired["state"], repaired["recordId"]) == ("已修复", SHOWN.record_id)
    told = everything(department, later)[1:]
    assert [(one["recordId"], one["state"]) for one in told] == [(name, "异议中"), (SHOWN.record_id, "已修复")]
    assert (told[0]["subject"], told[0]["severity"], told[0]["kind"]) == (subject, "严重", "严重失信名单")
    assert told[1]["dates"]["repaired"]


def test_an_order_that_cannot_be_done_changes_nothing(start):
    department = start(MODULE)
    assert order(department, "repair", {"recordId": "none"}).status_code == 404
    assert order(department, "add", ["no object"]).status_code == 400
    broken = department.http.post(
        f"{department.url}/__control/add", content="{", headers={"X-API-Key": department.secret("api_key")}
    )
    assert broken.status_code == 400
    assert listing(department, EARLY) == {"list": [], "next": None}


def test_it_keeps_changing_but_for_the_cast_and_comes_back_where_it_was(start):
    first = start(MODULE, every="0.01")
    told = until(lambda: (found := listing(first, "?since=2026-11-22 00:00:00&limit=1000")["list"])[12:] and found)
    assert {"有效"} < {one["state"] for one in told}
    shown = {record.record_id for record in WORLD.cast.credit_records}
    assert not {one["recordId"] for one in told} & shown
    key = first.secret("api_key")
    first.stop()
    second = start(MODULE)
    assert (second.url, second.secret("api_key")) == (first.url, key)
    again = {one["recordId"]: one for one in everything(second, "since=2026-11-22 00:00:00&limit=1000")}
    assert {one["recordId"] for one in told} <= again.keys()


def test_its_description_names_what_a_record_holds(standing):
    described = standing.http.get(f"{standing.url}/openapi.json").json()
    schema = described["components"]["schemas"]["Record"]["properties"]
    assert set(schema) == set(everything(standing)[0])
    assert "429" in described["paths"]["/v2/records"]["get"]["responses"]


def test_about_one_record_in_a_hundred_is_dirty_and_the_cast_is_not():
    large = World(20261122, date(2026, 11, 22), 0.2)
    clean = {record.record_id: written(record) for record in large.credit_records}
    made = list(entries(large))
    dirty = [place for place, entry in enumerate(made) if clean.get(entry.name) != entry.document]
    assert 0.3 * DIRT < len(dirty) / len(clean) < 3 * DIRT
    assert min(dirty) >= len(large.cast.credit_records)


@pytest.mark.parametrize("soil", DIRTS)
def test_every_kind_of_dirt_spoils_a_record(soil):
    document = written(SHOWN)
    soil(document, WORLD.frame.draw("test", 1))
    assert document != written(SHOWN)


@pytest.mark.parametrize(
    ("given", "said"), [("2.50", "2.5万元"), ("1000", "1000万元"), ("0.5", "5000元"), (None, None)]
)
def test_amounts_are_said_with_their_unit(given, said):
    assert amount(given and Decimal(given)) == said


async def test_the_hub_keeps_every_record_but_those_without_a_key_of_their_own(start, hub):
    department = start(MODULE, scale="0.1")
    there = [one["recordId"] for one in kept(department)]
    async with hub(department) as it:
        tally = (await it.pull())["credit_record"]
        quarantined = await it.quarantined()
        assert tally.outcome == "done", tally.lines()
        named = {name for name in there if name}
        assert (tally.operations[Operation.CREATED], tally.read) == (len(named), len(there))
        assert len(quarantined) == len(there) - len(named) > 0
        order(department, "object", {"recordId": SHOWN.record_id})
        again = (await it.pull())["credit_record"]
        assert again.operations == {Operation.UPDATED: 1}
        assert again.read < 20
