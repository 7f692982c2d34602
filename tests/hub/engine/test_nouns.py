"""The hand-written nouns: catalogue and me."""

from hub.control.ports import BindingState
from hub.control.sqlite import SqliteLedger

ENTRY = """{ catalogue { version resource(name: "licence") {
  name type title code abstract cycle live key provider { code name } sharing { type }
  items { name field title type scale unit masked verify codeList sharing { type reason } }
  links { name field target many derived } moments { name field item days } freshness { asOf due late }
} } }"""


async def test_an_entry_tells_everything_of_its_resource(world):
    entry = (await world.data(ENTRY))["catalogue"]
    assert entry["version"] == 7
    found = entry["resource"]
    assert (found["type"], found["key"], found["live"]) == ("Licence", ["licence_id"], False)
    assert found["provider"]["name"] == "行政审批局"
    items = {item["name"]: item for item in found["items"]}
    assert items["holder_code"]["masked"]
    assert (items["fee"]["field"], items["fee"]["scale"]) == ("fee", 2)
    assert {(link["field"], link["target"]) for link in found["links"]} >= {("holder", "company")}
    assert found["moments"] == [{"name": "expiring", "field": "expiring", "item": "valid_to", "days": -30}]


async def test_resources_are_listed_by_name_searched_and_paged(world):
    asked = (
        "query ($s: String, $n: Int, $a: String) { catalogue { resources(search: $s, first: $n, after: $a) { name } } }"
    )

    async def names(**variables):
        return [r["name"] for r in (await world.data(asked, variables))["catalogue"]["resources"]]

    assert await names() == ["company", "licence", "person", "step"]
    assert await names(n=2) == ["company", "licence"]
    assert await names(n=2, a="licence") == ["person", "step"]
    assert await names(s="licence 的名称") == ["licence"]
    assert await names(s="rep_name") == ["company"]
    refused = await world.ask(asked, {"n": 1001})
    assert refused.errors[0]["extensions"]["code"] == "DOCUMENT_REFUSED"


async def test_a_resource_is_found_by_name_or_code_and_not_by_both(world):
    data = await world.data(
        '{ catalogue { a: resource(code: "307010/step") { name } b: resource(name: "x") { name } } }'
    )
    assert data["catalogue"] == {"a": {"name": "step"}, "b": None}
    answer = await world.ask('{ catalogue { resource(code: "307010/step", name: "step") { name } } me { client } }')
    assert answer.data["me"] == {"client": "reader"}
    assert answer.errors[0]["extensions"]["code"] == "BAD_INPUT"


async def test_freshness_is_read_once_for_all_resources(world):
    ledger = SqliteLedger(world.files[1])
    await ledger.save_binding(BindingState("market:company", last_success="2026-04-30T20:00:00.000Z"))
    await ledger.save_binding(BindingState("licensing:licence", last_success="2026-04-01T00:00:00.000Z"))
    data = await world.data("{ catalogue { resources { name freshness { asOf due late } } } }")
    fresh = {r["name"]: r["freshness"] for r in data["catalogue"]["resources"]}
    assert fresh["company"] == {
        "asOf": "2026-05-01T04:00:00.000+08:00",
        "due": "2026-05-03T00:00:00.000+08:00",
        "late": False,
    }
    assert fresh["licence"]["late"]
    assert fresh["person"] is None
    assert fresh["step"] == {"asOf": None, "due": None, "late": False}


async def test_departments_are_listed(world):
    data = await world.data("{ catalogue { departments { code name } } }")
    assert [d["name"] for d in data["catalogue"]["departments"]] == ["公安局", "市场监管局", "行政审批局"]


async def test_a_client_learns_what_it_holds_and_nothing_of_others(world):
    data = await world.data(
        "{ me { client department scopes grants { id resource purpose until items links lookup } } }"
    )
    me = data["me"]
    assert me["client"] == "reader"
    assert "company:read" in me["scopes"]
    assert [grant["id"] for grant in me["grants"]] == ["g-company", "g-person"]
    assert me["grants"][1] == {
        "id": "g-person",
        "resource": "person",
        "purpose": "check",
        "until": "2030-01-01T08:00:00.000+08:00",
        "items": ["household_no", "~name"],
        "links": ["represents"],
        "lookup": True,
    }
    other = await world.data("{ me { client grants { id } quotas { grant } } }", client="stranger", purpose=None)
    assert other["me"] == {"client": "stranger", "grants": [], "quotas": []}


async def test_nouns_and_records_answer_side_by_side(world):
    data = await world.data('{ me { client } company(uscc: "91350100M000100001") { staff } c: catalogue { version } }')
    assert data == {"me": {"client": "reader"}, "company": {"staff": 1}, "c": {"version": 7}}
