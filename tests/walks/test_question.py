"""Walk 1 from outside: tokens, one question across two departments under a grant, masks, refusals, audit."""

import base64

import httpx
import pytest

PURPOSE = 'qualification;case="2026-0042";operator=%"%e6%9d%8e%e5%9b%9b"'
ACROSS = """
query Bidder($uscc: String!) {
  legalPerson(uscc: $uscc) {
    name
    status { code name }
    legalRepId
    phone
    provenance { department resource asOf warnings { item code } }
    licences(first: 5, orderBy: [{ issuedOn: DESC }]) {
      totalCount
      nodes { typeName number validTo holderCode holderLegalPerson { uscc name } }
    }
  }
}
"""


@pytest.fixture(scope="module")
def holder(demo, until):
    """A company that holds licences."""
    document = (
        '{ licences(first: 1, where: { holderLegalPerson: { some: { status: { eq: "1" } } } })'
        " { nodes { holderLegalPerson { uscc name } } } }"
    )

    def first():
        return demo.ask(document, purpose=PURPOSE).json()["data"]["licences"]["nodes"]

    return until(first)[0]["holderLegalPerson"]


def test_one_question_crosses_two_departments_under_a_grant(demo, holder):
    answer = demo.ask(ACROSS, {"uscc": holder["uscc"]}, purpose=PURPOSE)
    assert answer.status_code == 200, answer.text
    company = answer.json()["data"]["legalPerson"]
    assert company["name"] == holder["name"]
    assert company["status"] == {"code": "1", "name": "存续"}
    assert company["provenance"]["department"] == "市场监督管理局"
    assert company["licences"]["totalCount"] >= 1
    for licence in company["licences"]["nodes"]:
        assert licence["holderLegalPerson"] == holder


def test_a_masked_item_is_masked_and_a_denied_one_is_null_with_one_error(demo, holder):
    body = demo.ask(ACROSS, {"uscc": holder["uscc"]}, purpose=PURPOSE).json()
    number = body["data"]["legalPerson"]["legalRepId"]
    assert number[1:-1] == "*" * (len(number) - 2)
    assert body["data"]["legalPerson"]["phone"] is None
    [error] = body["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("NOT_GRANTED", "legalPerson.phone")
    assert "市场监督管理局" in error["message"]
    assert body["extensions"]["masked"] == ["legalPerson.legalRepId"]


def test_without_a_purpose_conditional_items_are_refused_and_open_ones_arrive(demo, holder):
    body = demo.ask("query($u: String!) { legalPerson(uscc: $u) { name legalRepId } }", {"u": holder["uscc"]}).json()
    assert body["data"]["legalPerson"] == {"name": holder["name"], "legalRepId": None}
    assert body["errors"][0]["extensions"]["code"] == "PURPOSE_REQUIRED"


@pytest.mark.parametrize(
    "document",
    [
        '{ legalPersons(where: { phone: { eq: "1" } }) { totalCount } }',
        "{ legalPersons(orderBy: [{ legalRepId: ASC }]) { totalCount } }",
        "{ legalPersons(where: { not: { legalRepId: { isNull: true } } }) { totalCount } }",
    ],
)
def test_a_reference_to_an_item_that_may_not_be_seen_plain_refuses_the_whole_question(demo, document):
    answer = demo.ask(document, purpose=PURPOSE)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_GRANTED"
    assert "data" not in answer.json()


def test_search_finds_two_characters_of_a_name_and_nothing_where_they_do_not_stand_side_by_side(demo, holder):
    pair = holder["name"][2:4]
    document = "query($s: String!) { legalPersons(search: $s, first: 1000) { nodes { uscc name scope } } }"
    found = demo.ask(document, {"s": pair}).json()["data"]["legalPersons"]["nodes"]
    assert holder["uscc"] in {node["uscc"] for node in found}
    assert [node for node in found if pair not in node["name"] and pair not in node["scope"]] == []


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, "bearer token is required"),
        ({"Authorization": "Bearer abc.def.ghi"}, "not an access token"),
        ({"Authorization": "Basic eDp5"}, "bearer token"),
    ],
)
def test_nobody_comes_in_without_a_token_of_this_hub(demo, headers, says):
    answer = httpx.post(demo.ready["graphql"], json={"query": "{ __typename }"}, headers=headers)
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert says in answer.json()["errors"][0]["message"]
    assert answer.json()["errors"][0]["extensions"]["requestId"] == answer.headers["x-request-id"]


def test_a_wrong_secret_gets_no_token(demo):
    basic = base64.b64encode(b"bidding:wrong").decode()
    answer = httpx.post(
        demo.ready["token_url"], data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_resource_without_its_scope_is_refused(demo):
    answer = demo.ask("{ processes { totalCount } }")
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["code"] == "INSUFFICIENT_SCOPE"


def test_a_body_of_a_megabyte_is_refused_before_it_is_parsed(demo):
    answer = demo.ask("{ __typename } #" + "x" * 1_000_000)
    assert answer.status_code == 413


def test_metadata_keys_and_health_are_open(demo):
    for path in (
        "/live",
        "/ready",
        "/oauth/jwks",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource",
    ):
        answer = httpx.get(demo.ready["url"] + path)
        assert answer.status_code == 200, path
        assert int(answer.headers["hub-schema-version"]) >= 1


def test_the_audit_trail_of_all_this_is_sound_and_an_edited_entry_is_found(demo, tmp_path):
    import sqlite3

    assert demo.hub("audit", "verify").stdout.startswith("sound: ")
    with sqlite3.connect(demo.folder / "store/audit.db") as source, sqlite3.connect(tmp_path / "audit.db") as copy:
        source.backup(copy)
        edited = copy.execute("UPDATE entries SET body = replace(body, 'qualification', 'curiosity')")
        assert edited.rowcount > 0
    found = demo.hub("audit", "verify", "--file", str(tmp_path / "audit.db"))
    assert found.returncode == 1
    assert "edited" in found.stdout
