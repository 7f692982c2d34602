"""`subject(kind, code)`: what the hub holds of a company or person, resource by resource, without asking its base."""

from tests.hub.engine.world import ANNA

ABOUT = """
query About($code: String!, $kind: String!, $idType: String) {
  subject(kind: $kind, code: $code, idType: $idType) {
    kind
    licences(orderBy: [{ licenceId: ASC }], first: 2) { totalCount nodes { licenceId } pageInfo { hasNextPage } }
    companies { totalCount nodes { uscc name } }
  }
}
"""
COMPANY_3 = {"kind": "legal_person", "code": "91350100m000100003"}


async def test_a_subjects_records_are_pages_of_each_resource_with_one_call_each(world):
    about = (await world.data(ABOUT, COMPANY_3))["subject"]
    assert about["companies"]["nodes"][0]["uscc"] == "91350100M000100003"
    assert about["companies"]["totalCount"] == 1
    assert about["licences"]["totalCount"] == 3
    assert len(about["licences"]["nodes"]) == 2
    assert about["licences"]["pageInfo"]["hasNextPage"]
    assert sorted(world.calls) == [
        ("count", "company"), ("count", "licence"), ("page", "company"), ("page", "licence"),
    ]  # fmt: skip


async def test_conditions_on_a_subjects_records_hold_beside_the_subject(world):
    asked = """{ subject(kind: "legal_person", code: "91350100M000100003") {
      none: licences(where: { licenceId: { eq: "nobody's" } }) { totalCount } all: licences { totalCount } } }"""
    assert (await world.data(asked))["subject"] == {"none": {"totalCount": 0}, "all": {"totalCount": 3}}


async def test_a_resource_that_names_no_subjects_of_the_kind_holds_none(world):
    world.grant("licence", items={}, lookup=True)
    asked = f'{{ subject(kind: "person", code: "{ANNA}", idType: "111") {{ companies {{ totalCount nodes {{ name }} }} }} }}'
    assert (await world.data(asked))["subject"] == {"companies": {"totalCount": 0, "nodes": []}}


async def test_without_the_right_nothing_is_asked_about_a_person(world):
    answer = await world.ask(ABOUT, {"kind": "person", "code": ANNA, "idType": "111"})
    assert (answer.status, answer.errors[0]["extensions"]["code"]) == (403, "NOT_GRANTED")
    assert world.calls == []


async def test_what_is_read_of_a_subject_is_audited_by_its_hash_and_by_handle(world):
    await world.data(ABOUT, COMPANY_3)
    (entry,) = await world.entries()
    assert len(entry["subjects"]) >= 1
    assert len(entry["records"]["company"]) == 1


async def test_a_question_about_a_subject_is_bounded_like_every_other(world):
    pages = " ".join(f"a{n}: licences(first: 1000) {{ nodes {{ licenceId }} }}" for n in range(60))
    answer = await world.ask(f'{{ subject(kind: "legal_person", code: "91350100M000100003") {{ {pages} }} }}')
    assert answer.errors[0]["extensions"]["code"] == "DOCUMENT_REFUSED"
    assert world.calls == []
