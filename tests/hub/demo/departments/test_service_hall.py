"""The service hall as another department meets it: tokens, lists, changes since, cases by hand, and the hub."""

import json
import sqlite3
from contextlib import closing
from datetime import date

import pytest

from hub.demo.departments.casework import CASES, PAPERS, STEPS
from hub.demo.departments.journal import Entry, Journal, make
from hub.demo.departments.service_hall import CLIENT, DIRTS, STANDARDS, TOKEN_SECONDS, Desk, entries
from hub.demo.departments.web_service import Request
from hub.demo.world import DIRT, World
from hub.records.model import Operation
from tests.running_demo import until

MODULE = "service_hall"
WORLD = World(20261122, date(2026, 11, 22), 0.02)
SHOWN = WORLD.cast.processes
APPLICANT = {"type": "企业法人", "idNo": "91350100M000100001", "name": "演示公司"}
FORM = {"grant_type": "client_credentials"}


def token(department, **form):
    """The answer of the token endpoint."""
    auth = (CLIENT, department.secret("client_secret"))
    return department.http.post(f"{department.url}/oauth/token", data=form or FORM, auth=auth)


def bearer(department):
    return {"Authorization": f"Bearer {token(department).json()['access_token']}"}


def get(department, path, **query):
    answer = department.http.get(department.url + path, params=query, headers=bearer(department))
    assert answer.status_code == 200, answer.text
    return answer.json()


def order(department, what, given):
    return department.http.post(f"{department.url}/__control/{what}", json=given, headers=bearer(department))


def work(department, kind, since=""):
    return get(department, f"/work/{kind}", limit=1000, since=since)["data"]


def kept(department, kind):
    """What stands in the department's own file."""
    question = "SELECT body FROM document WHERE kind = ? ORDER BY number"
    with closing(sqlite3.connect(department.folder / "hall.db")) as table:
        return [json.loads(body) for (body,) in table.execute(question, (kind,))]


def bare(documents):
    return [{name: value for name, value in one.items() if name != "updatedAt"} for one in documents]


def test_a_token_is_for_its_client_alone(standing):
    assert token(standing).json()["expires_in"] == TOKEN_SECONDS
    assert token(standing, grant_type="password").status_code == 400
    wrong = standing.http.post(f"{standing.url}/oauth/token", data=FORM, auth=(CLIENT, "guessed"))
    assert (wrong.status_code, wrong.json()) == (401, {"error": "invalid_client"})
    for headers in ({}, {"Authorization": "Bearer 9999999999.00"}, {"Authorization": "Bearer 令牌".encode()}):
        refused = standing.http.get(f"{standing.url}/work/cases", headers=headers)
        assert (refused.status_code, refused.json()) == (401, {"error": "invalid_token"})


def test_a_token_ends_after_an_hour(tmp_path):
    make(tmp_path / "hall.db", lambda: [Entry(CASES, "1", "2026-01-01 00:00:00.000", {"caseNo": "1"})])
    now = [1_000_000.0]
    desk = Desk(Journal(tmp_path / "hall.db"), "secret", lambda: now[0])
    basic = {"authorization": "Basic Z29uZ3hpYW5nOnNlY3JldA=="}
    given = json.loads(desk.answer(Request("POST", "/oauth/token", {}, basic, b"grant_type=client_credentials")).body)
    asked = Request("GET", "/work/cases", {}, {"authorization": f"Bearer {given['access_token']}"}, b"")
    assert desk.answer(asked).status == 200
    now[0] += TOKEN_SECONDS
    assert desk.answer(asked).status == 401


@pytest.mark.parametrize("kind", STANDARDS)
def test_what_it_publishes_comes_by_page_and_by_offset(standing, kind):
    there = kept(standing, kind)
    assert len(there) == len(getattr(WORLD, STANDARDS[kind][0]))
    paged, skipped = [], []
    for number in range(1, len(there) // 40 + 2):
        paged += get(standing, f"/catalog/{kind}", page=number, pageSize=40)["data"]
    while (page := get(standing, f"/catalog/{kind}", offset=len(skipped), limit=30))["data"]:
        skipped += page["data"]
    assert bare(paged) == bare(skipped) == there
    assert page["total"] == len(there)


@pytest.mark.parametrize("kind", [CASES, STEPS, PAPERS])
def test_work_comes_in_the_order_of_its_changes(standing, kind):
    told = work(standing, kind)
    assert bare(told) == kept(standing, kind)[: len(told)]
    assert [one["updatedAt"] for one in told] == sorted({one["updatedAt"] for one in told})
    place = len(told) // 2
    assert work(standing, kind, told[place]["updatedAt"])[: len(told) - place] == told[place:]
    assert work(standing, kind, "2030-01-01T00:00:00+08:00") == []


@pytest.mark.parametrize("path", ["/catalog/matters?page=x", "/catalog/matters?limit=1001", "/work/cases?since=today"])
def test_what_it_does_not_understand_it_refuses(standing, path):
    assert standing.http.get(standing.url + path, headers=bearer(standing)).status_code == 400
    assert standing.http.get(f"{standing.url}/catalog/cases", headers=bearer(standing)).status_code == 404


def test_a_case_goes_by_hand_from_its_receipt_to_its_licence(start):
    department = start(MODULE)
    since = work(department, CASES)[-1]["updatedAt"]
    matter = WORLD.matters[0].matter_code
    case = order(department, "open", {"matterCode": matter, "applicant": APPLICANT}).json()["data"]
    name = {"caseNo": case["caseNo"]}
    assert (case["state"], case["dept"]) == ("收件", WORLD.matters[0].department_code)
    assert order(department, "advance", name).json()["data"]["state"] == "受理"
    done = order(department, "finish", {**name, "licenceId": "L1"}).json()["data"]
    assert (done["state"], done["result"], done["licenceId"]) == ("办结", "1", "L1")
    (told,) = work(department, CASES, since)[1:]
    assert bare([told]) == [done]
    steps = [one for one in work(department, STEPS, since) if one["caseNo"] == case["caseNo"]]
    assert [(one["seq"], one["endedAt"] is None) for one in steps] == [(1, False), (2, False)]
    assert order(department, "advance", name).status_code == 404


def test_an_order_that_cannot_be_done_changes_nothing(standing):
    before = {kind: kept(standing, kind) for kind in (CASES, STEPS)}
    assert order(standing, "open", {"matterCode": "none", "applicant": APPLICANT}).status_code == 400
    assert order(standing, "open", {"matterCode": WORLD.matters[0].matter_code}).status_code == 400
    assert order(standing, "finish", {"caseNo": "none"}).status_code == 404
    assert order(standing, "unknown", {}).status_code == 404
    assert {kind: kept(standing, kind) for kind in (CASES, STEPS)} == before


def test_it_keeps_changing_but_for_the_cast_and_comes_back_where_it_was(start):
    first = start(MODULE, every="0.01")
    told = until(lambda: (found := work(first, CASES, "2026-11-22"))[12:] and found)
    assert not {one["caseNo"] for one in told} & {case.process_no for case in SHOWN}
    assert {"收件", "受理", "办结"} & {one["state"] for one in told}
    secret = first.secret("client_secret")
    authority = bearer(first)
    first.stop()
    second = start(MODULE)
    assert (second.url, second.secret("client_secret")) == (first.url, secret)
    assert second.http.get(f"{second.url}/work/cases", headers=authority).status_code == 200
    again = {one["caseNo"] for one in work(second, CASES, "2026-11-22")}
    assert {one["caseNo"] for one in told} <= again


def test_its_description_names_what_each_list_holds(standing):
    described = standing.http.get(f"{standing.url}/openapi.json").json()
    for path, about in described["paths"].items():
        if "get" in about:
            answer = about["get"]["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
            name = answer["data"]["items"]["$ref"].rpartition("/")[2]
            assert set(described["components"]["schemas"][name]["properties"]) == set(get(standing, path)["data"][0])


def test_about_one_case_in_a_hundred_is_dirty_and_the_cast_is_not():
    large = World(20261122, date(2026, 11, 22), 0.1)
    cases = [entry for entry in entries(large) if entry.kind == CASES]
    dirty = [place for place, entry in enumerate(cases) if entry.still and place >= len(large.cast.processes)]
    assert 0.3 * DIRT < len(dirty) / len(cases) < 3 * DIRT


@pytest.mark.parametrize("soil", DIRTS)
def test_every_kind_of_dirt_spoils_a_case(soil):
    (clean,) = [entry.document for entry in entries(WORLD) if entry.name == SHOWN[0].process_no]
    document = {**clean, "applicant": {**clean["applicant"]}}
    soil(document, WORLD.frame.draw("test", 1))
    assert document != clean


async def test_the_hub_keeps_all_of_it_but_cases_without_a_number(start, hub):
    department = start(MODULE, scale="0.03")
    there = {kind: kept(department, kind) for kind in (*STANDARDS, CASES, STEPS, PAPERS)}
    numbered = [case for case in there[CASES] if case["caseNo"]]
    async with hub(department) as it:
        tallies = await it.pull()
        assert {tally.outcome for tally in tallies.values()} == {"done"}, tallies
        created = {name: tally.operations[Operation.CREATED] for name, tally in tallies.items()}
        assert len(await it.quarantined()) == len(there[CASES]) - len(numbered) > 0
        assert created["process"] == len(numbered)
        assert created["process_step"] == len(there[STEPS])
        assert created["submitted_material"] == len(there[PAPERS])
        assert {name: created[name] for name in ("matter", "flow_step", "situation", "material", "form_field")} == {
            "matter": len(there["matters"]), "flow_step": len(there["flow-steps"]),
            "situation": len(there["situations"]), "material": len(there["materials"]),
            "form_field": len(there["form-fields"]),
        }  # fmt: skip
        order(department, "open", {"matterCode": WORLD.matters[0].matter_code, "applicant": APPLICANT})
        again = await it.pull()
    assert again["process"].operations == again["process_step"].operations == {Operation.CREATED: 1}
    assert again["process"].read < 20
