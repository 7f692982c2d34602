"""What a client sees: plain, masked, denied; one error a field of the document; what varies by a discriminator."""

from dataclasses import replace

from auth.grants import Shown
from tests.hub.engine.world import READS


async def test_a_masked_item_shows_its_mask_and_is_listed(world):
    answer = await world.ask('{ c: company(uscc: "91350100M000100003") { phone tel: phone } }')
    assert answer.data == {"c": {"phone": "138****8000", "tel": "138****8000"}}
    assert answer.extensions == {"masked": ["c.phone", "c.tel"]}
    assert answer.errors == []


async def test_a_denied_field_answers_null_with_one_error_however_many_records(world):
    answer = await world.ask("{ companies { nodes { staff secret } edges { node { x: repId } } } }")
    assert [node["secret"] for node in answer.data["companies"]["nodes"]] == [None] * 6
    assert len({node["staff"] for node in answer.data["companies"]["nodes"]}) == 6
    assert [(e["extensions"]["code"], e["extensions"]["field"]) for e in answer.errors] == [
        ("NOT_GRANTED", "companies.edges.node.x"),
        ("NOT_GRANTED", "companies.nodes.secret"),
    ]
    assert all("path" not in error for error in answer.errors)
    assert answer.errors[0]["locations"] == [{"line": 1, "column": 53}]
    assert {e["extensions"]["department"] for e in answer.errors} == {"市场监管局"}
    assert {e["extensions"]["requestId"] for e in answer.errors} == {"req-1"}
    assert answer.status == 200


async def test_an_error_outside_a_list_has_a_path(world):
    answer = await world.ask('{ company(uscc: "91350100M000100003") { secret } }')
    assert answer.errors[0]["path"] == ["company", "secret"]


async def test_an_error_stands_though_no_record_was_found(world):
    answer = await world.ask('{ company(uscc: "nobody") { secret phone } }')
    assert answer.data == {"company": None}
    assert [error["extensions"]["field"] for error in answer.errors] == ["company.secret"]


async def test_at_most_a_hundred_fields_are_told_of(world):
    fields = " ".join(f"a{n}: secret" for n in range(60))
    more = " ".join(f"b{n}: repId" for n in range(40))
    answer = await world.ask(f'{{ company(uscc: "91350100M000100003") {{ {fields} {more} }} }}')
    assert len(answer.errors) == 100
    both = f'{{ a: company(uscc: "x") {{ {"secret " * 50} }} ' + " ".join(
        f'c{n}: company(uscc: "x") {{ secret repId phone scope }}' for n in range(12)
    )
    assert len((await world.ask(both + " }")).errors) == 25


async def test_a_denied_link_answers_null_and_is_not_followed(world):
    world.grants["g-company"] = replace(world.grants["g-company"], links=frozenset())
    world.version += 1
    answer = await world.ask('{ company(uscc: "91350100M000100003") { staff representative { name } } }')
    assert answer.data == {"company": {"staff": 3, "representative": None}}
    assert answer.errors[0]["extensions"]["code"] == "NOT_GRANTED"
    assert "link representative" in answer.errors[0]["message"]
    assert world.police.calls == []


async def test_a_following_client_learns_that_two_records_share_a_key_and_not_the_key(world):
    answer = await world.ask('{ company(uscc: "91350100M000100003") { repId representative { idNumber name } } }')
    assert answer.data["company"] == {"repId": None, "representative": [{"idNumber": None, "name": "张**"}]}


async def test_an_item_may_be_plain_for_companies_and_denied_for_persons(world):
    asked = '{ licences(where: {licenceId: {in: ["P1", "L1-0"]}}, orderBy: {licenceId: ASC}) { nodes { holderCode } } }'
    answer = await world.ask(asked)
    assert [node["holderCode"] for node in answer.data["licences"]["nodes"]] == ["91350100M000100001", None]
    assert [error["extensions"]["field"] for error in answer.errors] == ["licences.nodes.holderCode"]
    one = await world.ask('{ licence(licenceId: "L1-0") { holderCode } }')
    assert one.errors == []  # no record of the answer was denied
    world.grant("licence", items={"holder_code": Shown.MASKED})
    answer = await world.ask(asked)
    assert [node["holderCode"] for node in answer.data["licences"]["nodes"]] == [
        "91350100M000100001",
        "1****************X",
    ]
    assert (answer.errors, answer.extensions) == ([], {"masked": ["licences.nodes.holderCode"]})


async def test_a_warning_is_shown_where_its_item_is_plain(world):
    asked = '{ company(uscc: "91350100M000100003") { provenance { warnings { item } } } }'
    assert (await world.data(asked))["company"]["provenance"]["warnings"] == [{"item": "uscc"}]
    world.grant("company", items={"rep_id": Shown.PLAIN})
    shown = (await world.data(asked))["company"]["provenance"]["warnings"]
    assert shown == [{"item": "uscc"}, {"item": "rep_id"}]


async def test_a_resource_that_gives_the_client_nothing_answers_null_beside_what_does(world):
    world.revoke("person")
    asked = '{ company(uscc: "91350100M000100003") { staff representative { name } } }'
    answer = await world.ask(asked)
    assert answer.data == {"company": {"staff": 3, "representative": None}}
    assert answer.errors[0]["extensions"]["code"] == "NOT_GRANTED"
    assert answer.errors[0]["extensions"]["department"] == "公安局"
    alone = await world.ask('{ person(idNumber: "11010519491231002X") { name } }')
    assert (alone.status, alone.data) == (403, None)


async def test_the_missing_purpose_is_named_where_a_grant_waits_for_it(world):
    answer = await world.ask('{ company(uscc: "91350100M000100003") { staff phone } }', purpose=None)
    assert answer.data == {"company": {"staff": 3, "phone": None}}
    assert answer.errors[0]["extensions"]["code"] == "PURPOSE_REQUIRED"


async def test_a_grant_that_ended_in_the_meantime_is_told_so(world):
    from datetime import UTC, datetime

    asked = '{ company(uscc: "91350100M000100003") { phone } }'
    assert (await world.ask(asked)).data["company"]["phone"]
    world.now = datetime(2031, 1, 1, tzinfo=UTC)
    answer = await world.ask(asked)
    assert answer.data["company"]["phone"] is None
    assert answer.errors[0]["extensions"]["code"] == "GRANT_EXPIRED"


async def test_a_stranger_sees_what_is_unconditional_and_nothing_else(world):
    answer = await world.ask(
        '{ company(uscc: "91350100M000100003") { staff phone representative { name } } }',
        client="stranger", purpose=None, scopes=READS,
    )  # fmt: skip
    assert answer.data == {"company": {"staff": 3, "phone": None, "representative": None}}
    assert len(answer.errors) == 2
