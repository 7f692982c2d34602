"""Real registration files (read where they lie, never copied): loaded by the example binding, asked by city and by code.

Needs the folder `legal_persons` of real files: LEGAL_PERSONS_DIR, or `../shared/data/legal_persons` beside the project.
"""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auth.bearer import Principal
from auth.ports import Client
from hub.engine.operation import Operation
from hub.services import open_services, utc_now
from hub.settings import Settings

ROOT = Path(__file__).parent.parent.parent
FILES = Path(os.environ.get("LEGAL_PERSONS_DIR", ROOT.parent / "shared/data/legal_persons"))
EXAMPLE = ROOT / "docs/examples/legal-persons/legal-persons.toml"
ROWS = 11_225

pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason=f"there are no real files at {FILES}")


def hub(store, *arguments):
    environment = {**os.environ, "HUB_CATALOGUE": store, "HUB_RECORDS": store, "LEGAL_PERSONS_DIR": str(FILES)}
    done = subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('real')}"
    hub(url, "catalogue", "add", str(EXAMPLE))
    return url, hub(url, "pull", "legal_person")


@pytest.fixture(scope="module")
def source():
    rows = []
    for path in sorted(FILES.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows.extend(csv.DictReader(file))
    return rows


async def ask(store, text, **variables):
    async with open_services(Settings(catalogue=store, records=store)) as services:
        scopes = frozenset({"legal_person:read", "catalogue:read"})
        await services.stores.access.save_client(Client("reader", "试用", "11350000003600335A", scopes, ()))
        await services.publication.confirm()
        principal = Principal("reader", "11350000003600335A", scopes, "t", utc_now().replace(year=2099))
        operation = Operation(text, None, variables, principal, None, "real-files")
        answer = await services.engine.answer(operation)
    assert not answer.errors, answer.errors
    return answer.data


async def test_every_row_is_a_record_or_quarantined_with_its_reason(store, source):
    url, report = store
    assert len(source) == ROWS
    served = (await ask(url, "{ legalPersons { totalCount } }"))["legalPersons"]["totalCount"]
    quarantined = int(report.partition(" quarantined")[0].rpartition(" ")[2].replace(",", ""))
    assert served + quarantined == ROWS, report
    assert quarantined <= 1, report


async def test_the_kinds_of_code_are_counted_as_they_stand_in_the_files(store):
    url, _ = store
    document = "query($p: String!) { legalPersons(where: { uscc: { prefix: $p } }) { totalCount } }"
    counts = {p: (await ask(url, document, p=p))["legalPersons"]["totalCount"] for p in ("91", "92", "93")}
    assert sum(counts.values()) >= ROWS - 1
    assert abs(counts["91"] - 10_701) <= 1
    assert (counts["92"], counts["93"]) == (446, 78)


async def test_a_question_by_city_answers_and_pages_through(store, source):
    url, _ = store
    city = "三明"
    document = """query($a: String) { legalPersons(first: 1000, after: $a, where: { divisionCode: { eq: "350400" } }) {
        totalCount nodes { uscc name divisionCode { code name } } pageInfo { hasNextPage endCursor } } }"""
    found, after = [], None
    while True:
        page = (await ask(url, document, a=after))["legalPersons"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    expected = {row["统一社会信用代码"].strip() for row in source if row["地区"] == city}
    assert {node["uscc"] for node in found} == expected
    assert page["totalCount"] == len(found) == len(expected)
    assert {node["divisionCode"]["name"] for node in found} == {"三明市"}


async def test_a_question_by_code_answers_with_a_capital_and_its_currency(store, source):
    url, _ = store
    row = next(row for row in source if row["注册资金"].startswith("100(万元"))
    document = (
        "query($u: String!) { legalPerson(uscc: $u) { name legalRepName registeredCapital capitalCurrency { code } } }"
    )
    found = (await ask(url, document, u=row["统一社会信用代码"].lower()))["legalPerson"]
    assert found["name"] == row["企业名称"]
    assert found["legalRepName"] == row["法人代表"]
    assert float(found["registeredCapital"]) == 100
    assert found["capitalCurrency"]["code"] == "CNY"
