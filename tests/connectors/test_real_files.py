"""Real registration files, read where they lie: `LEGAL_PERSONS_DIR`, or `../shared/data/legal_persons` beside the checkout."""

import os
from collections import Counter
from pathlib import Path

import pytest

from catalogue.base import shipped
from catalogue.check import accept
from catalogue.descriptor import read_files
from connectors.mapping import MappedRow, Mapper
from connectors.registry import open_source

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("LEGAL_PERSONS_DIR", ROOT.parent / "shared/data/legal_persons"))
EXAMPLE = ROOT / "docs/examples/legal-persons/legal-persons.toml"


@pytest.fixture(scope="module")
def catalogue():
    return accept(read_files([EXAMPLE], shipped()), shipped())


def test_the_example_fits_the_shipped_resource(catalogue):
    assert list(catalogue.bindings) == ["registration_files_legal_person"]


@pytest.fixture(scope="module")
def mapped(catalogue):
    if not FOLDER.is_dir():
        pytest.skip(f"no real registration files in {FOLDER}")
    import asyncio

    (binding,), (system,) = catalogue.bindings.values(), catalogue.systems.values()
    everything = shipped().with_(catalogue)
    mapper = Mapper(everything.resources[binding.resource], binding, everything.code_lists)

    async def read():
        source = open_source(system, binding, {"env:LEGAL_PERSONS_DIR": str(FOLDER)}.__getitem__)
        await source.check()
        return [mapper.map(row) async for page in source.pull(None) for row in page.rows]

    return asyncio.run(read())


def count(rows, item):
    return Counter(row.values[item] for row in rows)


def warned(rows):
    return Counter((item, code) for row in rows for item, code, _ in row.warnings)


def test_every_row_becomes_a_record_with_a_key_of_its_own(mapped):
    assert len(mapped) == 11_225
    assert all(isinstance(row, MappedRow) for row in mapped)
    assert len({row.key for row in mapped}) == 11_225
    assert all(row.subjects == (("uscc", "legal_person", "", row.key[0]),) for row in mapped)


def test_codes_say_what_kind_of_subject_it_is_and_no_check_fails(mapped):
    assert Counter(row.key[0][:2] for row in mapped) == {"91": 10_701, "92": 446, "93": 78}
    assert count(mapped, "subject_kind") == {"01": 10_701, "02": 446, "03": 78}
    assert not [code for item, code in warned(mapped) if item == "uscc"]


def test_what_is_missing_is_null_without_a_warning_and_what_is_bad_is_null_with_one(mapped):
    assert warned(mapped) == {
        ("org_type", "unknown_code"): 23,
        ("registered_capital", "not_matched"): 5,
        ("capital_currency", "not_matched"): 1,
    }
    assert count(mapped, "org_type")[None] == 4_436 + 23
    assert count(mapped, "registered_capital")[None] == 1_447 + 5
    assert count(mapped, "capital_currency") == {"CNY": 9_711, "USD": 37, "JPY": 1, None: 1_447 + 4 + 24 + 1}


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("20万人民币", 20_000_000, "CNY"),
        ("100万元人民币", 100_000_000, "CNY"),
        ("20(万元人民币)", 20_000_000, "CNY"),
        ("4,765.1827(万元人民币)", 4_765_182_700, "CNY"),
        ("0.0888万元人民币", 88_800, "CNY"),
        ("50(万元)", 50_000_000, "CNY"),
        ("1,000(万)", 1_000_000_000, None),
        ("1.5000(万美元)", 1_500_000, "USD"),
        ("3,000(万美元)", 3_000_000_000, "USD"),
        ("30000万美元", 30_000_000_000, "USD"),
        ("800万日元", 800_000_000, "JPY"),
        ("N/A", None, None),
    ],
)
def test_every_spelling_of_capital_is_an_amount_and_a_currency(mapped, text, amount, currency, catalogue):
    del mapped
    (binding,) = catalogue.bindings.values()
    everything = shipped().with_(catalogue)
    mapper = Mapper(everything.resources[binding.resource], binding, everything.code_lists)
    row = mapper.map(source_row(text))
    assert (row.values["registered_capital"], row.values["capital_currency"], row.warnings) == (amount, currency, ())


def source_row(capital):
    from connectors.source import SourceRow

    return SourceRow({"统一社会信用代码": "91350100M000100Y43", "注册资金": capital}, "x.csv:2")


def test_a_city_s_companies_are_found_by_its_division(mapped):
    divisions = count(mapped, "division_code")
    assert (divisions["350200000000"], divisions["320100000000"], divisions["350100000000"]) == (2_175, 2_096, 450)
    assert len(divisions) == 22


def test_the_shifted_row_keeps_its_key_and_loses_the_items_that_moved(mapped):
    (shifted,) = [row for row in mapped if row.key == ("91350400MA32K7W49G",)]
    assert shifted.position == "福建_2019.csv:4397"
    assert [(item, code) for item, code, _ in shifted.warnings] == [
        ("org_type", "unknown_code"),
        ("registered_capital", "not_matched"),
        ("capital_currency", "not_matched"),
    ]
    assert shifted.raw == {
        "org_type": "100万元人民币",
        "registered_capital": "SOHAYL",
        "capital_currency": "SOHAYL",
        "division_code": "三明",
    }
    assert shifted.values["established_on"] == "2019-03-18"
