"""Verification says whether given values are the recorded ones; nothing else of a record can be learnt by it."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.grants import Shown
from catalogue.rules import Compare, Op
from connectors.source import SourceUnavailable
from hub.engine.bind import MOST_VERIFIED
from hub.engine.lookups import LOOKUPS_AN_HOUR
from hub.engine.verify import compared
from tests.hub.engine.catalogue import COMPANIES, LICENCES, PEOPLE, PERSON
from tests.hub.engine.world import ANNA, BERT, HANDLES, NOW, company, licence

THIRD = company(3)["uscc"]
VERIFIED = frozenset({"rep_name", "rep_id", "capital", "status", "division"})
PERSONS = "query ($v: [PersonVerifyInput!]!) { verifyPersons(values: $v) { name birthDate } }"


@pytest.fixture
def world(world):
    """The client holds the right to verify on every resource, and nothing else that it did not need for that."""
    world.grant("person", verify=frozenset({"name", "birth_date"}), lookup=True)
    world.grant("company", verify=VERIFIED)
    world.grant("licence", verify=frozenset({"holder_code", "valid_to"}))
    return world


async def person(world, claims, number=ANNA):
    asked = "query ($n: String!, $c: PersonClaims!) { verifyPerson(idNumber: $n, claims: $c) { name birthDate } }"
    return (await world.data(asked, {"n": number, "c": claims}))["verifyPerson"]


async def verified(world, claims, uscc=THIRD):
    asked = """query ($u: String, $c: CompanyClaims!) {
      verifyCompany(uscc: $u, claims: $c) { repName repId capital status division } }"""
    found = (await world.data(asked, {"u": uscc, "c": claims}))["verifyCompany"]
    return {name: said for name, said in found.items() if said is not None}


async def refused(world, text, variables=None, **more):
    """The one error of a question that is refused before anything is asked."""
    answer = await world.ask(text, variables, **more)
    assert (answer.data, world.calls, world.police.calls) == (None, [], [])
    (error,) = answer.errors
    return answer.status, error["extensions"]["code"], error["extensions"].get("field")


async def test_given_values_of_a_live_person_match_or_differ_and_no_value_is_answered(world):
    assert await person(world, {"name": "张三丰", "birthDate": "1949-12-30"}) == {
        "name": "MATCHES",
        "birthDate": "DIFFERS",
    }
    assert await person(world, {"name": "张三"}) == {"name": "DIFFERS", "birthDate": None}


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"repName": " 张 三丰 "}, "MATCHES"),
        ({"repName": "张三"}, "DIFFERS"),
        ({"repId": f" {ANNA.lower()} "}, "MATCHES"),
        ({"repId": "110105491231002"}, "MATCHES"),
        ({"repId": BERT}, "DIFFERS"),
        ({"capital": "4.50"}, "MATCHES"),
        ({"capital": "4.500001"}, "DIFFERS"),
        ({"status": "1"}, "MATCHES"),
        ({"status": "存续"}, "DIFFERS"),
        ({"division": "350104"}, "MATCHES"),
        ({"division": "3501"}, "DIFFERS"),
    ],
    ids=str,
)
async def test_values_are_compared_as_what_they_are_not_as_they_are_written(world, claims, said):
    assert await verified(world, claims) == dict.fromkeys(claims, said)


@pytest.mark.parametrize(
    ("given", "recorded", "same"),
    [
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提", True),
        ("阿卜杜拉．买买提", "阿卜杜拉・ 买买提", True),
        ("ＪＯＨＮ Smith", "John  smith", True),
        ("阿卜杜拉买买提", "阿卜杜拉·买买提", False),
        ("王乾", "王干", False),
        ("陳志遠", "陈志远", False),
        ("", "张三", False),
    ],
)
def test_a_name_is_one_however_it_is_written_and_another_character_makes_another_name(given, recorded, same):
    name = PEOPLE.item("name")
    assert (compared(name, given) == compared(name, recorded)) is same


@given(st.text(max_size=20), st.sampled_from(["", " ", "\u3000", "\t"]))
def test_blanks_around_a_name_do_not_count(text, blank):
    name = PEOPLE.item("name")
    assert compared(name, f"{blank}{text}{blank}") == compared(name, text)


async def test_what_may_not_be_told_is_unknown_and_looks_the_same(world):
    unknown = {"name": "UNKNOWN", "birthDate": None}
    world.police.people[1]["xm"] = None
    assert await person(world, {"name": "欧阳修文"}, BERT) == unknown  # no value
    assert await person(world, {"name": "谁"}, "110105194912310011") == unknown  # no record
    world.grant(
        "person", verify=frozenset({"name"}), lookup=True, rows=Compare("birth_date", Op.GT, "1950-01-01")
    )  # fmt: skip
    assert await person(world, {"name": "张三丰"}) == unknown  # outside the row rule
    entries = await world.entries()
    assert [entry["what"]["person"] for entry in entries] == [["?name"]] * 3


async def test_hidden_records_and_values_of_a_kept_resource_are_unknown_too(world):
    asked = """query ($i: String!, $c: LicenceClaims!) {
      verifyLicence(licenceId: $i, claims: $c) { holderCode validTo } }"""
    claims = {"holderCode": company(1)["uscc"], "validTo": "2026-05-20"}

    async def said(licence_id):
        return (await world.data(asked, {"i": licence_id, "c": claims}))["verifyLicence"]

    assert await said("L1-0") == {"holderCode": "MATCHES", "validTo": "UNKNOWN"}
    assert await said("R1") == {"holderCode": "UNKNOWN", "validTo": "UNKNOWN"}  # revoked: hidden by visibility
    assert await said("nobody's") == {"holderCode": "UNKNOWN", "validTo": "UNKNOWN"}


async def test_an_item_that_may_not_be_verified_for_this_kind_of_record_is_unknown(world):
    await world.put(LICENCES, "licensing:licence", [licence("S1", ANNA, holder_kind="099")])
    asked = 'query ($i: String!) {{ verifyLicence(licenceId: $i, claims: {{holderCode: "{}"}}) {{ holderCode }} }}'
    for number, said in (("P1", "MATCHES"), ("S1", "UNKNOWN")):
        found = await world.data(asked.format(ANNA), {"i": number})
        assert found["verifyLicence"]["holderCode"] == said


async def test_an_item_that_is_not_granted_for_verification_refuses_the_question_before_anything_is_asked(world):
    world.grant("person", verify=frozenset({"name"}), items={"birth_date": Shown.PLAIN}, lookup=True)
    both = f'{{ companies {{ totalCount }} verifyPerson(idNumber: "{ANNA}", claims: %s) {{ name }} }}'
    assert await refused(world, both % '{name: "张三丰", birthDate: "1949-12-31"}') == (
        403,
        "NOT_GRANTED",
        "verifyPerson.claims.birthDate",
    )
    assert (await world.ask(both % '{name: "张三丰", birthDate: null}')).data["verifyPerson"] == {"name": "MATCHES"}


async def test_a_key_that_the_client_may_not_ask_by_refuses_it_unless_the_key_may_be_verified(world):
    asked = f'{{ verifyPerson(idNumber: "{ANNA}", claims: {{name: "张三丰"}}) {{ name }} }}'
    world.grant("person", verify=frozenset({"name"}))
    assert await refused(world, asked) == (403, "NOT_GRANTED", "verifyPerson")
    assert (await world.entries())[-1]["outcome"] == "refused"
    items = tuple(replace(i, verify=True) if i.name == "id_number" else i for i in PEOPLE.items)
    world.publish(replace(PEOPLE, items=items))
    assert await refused(world, asked) == (403, "NOT_GRANTED", "verifyPerson")
    world.grant("person", verify=frozenset({"id_number", "name"}))
    assert await world.data(asked) == {"verifyPerson": {"name": "MATCHES"}}
    assert (await world.ask(f'{{ person(idNumber: "{ANNA}") {{ name }} }}')).status == 403


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"until": NOW}, "GRANT_EXPIRED"),
        ({"consent_required": True}, "CONSENT_REQUIRED"),
        ({"purpose": "other"}, "PURPOSE_REQUIRED"),
    ],
)
async def test_what_a_grant_for_verification_lacks_is_said(world, change, code):
    world.grants["g-company"] = replace(world.grants["g-company"], **change)
    world.version += 1
    asked = f'{{ verifyCompany(uscc: "{THIRD}", claims: {{repId: "{ANNA}"}}) {{ repId }} }}'
    purpose = None if code == "PURPOSE_REQUIRED" else "check"
    assert (await refused(world, asked, purpose=purpose))[1] == code


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (f'idNumber: "{ANNA}", claims: {{}}', "BAD_INPUT", 400),
        (f'idNumber: "{ANNA}", claims: {{name: null}}', "BAD_INPUT", 400),
        (f'idNumber: "{ANNA}", claims: {{birthDate: "1949-13-31"}}', "BAD_INPUT", 400),
        (f'idNumber: "{ANNA}", claims: {{householdNo: "H1"}}', "BAD_INPUT", 400),
    ],
)
async def test_claims_that_cannot_be_read_are_bad_input(world, arguments, code, status):
    answer = await world.ask(f"{{ verifyPerson({arguments}) {{ name }} }}")
    assert (answer.status, answer.errors[0]["extensions"]["code"]) == (status, code)
    assert world.police.calls == []


async def test_a_record_is_named_by_any_one_complete_unique_key(world):
    named = company(3)
    asked = """query ($n: String, $d: String, $u: String) {
      verifyCompany(name: $n, division: $d, uscc: $u, claims: {repName: "张三丰"}) { repName } }"""
    found = await world.data(asked, {"n": named["name"], "d": "350104"})
    assert found["verifyCompany"] == {"repName": "MATCHES"}
    answer = await world.ask(asked, {"n": named["name"], "u": THIRD})
    assert answer.errors[0]["extensions"]["code"] == "BAD_INPUT"


async def test_several_records_are_verified_in_the_order_asked(world):
    values = [
        {"key": {"idNumber": BERT}, "claims": {"name": "欧阳修文"}},
        {"key": {"idNumber": "110105194912310011"}, "claims": {"name": "张三丰"}},
        {"key": {"idNumber": ANNA}, "claims": {"name": "欧阳修文", "birthDate": "1949-12-31"}},
    ]
    data = await world.data(PERSONS, {"v": values})
    assert data["verifyPersons"] == [
        {"name": "MATCHES", "birthDate": None},
        {"name": "UNKNOWN", "birthDate": None},
        {"name": "DIFFERS", "birthDate": "MATCHES"},
    ]
    assert len(world.police.calls) == 1
    assert (await world.data(PERSONS, {"v": []}))["verifyPersons"] == []
    many = [{"key": {"idNumber": str(n)}, "claims": {"name": "x"}} for n in range(MOST_VERIFIED + 1)]
    answer = await world.ask(PERSONS, {"v": many})
    assert answer.errors[0]["extensions"]["code"] == "DOCUMENT_REFUSED"
    assert answer.errors[0]["extensions"]["figure"] == MOST_VERIFIED + 1


async def test_all_verifications_of_one_resource_cost_one_call(world):
    fields = " ".join(
        f'p{n}: verifyPerson(idNumber: "{number}", claims: {{name: "张三丰"}}) {{ name }} '
        f'c{n}: verifyCompany(uscc: "{company(n)["uscc"]}", claims: {{repName: "张三丰", repId: "{ANNA}"}}) {{ repId }}'
        for n, number in enumerate([ANNA, BERT, ANNA])
    )
    data = await world.data(f"{{ {fields} companies(first: 1) {{ nodes {{ name }} }} }}")
    assert [data[f"p{n}"]["name"] for n in range(3)] == ["MATCHES", "DIFFERS", "MATCHES"]
    assert [data[f"c{n}"]["repId"] for n in range(3)] == ["DIFFERS", "MATCHES", "DIFFERS"]
    assert sorted(world.calls) == [("lookup", "company"), ("page", "company")]
    assert len(world.police.calls) == 1


async def test_a_department_that_is_down_costs_its_verifications_and_each_error_names_it(world):
    world.police.error = SourceUnavailable("police", "connection refused")
    answer = await world.ask(
        f'{{ a: verifyPerson(idNumber: "{ANNA}", claims: {{name: "x"}}) {{ name }} '
        f'b: verifyPerson(idNumber: "{BERT}", claims: {{name: "x"}}) {{ name }} '
        f'c: verifyCompany(uscc: "{THIRD}", claims: {{repName: "张三丰"}}) {{ repName }} }}'
    )
    assert answer.data == {"a": None, "b": None, "c": {"repName": "MATCHES"}}
    told = [(e["path"], e["extensions"]["code"], e["extensions"]["department"]) for e in answer.errors]
    assert told == [(["a"], "SOURCE_UNAVAILABLE", "公安局"), (["b"], "SOURCE_UNAVAILABLE", "公安局")]


async def test_what_was_verified_of_whom_stands_in_the_audit_without_a_value(world):
    await verified(world, {"repName": "张三丰", "repId": BERT})
    entry = (await world.entries())[-1]
    assert entry["what"] == {"company": ["?rep_id", "?rep_name"]}
    assert entry["records"] == {"company": [HANDLES.of(COMPANIES, [THIRD], "market:company")]}
    assert entry["subjects"] == [HANDLES.subject("legal_person", "", THIRD)]
    assert entry["grants"] == ["g-company"]
    await person(world, {"name": "欧阳修文"}, BERT)
    entry = (await world.entries())[-1]
    assert entry["subjects"] == [HANDLES.subject("person", PERSON, BERT)]
    assert not any(word in str(entry) for word in ("欧阳", BERT, "MATCHES"))


async def test_guesses_are_limited_by_rate_before_anybody_is_asked(world):
    claims = {"name": "x", "birthDate": "2000-01-01"}
    values = [{"key": {"idNumber": f"{n:018d}"}, "claims": claims} for n in range(MOST_VERIFIED)]
    for _ in range(LOOKUPS_AN_HOUR // (2 * MOST_VERIFIED)):
        assert (await world.ask(PERSONS, {"v": values})).status == 200
    world.police.calls.clear()
    status, code, _ = await refused(world, PERSONS, {"v": values[:1]})
    assert (status, code) == (429, "QUOTA_EXCEEDED")


async def test_a_quota_is_charged_alike_whether_there_is_a_record_or_not(world):
    world.grant("person", verify=frozenset({"name"}), lookup=True, quota=2)
    await person(world, {"name": "x"}, "110105194912310011")
    await person(world, {"name": "x"})
    for number in (ANNA, "110105194912310011"):
        asked = {"v": [{"key": {"idNumber": number}, "claims": {"name": "x"}}]}
        answer = await world.ask(PERSONS, asked)
        assert (answer.data, answer.errors[0]["extensions"]["code"]) == (None, "QUOTA_EXCEEDED")


async def test_two_hubs_that_differ_in_what_may_not_be_verified_answer_alike(world):
    asked = f'{{ verifyPerson(idNumber: "{ANNA}", claims: {{name: "张三丰"}}) {{ name birthDate __typename }} }}'
    before = await world.ask(asked)
    world.police.people[0] |= {"hh": "H9", "csrq": "2001-01-01"}
    after = await world.ask(asked)
    assert (before.data, before.errors, before.extensions) == (after.data, after.errors, after.extensions)


async def test_concurrent_questions_do_not_share_what_they_read(world):
    found = await asyncio.gather(*(person(world, {"name": name}) for name in ("张三丰", "李四")))
    assert [each["name"] for each in found] == ["MATCHES", "DIFFERS"]
