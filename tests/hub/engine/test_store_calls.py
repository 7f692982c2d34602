"""Store calls grow with the levels of a question, never with its rows (invariant 12)."""

import pytest

from tests.hub.engine.catalogue import COMPANIES, LICENCES
from tests.hub.engine.world import company, licence

POINT = """query ($n: Int!) { company(uscc: "91350100M000100003") { name
  licences(first: $n) { totalCount nodes { licenceId holder { name licences(first: $n) { nodes { licenceId } } } } } } }"""
LIST = """query ($n: Int!) { companies(first: $n) { totalCount nodes { name
  licences(first: 2) { totalCount nodes { licenceId holder { name } } }
  dated: licences(first: 2, where: {validTo: {isNull: false}}) { edges { node { licenceId } } } } } }"""
BY_KEY = """query ($k: [CompanyKeyInput!]!) { companiesByKey(values: $k) { licences(first: 1) { nodes { holder { name } } } } }"""


async def calls_of(world, text, variables):
    await world.data(text, variables)
    return sorted(world.calls)


async def more_records(world):
    await world.put(COMPANIES, "market:company", [company(n) for n in range(6, 60)])
    await world.put(LICENCES, "licensing:licence", [licence(f"M{n}", company(3)["uscc"]) for n in range(40)])


@pytest.mark.parametrize(
    ("text", "few", "many", "expected"),
    [
        (
            POINT, {"n": 1}, {"n": 40},
            [("counts", "licence"), ("follow", "company"), ("follow", "licence"), ("follow", "licence"), ("lookup", "company")],
        ),
        (
            LIST, {"n": 3}, {"n": 60},
            [("count", "company"), ("counts", "licence"), ("follow", "company"), ("follow", "licence"), ("follow", "licence"), ("page", "company")],
        ),
        (
            BY_KEY, {"k": [{"uscc": company(3)["uscc"]}] }, {"k": [{"uscc": company(n)["uscc"]} for n in range(60)]},
            [("follow", "company"), ("follow", "licence"), ("lookup", "company")],
        ),
    ],
    ids=["point", "list", "by key"],
)  # fmt: skip
async def test_calls_are_those_of_the_levels_however_many_rows_there_are(world, text, few, many, expected):
    assert await calls_of(world, text, few) == expected
    await more_records(world)
    assert await calls_of(world, text, many) == expected


async def test_a_condition_on_a_link_costs_one_call_and_one_more_a_level(world):
    one = "{ companies(where: {licences: {some: {expiring: true}}}) { nodes { name } } }"
    two = "{ companies(where: {licences: {some: {holder: {some: {staff: {gt: 1}}}}}}) { nodes { name } } }"
    assert await calls_of(world, one, {}) == [("keys", "licence"), ("page", "company")]
    assert await calls_of(world, two, {}) == [("keys", "company"), ("keys", "licence"), ("page", "company")]


async def test_nothing_is_asked_for_what_nobody_selected(world):
    assert await calls_of(world, "{ companies { pageInfo { hasNextPage } } }", {}) == [("page", "company")]
    assert await calls_of(world, '{ company(uscc: "nobody") { licences { totalCount } } }', {}) == [
        ("lookup", "company")
    ]


async def test_a_live_system_is_asked_once_a_level_for_all_parents(world):
    await world.data("{ companies { nodes { representative { name represents(first: 1) { nodes { name } } } } } }")
    assert sorted(world.calls) == [("follow", "company"), ("page", "company")]
    assert len(world.police.calls) == 1
    by, values = world.police.calls[0]
    assert (by, {value[:6] for (value,) in values}) == (("sfzh",), {"110105", "440524"})


async def test_ids_of_two_resources_cost_two_lookups(world):
    made = await world.data("{ companies { nodes { id } } licences { nodes { id } } }")
    ids = [node["id"] for kind in ("companies", "licences") for node in made[kind]["nodes"]]
    assert await calls_of(world, "query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ids}) == [
        ("lookup", "company"),
        ("lookup", "licence"),
    ]
