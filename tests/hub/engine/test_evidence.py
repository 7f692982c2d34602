"""Audit before answer, and quotas: no entry, no data; what was read is counted before it leaves."""

import asyncio
from dataclasses import replace

import pytest

from auth.ports import AuthStoreUnavailable
from hub.engine.engine import Engine
from hub.records.model import META
from tests.hub.engine.catalogue import COMPANIES
from tests.hub.engine.world import ANNA, HANDLES, company

ASKED = 'query Check { company(uscc: "91350100M000100003") { name phone licences { nodes { licenceId holderCode } } } }'


class Deaf:
    """An audit log that cannot be written."""

    async def append(self, entries):
        raise AuthStoreUnavailable("disk full")


async def test_an_answer_leaves_an_entry_that_says_who_read_what_of_whom(world):
    await world.ask(ASKED, name="Check")
    (entry,) = await world.entries()
    handle = HANDLES.of(COMPANIES, [company(3)["uscc"]], "b")
    assert entry["kind"] == "query"
    assert (entry["client_id"], entry["purpose"], entry["case"], entry["operator"]) == (
        "reader",
        "check",
        "案-1",
        "王五",
    )
    assert entry["operation"].startswith("Check#")
    assert entry["grants"] == ["g-company"]
    assert entry["what"] == {"company": ["name", "~phone"], "licence": ["holder_code", "licence_id"]}
    assert entry["records"]["company"] == [handle]
    assert entry["counts"] == {"company": 1, "licence": 3}
    assert entry["subjects"] == [HANDLES.subject("legal_person", "", company(3)["uscc"])]
    assert entry["request_id"] == "req-1"
    assert company(3)["uscc"] not in str(entry)
    assert company(3)["name"] not in str(entry)


async def test_a_lookup_that_finds_nothing_and_a_subject_are_entries_too(world):
    await world.data('{ company(uscc: "nobody") { name } }')
    await world.data('{ subject(kind: "legal_person", code: "91350100M000100003") { kind resources { resource } } }')
    missed, subject = await world.entries()
    assert missed["counts"] == {"company": 0}
    assert subject["subjects"] == [HANDLES.subject("legal_person", "", company(3)["uscc"])]
    assert subject["counts"] == {"company": 1, "licence": 3}


async def test_a_refusal_is_an_entry_and_a_wrong_document_is_none(world):
    await world.ask('{ companies(where: {phone: {eq: "1"}}) { totalCount } }')
    await world.ask("{ nothing }")
    await world.ask("{ companies(first: -1) { totalCount } }")
    (entry,) = await world.entries()
    assert (entry["kind"], entry["outcome"], entry["detail"]) == ("refusal", "refused", {"code": "NOT_GRANTED"})


async def test_without_an_entry_no_data_leaves(world):
    parts = replace(world.engine._workshop.parts, audit=Deaf())
    for asked in (ASKED, '{ companies(where: {phone: {eq: "1"}}) { totalCount } }'):
        answer = await Engine(parts).answer(world.operation(asked))
        assert (answer.status, answer.data) == (503, None)
        assert answer.errors[0]["extensions"]["code"] == "AUDIT_UNAVAILABLE"
    assert (await Engine(parts).answer(world.operation("{ __typename }"))).data == {"__typename": "Query"}


async def test_more_records_than_an_entry_names_stand_as_count_and_digest(world):
    await world.put(COMPANIES, "market:company", [company(n) for n in range(6, 700)])
    await world.data("{ companies(first: 600) { nodes { name } } }")
    entry = (await world.entries())[-1]
    assert entry["records"] == {}
    assert entry["counts"] == {"company": 600}
    assert entry["detail"]["company.records"] == "600"
    assert entry["detail"]["company.digest"].startswith("sha256:")
    assert entry["detail"]["subjects"].startswith("600 sha256:")
    assert len(entry["subjects"]) == 500


async def test_records_beyond_the_window_are_neither_counted_nor_named(world):
    await world.data("{ companies(first: 5, last: 1) { nodes { name } } }")
    assert (await world.entries())[-1]["counts"] == {"company": 1}


async def test_a_quota_counts_records_and_refuses_what_would_exceed_it(world):
    world.grant("company", items={}, quota=8)
    asked = "query ($n: Int!) { companies(first: $n) { nodes { name } } }"
    assert (await world.ask(asked, {"n": 5})).status == 200
    refused = await world.ask(asked, {"n": 5})
    assert (refused.status, refused.data) == (429, None)
    assert refused.errors[0]["extensions"]["code"] == "QUOTA_EXCEEDED"
    assert (await world.ask(asked, {"n": 3})).status == 200
    assert (await world.ask(asked, {"n": 1})).status == 429
    data = await world.data("{ me { quotas { grant resource day limit spent } } }")
    assert data["me"]["quotas"] == [
        {"grant": "g-company", "resource": "company", "day": "2026-05-01", "limit": 8, "spent": 8}
    ]


async def test_eight_questions_at_once_cannot_outrun_a_quota(world):
    world.grant("company", items={}, quota=7)
    asked = [world.operation("{ companies(first: 2) { nodes { name } } }") for _ in range(8)]
    answers = await asyncio.gather(*map(world.engine.answer, asked))
    assert sorted(answer.status for answer in answers) == [200] * 3 + [429] * 5


class Uncounted:
    """An access store that cannot be asked."""

    async def spend(self, *_):
        raise AuthStoreUnavailable("locked")

    spent = spend


async def test_a_store_that_cannot_count_quotas_refuses_and_cannot_show_them(world):
    world.grant("company", items={}, quota=7)
    engine = Engine(replace(world.engine._workshop.parts, access_store=Uncounted()))
    answer = await engine.answer(world.operation("{ companies(first: 2) { nodes { name } } }"))
    assert (answer.status, answer.errors[0]["extensions"]["code"]) == (503, "STORE_UNAVAILABLE")
    answer = await engine.answer(world.operation("{ me { client quotas { spent } } }"))
    assert [error["extensions"]["code"] for error in answer.errors] == ["STORE_UNAVAILABLE"]


@pytest.mark.parametrize("asked", [ASKED, f'{{ person(idNumber: "{ANNA}") {{ name }} }}'])
async def test_no_internal_column_leaves(world, asked):
    answer = await world.ask(asked)
    assert not any(name in str(answer.data) for name in META)
