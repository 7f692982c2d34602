"""Live resources: asked at question time, judged before use, and a broken department costs only its own fields."""

import pytest

from auth.grants import Shown
from catalogue.rules import Compare, Op
from connectors.source import SourceBroken, SourceMisconfigured, SourceUnavailable
from hub.engine.live import Reading
from tests.hub.engine.catalogue import POLICE_BINDING
from tests.hub.engine.world import ANNA, BERT, HANDLES

ONE = f'{{ person(idNumber: " {ANNA.lower()} ") {{ id name householdNo birthDate provenance {{ resource department }} }} }}'
ACROSS = """{ companies(orderBy: {staff: ASC}, first: 2) { nodes {
  staff representative { name represents(orderBy: {staff: ASC}) { totalCount nodes { staff } } } } } }"""


async def test_a_person_is_asked_for_by_number_and_masked_when_written_out(world):
    answer = await world.ask(ONE)
    person = answer.data["person"]
    assert (person["name"], person["householdNo"], person["birthDate"]) == ("张**", "H1", None)
    assert person["provenance"] == {"resource": "person", "department": "公安局"}
    assert ANNA not in str(answer)
    assert world.police.calls == [(("sfzh",), [(ANNA,), (ANNA.lower(),), ("110105491231002",)])]
    assert world.calls == []


@pytest.mark.parametrize("kept", [ANNA.lower(), "110105491231002"], ids=["lower case", "15 digits"])
async def test_a_person_is_found_however_the_department_writes_the_number(world, kept):
    world.police.people[0]["sfzh"] = kept
    assert (await world.ask(ONE)).data["person"]["name"] == "张**"
    (company,) = (await world.data("{ companies(orderBy: {staff: ASC}, first: 1, where: {staff: {eq: 1}}) "
                                   "{ nodes { representative { name } } } }"))["companies"]["nodes"]  # fmt: skip
    assert company["representative"] == [{"name": "张**"}]
    assert len(world.police.calls) == 2


async def test_a_record_that_a_department_gives_twice_is_one(world):
    world.police.people.append(world.police.people[0] | {"sfzh": ANNA.lower(), "xm": "另"})
    data = await world.data('{ company(uscc: "91350100M000100001") { representative { name } } }')
    assert data["company"]["representative"] == [{"name": "张**"}]


BOTH = (
    f'{{ company(uscc: "91350100M000100001") {{ representative {{ name }} }} person(idNumber: "{ANNA}") {{ name }} }}'
)


async def test_what_one_department_says_stands_although_another_one_hangs(world):
    border = world.second_department("border")
    border.hangs = True
    answer = await world.ask(BOTH)
    assert answer.data == {"company": {"representative": [{"name": "张**"}]}, "person": {"name": "张**"}}
    told = [(e["extensions"]["field"], e["extensions"]["code"], e["extensions"]["source"]) for e in answer.errors]
    assert sorted(told) == [
        ("company.representative", "SOURCE_TIMEOUT", "border"),
        ("person", "SOURCE_TIMEOUT", "border"),
    ]
    assert {e["extensions"]["department"] for e in answer.errors} == {"行政审批局"}
    assert (await world.entries())[-1]["counts"]["person"] == 1


async def test_a_field_is_null_where_every_department_fails_and_each_is_named(world):
    border = world.second_department("border")
    border.hangs, world.police.error = True, SourceBroken("police", "not JSON")
    answer = await world.ask(BOTH)
    assert answer.data == {"company": {"representative": None}, "person": None}
    assert sorted(e["extensions"]["source"] for e in answer.errors) == ["border", "border", "police", "police"]


async def test_a_link_to_a_live_resource_is_a_list_and_leads_back_to_companies(world):
    data = await world.data(ACROSS)
    first, second = data["companies"]["nodes"]
    assert first["representative"][0]["name"] == "欧阳**"
    assert first["representative"][0]["represents"]["totalCount"] == 3
    assert [n["staff"] for n in second["representative"][0]["represents"]["nodes"]] == [1, 3, 5]


async def test_a_number_that_nobody_has_answers_null_and_an_empty_list(world):
    world.police.people = [p for p in world.police.people if p["sfzh"] == ANNA]
    data = await world.data(
        f'{{ person(idNumber: "{BERT}") {{ name }} company(uscc: "91350100M000100002") {{ representative {{ name }} }} }}'
    )
    assert data == {"person": None, "company": {"representative": []}}


async def test_live_records_by_key_come_in_the_order_of_the_keys(world):
    asked = "query ($k: [PersonKeyInput!]!) { personsByKey(values: $k) { name } }"
    data = await world.data(asked, {"k": [{"idNumber": BERT}, {"idNumber": "x"}, {"idNumber": ANNA}]})
    assert data["personsByKey"] == [{"name": "欧阳**"}, None, {"name": "张**"}]
    assert len(world.police.calls) == 1


async def test_the_row_rule_is_applied_before_any_value_is_used(world):
    world.grant(
        "person", items={"name": Shown.PLAIN}, links=frozenset({"represents"}), lookup=True,
        rows=Compare("birth_date", Op.GT, "1900-01-01"),
    )  # fmt: skip
    data = await world.data(ACROSS)
    assert next(node["representative"] for node in data["companies"]["nodes"]) == []
    assert (await world.data(f'{{ person(idNumber: "{BERT}") {{ name }} }}'))["person"] is None


@pytest.mark.parametrize(
    ("error", "code", "retryable", "extra"),
    [
        (SourceUnavailable("police", "connection refused at 10.0.0.1", retry_after=5.0), "SOURCE_UNAVAILABLE", True, {"retryAfter": 5.0}),
        (SourceBroken("police", "not JSON"), "SOURCE_UNAVAILABLE", False, {}),
        ("hang", "SOURCE_TIMEOUT", True, {}),
    ],
    ids=["down", "broken", "slow"],
)  # fmt: skip
async def test_a_failing_department_costs_its_field_and_the_error_names_it(world, error, code, retryable, extra):
    world.police.hangs, world.police.error = error == "hang", None if error == "hang" else error
    answer = await world.ask(ACROSS)
    assert [(n["staff"], n["representative"]) for n in answer.data["companies"]["nodes"]] == [(0, None), (1, None)]
    (told,) = answer.errors
    assert told["extensions"] == {
        "code": code,
        "source": "police",
        "retryable": retryable,
        "department": "公安局",
        "requestId": "req-1",
        "field": "companies.nodes.representative",
        **extra,
    }
    assert "10.0.0.1" not in str(answer)


async def test_a_row_without_a_key_is_nobodys_answer(world):
    world.police.people.append({"sfzh": None, "xm": "无", "hh": "H1", "csrq": None})
    assert (await world.data(f'{{ person(idNumber: "{ANNA}") {{ name }} }}'))["person"] == {"name": "张**"}


async def test_a_live_read_is_audited_by_handle_and_subject(world):
    await world.ask(ONE)
    entry = (await world.entries())[-1]
    assert set(entry["what"]["person"]) == {"household_no", "~name"}
    assert len(entry["records"]["person"]) == 1
    assert len(entry["subjects"]) == 1
    assert ANNA not in str(entry)


async def test_a_column_that_is_not_mapped_cannot_be_asked_by(world):
    reading = Reading(world.snapshot, POLICE_BINDING, HANDLES)
    assert reading.columns(("household_no",)) == ("hh",)
    with pytest.raises(SourceMisconfigured, match="maps no column to phone"):
        reading.columns(("phone",))
