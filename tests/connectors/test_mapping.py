import json
import tomllib
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.model import (
    Binding,
    Canonical,
    CodeList,
    Column,
    Cycle,
    DataType,
    Identifier,
    Item,
    Resource,
    Sharing,
    SharingType,
    SubjectColumn,
    SubjectRef,
)
from connectors.faults import WarningCode
from connectors.mapping import MappedRow, Mapper, Rejected
from connectors.source import SourceMisconfigured, SourceRow

CASES = tomllib.loads((Path(__file__).parents[1] / "cases/conversions.toml").read_text("utf-8"))["case"]
OPEN = Sharing(SharingType.UNCONDITIONAL)
CODES = {
    "kinds": CodeList("kinds", "", "1", {"01": "甲", "02": "乙"}),
    "places": CodeList("places", "", "1", {"350100000000": "福州市"}),
}
USCC, BROKEN_CHECK, CITIZEN = "91350100M000100Y43", "91350211M0000XUF46", "11010519491231002X"


def item(name, type_="C", **more):
    return Item(name, name, DataType(type_), OPEN, **more)


def resource(*items, key=("k",), subjects=()):
    return Resource(
        "r", "rs", "", "", (), "", "", "", OPEN, "", Cycle.DAILY, "", items, key, subjects=tuple(subjects)
    )  # fmt: skip


def mapper(of, *columns, timezone="Asia/Shanghai"):
    return Mapper(of, Binding("b", "r", "s", columns, timezone=timezone), CODES)


def row(**values):
    return SourceRow(values, "a.csv:2")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['type']}:{case['source']}"[:40])
def test_a_source_value_becomes_what_the_table_says(case):
    more = dict(case.get("item", {}))
    if "canonical" in more:
        more["canonical"] = Canonical(more["canonical"])
    column = {**case.get("column", {})}
    column = {name: tuple(value) if isinstance(value, list) else value for name, value in column.items()}
    of = resource(item("k"), item("x", case["type"], **more))
    mapped = mapper(of, Column("k", "k"), Column("x", "x", **column)).map(row(k="1", x=case["source"]))
    stored = case.get("stored")
    assert (mapped.values["x"], type(mapped.values["x"])) == (stored, type(stored))
    assert [code for _, code, _ in mapped.warnings] == ([case["warning"]] if "warning" in case else [])
    assert ("x" in mapped.raw) == case.get("raw", False)
    if "x" in mapped.raw:
        assert mapped.raw["x"] == str(case["source"])


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        (None, "key item k is missing"),
        ("  ", "key item k is missing"),
        ("9135010", "key item k: the number of characters is not the standard's"),
        ("91350100M000100Y4Z", "key item k: a character stands where the standard does not allow it"),
        ("x" * 40, "key item k: the text is longer than the item declares"),
    ],
)
def test_a_row_without_a_possible_key_is_rejected_with_its_reason_and_its_text(given_, reason):
    of = resource(item("k", length=18, canonical=Canonical.CODE, identifier=Identifier.CREDIT_CODE))
    rejected = mapper(of, Column("k", "代码")).map(SourceRow({"代码": given_, "另": datetime(2024, 1, 1)}, "a.csv:9"))
    assert (rejected.position, rejected.reason) == ("a.csv:9", reason)
    assert json.loads(rejected.raw) == {"代码": given_, "另": "2024-01-01 00:00:00"}


def test_a_failed_check_digit_is_a_warning_on_the_record_also_of_a_key():
    of = resource(
        item("k", length=18, canonical=Canonical.CODE, identifier=Identifier.CREDIT_CODE),
        subjects=[SubjectColumn("k", kind="company", base=True)],
    )
    mapped = mapper(of, Column("k", "k")).map(row(k=BROKEN_CHECK.lower()))
    assert mapped.key == (BROKEN_CHECK,)
    assert mapped.raw == {"k": BROKEN_CHECK.lower()}
    assert mapped.warnings == (
        ("k", "check_failed", "the check character is not the one that the other characters give"),
    )
    assert mapped.subjects == (("k", "company", "", BROKEN_CHECK),)


HOLDER = SubjectColumn(
    "code",
    discriminator="kind",
    kinds={
        "1": SubjectRef("company", identifier=Identifier.CREDIT_CODE),
        "2": SubjectRef("person", "111", Identifier.CITIZEN_NUMBER),
        "3": SubjectRef("person", "414"),
    },
)


@pytest.mark.parametrize(
    ("kind", "code", "subject", "warnings"),
    [
        ("1", USCC, ("code", "company", "", USCC), []),
        ("2", CITIZEN.lower(), ("code", "person", "111", CITIZEN), []),
        ("2", "110105491231002", ("code", "person", "111", CITIZEN), []),
        ("2", CITIZEN[:17] + "1", ("code", "person", "111", CITIZEN[:17] + "1"), ["check_failed"]),
        ("2", "无", None, ["bad_shape"]),
        ("3", "e12345678", ("code", "person", "414", "E12345678"), []),
        ("9", USCC, None, []),
        (None, USCC, None, []),
        ("1", None, None, []),
    ],
)
def test_a_discriminator_says_whom_a_code_names_and_by_which_standard_it_is_judged(kind, code, subject, warnings):
    of = resource(item("k"), item("code", canonical=Canonical.CODE), item("kind"), subjects=[HOLDER])
    mapped = mapper(of, Column("k", "k"), Column("code", "c"), Column("kind", "z")).map(row(k="1", c=code, z=kind))
    assert mapped.subjects == ((subject,) if subject else ())
    assert [warned for _, warned, _ in mapped.warnings] == warnings


def test_an_identifier_that_names_no_subject_is_judged_too():
    of = resource(item("k"), item("office", identifier=Identifier.CREDIT_CODE))
    mapped = mapper(of, Column("k", "k"), Column("office", "o")).map(row(k="1", o="123"))
    assert (mapped.values["office"], mapped.warnings[0][:2]) == ("123", ("office", "bad_shape"))


def test_every_item_is_there_and_a_constant_is_the_same_in_every_row():
    of = resource(item("k"), item("kind", code_list="kinds"), item("on", "D"), item("none"))
    mapped = mapper(of, Column("k", "k"), Column("kind", constant="01"), Column("on", constant="2024/1/2")).map(
        row(k=7)
    )
    assert mapped == MappedRow(
        "a.csv:2", ("7",), {"k": "7", "kind": "01", "on": "2024-01-02", "none": None}, {}, (), ()
    )


def test_a_part_of_a_column_does_not_bring_the_whole_text_under_another_item():
    of = resource(item("k"), item("year"))
    year = Column("year", "id", pattern=r"\d{6}(?P<value>\d{4}).{8}")
    mapped = mapper(of, Column("k", "id"), year).map(row(id=CITIZEN))
    assert (mapped.values["year"], mapped.raw) == ("1949", {})
    mapped = mapper(of, Column("k", "id"), year).map(row(id="E12345678"))
    assert (mapped.values["year"], mapped.raw, mapped.warnings[0][:2]) == (None, {}, ("year", "not_matched"))


def test_a_binding_s_time_zone_is_what_a_naive_time_means():
    of = resource(item("k"), item("at", "T"))
    mapped = mapper(of, Column("k", "k"), Column("at", "t"), timezone="UTC").map(row(k="1", t="2024-01-01 08:00"))
    assert mapped.values["at"] == "2024-01-01T08:00:00.000Z"


@pytest.mark.parametrize(
    ("column", "timezone"),
    [
        (Column("nowhere", "x"), "Asia/Shanghai"),
        (Column("n", "x", pattern="("), "Asia/Shanghai"),
        (Column("n", "x", pattern=r"\d+"), "Asia/Shanghai"),
        (Column("n", "x", pattern=r"(?P<value>\d+)", units={"万": "1"}), "Asia/Shanghai"),
        (Column("n", "x", pattern=r"(?P<value>\d+)(?P<unit>.)", units={"万": "x"}), "Asia/Shanghai"),
        (Column("n", constant="x"), "Asia/Shanghai"),
        (Column("n", "x"), "Asia/Nowhere"),
    ],
)
def test_a_binding_that_cannot_be_followed_is_misconfigured_when_the_pull_begins(column, timezone):
    with pytest.raises(SourceMisconfigured, match=rf"^b: item {column.item}"):
        mapper(resource(item("k"), item("n", "N")), column, timezone=timezone)


def test_a_warning_never_holds_the_value_it_warns_of():
    assert {code for code in WarningCode if "{" in code.sentence} == set()
    of = resource(item("k"), item("n", "N"))
    mapped = mapper(of, Column("k", "k"), Column("n", "n")).map(row(k="1", n="geheim"))
    assert "geheim" not in str(mapped.warnings)


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.datetimes(), st.dates(), st.times(),
    st.decimals(), st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.from_regex(r"\A[-0-9０-９,.年月日/: TZ+万元%eE]{1,24}\Z"),
)  # fmt: skip
PYTHON = {
    "C": str,
    "M": str,
    "G": str,
    "D": str,
    "T": str,
    "L": bool,
    "I": int,
    "N": int,
    "Y": int,
    "B": float,
    "F": float,
}
ODD = resource(
    item("k"),
    *[item(letter.value, letter.value, scale=2 if letter.value in "NY" else 0) for letter in DataType],
    item("coded", code_list="kinds"),
    item("unit", "N", scale=2),
)
ODD_MAPPER = mapper(
    ODD,
    Column("k", constant="1"),
    *[Column(letter.value, "x") for letter in DataType],
    Column("coded", "x", codes={"a": "01"}),
    Column("unit", "x", pattern=r"(?P<value>.*?)(?P<unit>[万%]?)", units={"万": "10000", "": "1", "%": "0.01"}),
)


@given(ANYTHING)
def test_whatever_a_source_sends_is_a_value_of_its_type_or_a_warning(value):
    mapped = ODD_MAPPER.map(SourceRow({"x": value}, "1"))
    assert isinstance(mapped, MappedRow)
    for letter, kind in PYTHON.items():
        stored = mapped.values[letter]
        assert stored is None or type(stored) is kind
        assert not isinstance(stored, int) or abs(stored) <= 2**53
    told = {name for name, _, _ in mapped.warnings}
    given_ = value is not None and str(value).strip() != ""
    assert not given_ or all(mapped.values[letter] is not None or letter in told for letter in PYTHON)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_a_decimal_is_stored_exactly_in_every_writing(amount):
    of = resource(item("k"), item("n", "Y", scale=2))
    once = mapper(of, Column("k", "k"), Column("n", "n"))
    for written in (amount, str(amount), f"{amount:,}", f" {amount} "):
        assert once.map(row(k="1", n=written)).values["n"] == int(amount * 100)
    assert Decimal(once.map(row(k="1", n=str(amount))).values["n"]) / 100 == amount


def test_a_rejected_row_is_told_apart_by_type():
    assert isinstance(mapper(resource(item("k")), Column("k", "k")).map(row()), Rejected)
