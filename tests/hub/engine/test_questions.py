"""Questions end to end: document in, answer out, over real SQLite stores."""

import pytest

from auth.grants import Shown
from catalogue.rules import Compare, Op
from hub.errors import StoreUnavailable
from tests.hub.engine.catalogue import COMPANIES, LICENCES
from tests.hub.engine.world import ANNA, HANDLES, company


def code(number):
    return company(number)["uscc"]


async def test_a_question_crosses_departments_and_says_where_each_record_comes_from(world):
    data = await world.data(
        """query ($code: String!) {
          company(uscc: $code) {
            uscc name capital division { code name } status { code name } established staff
            provenance { resource department departmentCode asOf pulledAt warnings { item code message } }
            licences(first: 2, orderBy: {licenceId: ASC}) {
              totalCount
              nodes { licenceId typeCode { code name } fee current score pages validTo issuedAt holder { name } }
            }
          }
        }""",
        {"code": " 91350100m000100003 "},
    )
    found = data["company"]
    assert (found["uscc"], found["name"], found["staff"]) == (code(3), company(3)["name"], 3)
    assert found["capital"] == "4.500000"
    assert found["division"] == {"code": "350104", "name": "仓山区"}
    assert found["status"] == {"code": "1", "name": "存续"}
    assert found["provenance"] == {
        "resource": "company",
        "department": "市场监管局",
        "departmentCode": "91350100M000100Y43",
        "asOf": "2026-04-30T08:00:00.000+08:00",
        "pulledAt": "2026-04-30T09:00:00.000+08:00",
        "warnings": [{"item": "uscc", "code": "check", "message": "check digit"}],
    }
    assert found["licences"]["totalCount"] == 3
    assert found["licences"]["nodes"][0] == {
        "licenceId": "L3-0",
        "typeCode": {"code": "A", "name": "许可证"},
        "fee": "12.50",
        "current": True,
        "score": 0.5,
        "pages": 12,
        "validTo": None,
        "issuedAt": "2020-01-01T08:00:00.000+08:00",
        "holder": {"name": company(3)["name"]},
    }


async def test_records_by_key_come_in_the_order_of_the_keys_with_misses_as_null(world):
    keys = [{"uscc": code(2)}, {"uscc": "NOBODY"}, {"uscc": code(0)}, {"uscc": code(2).lower()}]
    data = await world.data("query ($k: [CompanyKeyInput!]!) { companiesByKey(values: $k) { staff } }", {"k": keys})
    assert data["companiesByKey"] == [{"staff": 2}, None, {"staff": 0}, {"staff": 2}]


async def test_a_record_is_found_by_each_of_its_unique_keys_and_by_a_composite_one(world):
    data = await world.data(
        """query ($name: String!) {
          byCode: company(uscc: "91350100M000100001") { staff }
          byName: company(name: $name, division: "350102") { staff }
          step(processNo: "350100-1", seq: 2) { seq }
          missing: step(processNo: "350100-1", seq: 9) { seq }
        }""",
        {"name": company(1)["name"]},
    )
    assert data == {"byCode": {"staff": 1}, "byName": {"staff": 1}, "step": {"seq": 2}, "missing": None}


async def test_a_lookup_takes_exactly_one_complete_key(world):
    for arguments in ('name: "x"', 'uscc: "x", name: "y"', 'uscc: "x", name: "y", division: "350102"', "uscc: null"):
        answer = await world.ask(f"{{ company({arguments}) {{ staff }} }}")
        assert (answer.status, answer.errors[0]["extensions"]["code"]) == (400, "BAD_INPUT")
        assert "(uscc) or (name, division)" in answer.errors[0]["message"]
        assert world.calls == []


async def test_an_id_leads_back_to_its_record_and_anything_else_to_nothing(world):
    made = await world.data('{ company(uscc: "91350100M000100001") { id licences(first: 1) { nodes { id } } } }')
    company_id, licence_id = made["company"]["id"], made["company"]["licences"]["nodes"][0]["id"]
    ids = [licence_id, "nonsense", company_id, company_id.replace(".", ".x"), "." + company_id, company_id]
    data = await world.data(
        """query ($ids: [ID!]!, $id: ID!) {
          nodes(ids: $ids) { id __typename ... on Company { staff } ... on Licence { licenceId holder { staff } } }
          node(id: $id) { id ... on Record { provenance { resource } } }
        }""",
        {"ids": ids, "id": licence_id},
    )
    licence = {"id": licence_id, "__typename": "Licence", "licenceId": "L1-0", "holder": {"staff": 1}}
    found = {"id": company_id, "__typename": "Company", "staff": 1}
    assert data["nodes"] == [licence, None, found, None, None, found]
    assert data["node"] == {"id": licence_id, "provenance": {"resource": "licence"}}


async def test_a_node_whose_type_the_document_does_not_name_still_shows_its_id_and_provenance(world):
    made = await world.data('{ step(processNo: "350100-1", seq: 1) { id } }')
    data = await world.data(
        "query ($id: ID!) { node(id: $id) { __typename id ... on Record { provenance { department } } } }",
        {"id": made["step"]["id"]},
    )
    assert data["node"]["__typename"] == "Step"
    assert data["node"]["provenance"]["department"] == "行政审批局"


async def test_a_revoked_record_is_not_there_by_any_way(world):
    hidden = HANDLES.of(LICENCES, ["R1"], "x")
    data = await world.data(
        """query ($id: ID!) {
          node(id: $id) { id }
          licence(licenceId: "R1") { licenceId }
          licences(where: {licenceId: {in: ["R1", "L1-0"]}}) { totalCount nodes { licenceId } }
          company(uscc: "91350100M000100001") { licences { totalCount nodes { licenceId } } }
        }""",
        {"id": "x." + hidden},
    )
    one = {"totalCount": 1, "nodes": [{"licenceId": "L1-0"}]}
    assert data == {"node": None, "licence": None, "licences": one, "company": {"licences": one}}


async def test_a_statutory_grant_sees_what_visibility_rules_hide(world):
    world.grant("licence", items={}, statutory=True)
    scopes = world.principal().scopes | {"statutory:read"}
    hidden = await world.data('{ licence(licenceId: "R1") { state } }', scopes=scopes)
    assert hidden["licence"] is None  # the client itself was not given the scope


async def test_what_the_hub_holds_of_a_subject_is_counted_where_the_client_may_ask(world):
    asked = '{ subject(kind: "legal_person", code: "91350100m000100003") { kind resources { resource count } } }'
    data = await world.data(asked)
    assert data["subject"]["resources"] == [{"resource": "company", "count": 1}, {"resource": "licence", "count": 3}]
    assert world.calls == [("about", "*")]


async def test_a_person_is_asked_by_number_only_under_the_right_to_look_up(world):
    asked = f'{{ subject(kind: "person", code: "{ANNA}", idType: "111") {{ resources {{ resource count }} }} }}'
    refused = await world.ask(asked)
    assert (refused.status, refused.errors[0]["extensions"]["code"]) == (403, "NOT_GRANTED")
    assert world.calls == []
    world.grant("licence", items={}, lookup=True)
    data = await world.data(asked)
    assert data["subject"]["resources"] == [{"resource": "licence", "count": 1}]


async def test_an_unknown_kind_of_subject_and_a_missing_identity_type_are_named(world):
    answer = await world.ask('{ subject(kind: "ghost", code: "x") { kind } }')
    assert "no subjects of the kind 'ghost'" in answer.errors[0]["message"]
    answer = await world.ask('{ subject(kind: "person", code: "x") { kind } }')
    assert "takes idType: one of 111, 414" in answer.errors[0]["message"]


@pytest.mark.parametrize("code", [ANNA, f" {ANNA.lower()}", "110105491231002"])
async def test_a_citizen_number_says_itself_what_it_is(world, code):
    world.grant("licence", items={}, lookup=True)
    data = await world.data(f'{{ subject(kind: "person", code: "{code}") {{ resources {{ resource count }} }} }}')
    assert data["subject"]["resources"] == [{"resource": "licence", "count": 1}]


async def test_a_declared_key_of_several_records_finds_the_one_with_the_first_handle(world):
    twins = [company(n, name="同名公司", division="350104000000") for n in range(10, 16)]
    await world.put(COMPANIES, "market:company", twins)
    world.grant("company", items={}, quota=2)
    asked = '{ company(name: "同名公司", division: "350104") { id uscc } }'
    first = min(twins, key=lambda row: HANDLES.of(COMPANIES, [row["uscc"]], ""))
    for _ in range(2):
        assert (await world.data(asked))["company"]["uscc"] == first["uscc"]
        entry = (await world.entries())[-1]
        assert entry["records"] == {"company": [HANDLES.of(COMPANIES, [first["uscc"]], "")]}
        assert entry["counts"] == {"company": 1}
    assert (await world.ask(asked)).status == 429


async def test_text_is_searched_in_plain_items_only(world):
    data = await world.data('{ companies(search: "第3贸易") { totalCount nodes { staff } } }')
    assert data["companies"] == {"totalCount": 1, "nodes": [{"staff": 3}]}


async def test_aliases_and_fragments_are_planned_as_they_are_completed(world):
    data = await world.data(
        """query ($no: Boolean!) {
          a: company(uscc: "91350100M000100003") { ...f l: licences(first: 1) { x: totalCount } l: licences(first: 1) { n: nodes { i: licenceId } } }
          b: company(uscc: "91350100M000100003") { l: licences(first: 2, orderBy: [{licenceId: DESC}]) { e: edges { m: node { i: licenceId } o: node { t: typeCode { c: code } } } } name @include(if: $no) }
        }
        fragment f on Company { s: staff l: licences(first: 1) { x: totalCount y: totalCount } __typename }""",
        {"no": False},
    )
    assert data["a"]["s"] == 3
    assert data["a"]["__typename"] == "Company"
    assert data["a"]["l"]["x"] == data["a"]["l"]["y"] == 3
    assert len(data["a"]["l"]["n"]) == 1
    assert data["b"]["l"]["e"] == [
        {"m": {"i": "L3-2"}, "o": {"t": {"c": "A"}}},
        {"m": {"i": "L3-1"}, "o": {"t": {"c": "A"}}},
    ]
    assert "name" not in data["b"]


async def test_a_switch_makes_another_plan_of_the_same_document(world):
    asked = 'query ($w: Boolean!) { company(uscc: "91350100M000100003") { staff @include(if: $w) name @skip(if: $w) } }'
    assert (await world.data(asked, {"w": True}))["company"] == {"staff": 3}
    assert (await world.data(asked, {"w": False}))["company"] == {"name": company(3)["name"]}
    assert (await world.data(asked, {"w": True}))["company"] == {"staff": 3}


async def test_a_cached_plan_never_outlives_the_grant_it_was_made_under(world):
    asked = '{ company(uscc: "91350100M000100003") { phone } }'
    first = await world.ask(asked)
    assert first.data["company"]["phone"] == "138****8000"
    world.revoke("company")
    second = await world.ask(asked)
    assert second.data["company"]["phone"] is None
    world.grant("company", items={"phone": Shown.PLAIN})
    third = await world.ask(asked)
    assert third.data["company"]["phone"] == "13800138000"
    assert (first.extensions, second.extensions, third.extensions) == ({"masked": ["company.phone"]}, {}, {})


async def test_a_row_rule_of_the_grant_is_applied_in_the_store(world):
    world.grant("company", items={}, rows=Compare("division", Op.EQ, "350102000000"))
    data = await world.data(
        '{ companies { totalCount nodes { staff } } company(uscc: "91350100M000100005") { staff } }'
    )
    assert data["companies"]["totalCount"] == 3
    assert {node["staff"] for node in data["companies"]["nodes"]} == {0, 1, 2}
    assert data["company"] is None


async def test_a_failing_store_costs_its_field_and_everything_else_arrives(world):
    world.reader.failing["licence"] = StoreUnavailable("records.db is locked")
    answer = await world.ask(
        '{ company(uscc: "91350100M000100003") { staff licences { totalCount } } licences { totalCount } }'
    )
    assert answer.status == 200
    assert answer.data == {"company": {"staff": 3, "licences": None}, "licences": None}
    assert {(e["extensions"]["code"], e["extensions"]["field"]) for e in answer.errors} == {
        ("STORE_UNAVAILABLE", "company.licences"),
        ("STORE_UNAVAILABLE", "licences"),
    }


async def test_where_nothing_can_be_answered_the_operation_is_refused(world):
    world.reader.failing["licence"] = StoreUnavailable("records.db is locked")
    answer = await world.ask("{ licences { totalCount } }")
    assert (answer.status, answer.data) == (503, None)


async def test_every_step_of_the_walk_is_told_in_order(world):
    await world.data('{ company(uscc: "91350100M000100003") { staff } }')
    assert world.steps == ["document", "planned", "bound", "judged", "rows", "spent", "completed", "audited"]


@pytest.mark.parametrize("language", ["zh-CN,zh;q=0.9", "en;q=0.5, zh-Hans;q=0.8", "fr, zh;q=0.1"])
async def test_messages_follow_the_language_and_codes_do_not(world, language):
    english = await world.ask("{ nothing }", language="en-GB, zh;q=0.9")
    chinese = await world.ask("{ nothing }", language=language)
    assert chinese.errors[0]["message"] == "请求有误：" + english.errors[0]["message"]
    assert chinese.errors[0]["extensions"] == english.errors[0]["extensions"]


async def test_a_question_that_is_a_subscription_or_has_no_operation_is_refused(world):
    answer = await world.ask("subscription { companyChanges { __typename } }")
    assert (answer.status, answer.errors[0]["extensions"]["code"]) == (400, "BAD_INPUT")
    answer = await world.ask("{ __typename }", name="Other")
    assert "no operation named 'Other'" in answer.errors[0]["message"]
    answer = await world.ask("query A { __typename } query B { __typename }")
    assert "operationName is needed" in answer.errors[0]["message"]
    assert (await world.data("query A { __typename } query B { x: __typename }", name="B")) == {"x": "Query"}


async def test_a_thousand_records_are_completed_off_the_loop_and_look_the_same(world):
    await world.put(COMPANIES, "market:company", [company(n) for n in range(6, 1206)])
    data = await world.data(
        "{ companies(first: 1000) { nodes { staff name } } more: companies(first: 400) { nodes { staff } } }"
    )
    assert len(data["companies"]["nodes"]) == 1000
    assert all(node["name"] == company(node["staff"])["name"] for node in data["companies"]["nodes"])
