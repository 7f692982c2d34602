"""Every reference to an item is decided (invariant 7)."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.model import Sharing, SharingType
from hub.engine.cursors import PageCursors
from hub.records.model import Order
from tests.hub.engine import world as worlds
from tests.hub.engine.catalogue import COMPANIES, LICENCES

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "references.toml").read_text(encoding="utf-8"))["refused"]


def without_lookup(world):
    world.grants["g-person"] = replace(world.grants["g-person"], lookup=False)
    world.version += 1


def without_holder(world):
    """The same catalogue with the link licence.holder under conditions that no grant covers."""
    conditional = Sharing(SharingType.CONDITIONAL)
    links = tuple(replace(k, sharing=conditional) if k.name == "licences" else k for k in COMPANIES.links)
    world.publish(replace(COMPANIES, links=links))


@pytest.mark.parametrize("case", CASES, ids=[case["use"] for case in CASES])
async def test_a_refused_reference_refuses_the_operation_before_any_store_is_asked(world, case):
    if case.get("without") == "person.lookup":
        without_lookup(world)
    if case.get("without") == "holder":
        without_holder(world)
    answer = await world.ask(case["query"], case.get("variables"))
    assert (answer.status, answer.data) == (403, None)
    assert [e["extensions"]["code"] for e in answer.errors] == ["NOT_GRANTED"]
    assert answer.errors[0]["extensions"]["field"] == case["field"]
    assert world.calls == []
    assert world.police.calls == []


def hiding(*names):
    items = tuple(
        replace(i, sharing=Sharing(SharingType.CONDITIONAL)) if i.name in names else i for i in COMPANIES.items
    )
    return replace(COMPANIES, items=items, unique=())


async def test_a_search_looks_in_plain_items_and_is_refused_where_there_is_none(world):
    asked = '{ companies(search: "第3贸易") { totalCount } }'
    assert (await world.data(asked))["companies"]["totalCount"] == 1
    world.publish(hiding("name", "rep_name"))
    assert (await world.data(asked))["companies"]["totalCount"] == 0  # the names hold it, but may not be searched
    world.publish(hiding("name", "rep_name", "uscc"))
    answer = await world.ask(asked)
    assert (answer.status, answer.errors[0]["extensions"]["code"]) == (403, "NOT_GRANTED")
    assert world.calls == []


async def test_a_cursor_of_an_order_that_is_not_granted_any_more_is_refused(world):
    forged = PageCursors(b"c" * 32).write("company", [Order("phone")], {"phone": "138", "_handle": "h"})
    answer = await world.ask(f'{{ companies(orderBy: {{phone: ASC}}, after: "{forged}") {{ totalCount }} }}')
    assert (answer.status, answer.errors[0]["extensions"]["code"]) == (403, "NOT_GRANTED")
    assert world.calls == []


async def test_an_open_key_needs_no_right_and_a_hidden_one_needs_it(world):
    assert (await world.data('{ company(uscc: "91350100M000100001") { staff } }'))["company"] == {"staff": 1}
    found = await world.data(f'{{ person(idNumber: "{worlds.ANNA}") {{ name }} }}')
    assert found["person"] == {"name": "张**"}


async def test_a_missing_scope_refuses_the_whole_operation_wherever_it_is_missing(world):
    scopes = worlds.READS - {"licence:read"}
    for asked in (
        "{ companies { nodes { licences { totalCount } } } }",
        "{ companies(where: {licences: {some: {}}}) { totalCount } }",
        "{ companies { totalCount } licences { totalCount } }",
    ):
        answer = await world.ask(asked, scopes=scopes)
        assert (answer.status, answer.errors[0]["extensions"]["code"]) == (403, "INSUFFICIENT_SCOPE")
        assert world.calls == []
    answer = await world.ask("{ catalogue { version } }", scopes=worlds.READS - {"catalogue:read"})
    assert (answer.status, answer.errors[0]["extensions"]["code"]) == (403, "INSUFFICIENT_SCOPE")


async def test_an_id_of_a_resource_without_scope_is_refused(world):
    made = await world.data('{ licence(licenceId: "L1-0") { id } }')
    answer = await world.ask(
        "query ($id: ID!) { node(id: $id) { id } }",
        {"id": made["licence"]["id"]},
        scopes=worlds.READS - {"licence:read"},
    )
    assert (answer.status, answer.errors[0]["extensions"]["code"]) == (403, "INSUFFICIENT_SCOPE")
    assert world.calls == []


async def test_introspection_and_typename_are_open_to_any_client(world):
    data = await world.data(
        '{ __typename __type(name: "Licence") { name } }', client="stranger", scopes=[], purpose=None
    )
    assert data == {"__typename": "Query", "__type": {"name": "Licence"}}
    assert await world.entries() == []


def test_the_table_covers_every_kind_of_argument():
    uses = " ".join(case["use"] for case in CASES)
    assert all(word in uses for word in ("where", "orderBy", "link", "key", "variable", "masked", "denied"))
    assert LICENCES.item("holder_code").varies_by == "holder_kind"
