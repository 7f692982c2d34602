"""The written form of rules: what it means, what is refused, and that writing and reading undo each other."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.faults import Fault
from catalogue.model import (
    Canonical,
    Cycle,
    DataType,
    Item,
    Link,
    Moment,
    Resource,
    Sharing,
    SharingType,
)
from catalogue.rules import FALSE, TRUE, Among, Compare, Either, Every, Linked, Not, Op, Quantifier, Reached
from catalogue.where import LiteralError, literal, operators, parse_rule, rule_to_mapping
from tests.catalogue.strategies import bare_resources, rules

OPEN = Sharing(SharingType.UNCONDITIONAL)


def item(name, letter, **fields):
    return Item(name, name, DataType(letter), OPEN, **fields)


PERMIT = Resource(
    name="permit", plural="permits", title="许可", code="1/1", classification=(), provider="p", abstract="a",
    format="f", sharing=OPEN, open_attribute="o", cycle=Cycle.DAILY, published_on="2026-01-01", key=("code",),
    items=(
        item("code", "C", length=18, canonical=Canonical.CODE),
        item("division", "C", length=6, canonical=Canonical.DIVISION, code_list="division"),
        item("name", "C", length=50),
        item("fee", "N", length=10, scale=2),
        item("days", "I"),
        item("share", "B"),
        item("open", "L"),
        item("valid_to", "D"),
        item("at", "T"),
        item("memo", "M"),
        item("file", "G"),
    ),
    moments=(Moment("expiring", "即将到期", "valid_to", -30), Moment("expired", "到期", "valid_to")),
    links=(Link("holder", "持证人", "permit", "person", (("code", "number"),), "permits", "许可", OPEN),),
)  # fmt: skip

MEANS = [
    ({}, TRUE),
    ({"name": {"eq": "甲"}}, Compare("name", Op.EQ, "甲")),
    ({"name": {}}, TRUE),
    ({"fee": {"gte": 1, "lt": "2.5"}}, Every((Compare("fee", Op.GTE, 100), Compare("fee", Op.LT, 250)))),
    (
        {"name": {"ne": "甲"}, "days": {"gt": 3}},
        Every((Compare("name", Op.NE, "甲"), Compare("days", Op.GT, 3))),
    ),
    ({"expiring": True}, Reached("valid_to", -30)),
    ({"expired": False}, Not(Reached("valid_to", 0))),
    ({"or": [{"expired": True}, {"open": {"eq": False}}]}, Either((Reached("valid_to", 0), Compare("open", Op.EQ, False)))),
    ({"and": []}, TRUE),
    ({"or": []}, FALSE),
    ({"not": {"memo": {"contains": "代码"}}}, Not(Compare("memo", Op.CONTAINS, "代码"))),
    ({"code": {"in": [" ａ1 ", "b"]}}, Compare("code", Op.IN, ("A1", "B"))),
    ({"code": {"prefix": "91a"}}, Compare("code", Op.PREFIX, "91A")),
    ({"division": {"eq": "350100"}}, Compare("division", Op.EQ, "350100000000")),
    ({"division": {"prefix": "35"}}, Compare("division", Op.PREFIX, "35")),
    ({"valid_to": {"isNull": True}}, Compare("valid_to", Op.IS_NULL, True)),
    ({"valid_to": {"lte": date(2026, 1, 31)}}, Compare("valid_to", Op.LTE, "2026-01-31")),
    ({"at": {"lt": "2026-01-31T08:00:00"}}, Compare("at", Op.LT, "2026-01-31T00:00:00.000Z")),
    ({"at": {"lt": datetime(2026, 1, 31, tzinfo=UTC)}}, Compare("at", Op.LT, "2026-01-31T00:00:00.000Z")),
]  # fmt: skip


@pytest.mark.parametrize(("written", "rule"), MEANS, ids=[str(written) for written, _ in MEANS])
def test_a_mapping_means_its_rule(written, rule):
    assert parse_rule(written, PERMIT) == (rule, ())


REFUSED = [
    ("name = 甲", "", "rule-form"),
    ({"name": "甲"}, "name", "rule-form"),
    ({"or": {"name": {"eq": "甲"}}}, "or", "rule-form"),
    ({"or": [{"name": {"eq": "甲"}}, 3]}, "or.1", "rule-form"),
    ({"expired": "yes"}, "expired", "rule-form"),
    ({"nmae": {"eq": "甲"}}, "nmae", "rule-name"),
    ({"holder": {"some": {"name": {"eq": "甲"}}}}, "holder", "rule-name"),
    ({"AND": []}, "AND", "rule-name"),
    ({"name": {"like": "%"}}, "name.like", "rule-operator"),
    ({"memo": {"eq": "x"}}, "memo.eq", "rule-operator"),
    ({"division": {"lt": "35"}}, "division.lt", "rule-operator"),
    ({"open": {"in": [True]}}, "open.in", "rule-operator"),
    ({"name": {"eq": 3}}, "name.eq", "rule-value"),
    ({"name": {"eq": None}}, "name.eq", "rule-value"),
    ({"name": {"in": "甲"}}, "name.in", "rule-value"),
    ({"name": {"contains": "、"}}, "name.contains", "rule-value"),
    ({"name": {"isNull": "no"}}, "name.isNull", "rule-value"),
    ({"fee": {"eq": "1.005"}}, "fee.eq", "rule-value"),
    ({"fee": {"eq": True}}, "fee.eq", "rule-value"),
    ({"fee": {"eq": "1e999999"}}, "fee.eq", "rule-value"),
    ({"fee": {"eq": "NaN"}}, "fee.eq", "rule-value"),
    ({"fee": {"eq": "99999999999999.99"}}, "fee.eq", "rule-value"),
    ({"days": {"eq": 1.5}}, "days.eq", "rule-value"),
    ({"days": {"eq": 2**53 + 1}}, "days.eq", "rule-value"),
    ({"share": {"eq": "1"}}, "share.eq", "rule-value"),
    ({"valid_to": {"eq": "2026-02-30"}}, "valid_to.eq", "rule-value"),
    ({"valid_to": {"eq": datetime(2026, 1, 1)}}, "valid_to.eq", "rule-value"),
    ({"at": {"eq": "0001-01-01T00:00:00"}}, "at.eq", "rule-value"),
]


@pytest.mark.parametrize(("written", "place", "rule"), REFUSED, ids=[str(case[0]) for case in REFUSED])
def test_a_mapping_that_means_nothing_is_a_fault_with_its_place_and_never_a_rule(written, place, rule):
    found, faults = parse_rule(written, PERMIT, file="grant.toml", place="rows")
    assert found == FALSE
    assert [(f.file, f.place, f.rule) for f in faults] == [("grant.toml", f"rows.{place}".rstrip("."), rule)]


def test_all_faults_of_a_rule_are_reported_together():
    _, faults = parse_rule({"nmae": {}, "or": [{"fee": {"eq": "x"}}, {"days": {"contains": "1"}}]}, PERMIT)
    assert [fault.place for fault in faults] == ["nmae", "or.0.fee.eq", "or.1.days.contains"]
    assert all(isinstance(fault, Fault) for fault in faults)


def test_a_rule_nested_beyond_reason_is_refused_before_it_exhausts_anything():
    rule = {"name": {"eq": "甲"}}
    for _ in range(20):
        rule = {"not": rule}
    assert parse_rule(rule, PERMIT)[1] == ()
    for _ in range(300):
        rule = {"not": rule}
    (fault,) = parse_rule(rule, PERMIT)[1]
    assert (fault.rule, fault.message) == ("rule-form", "the rule is nested too deep")


def test_a_fault_says_which_item_would_explain_it():
    (fault,) = parse_rule({"fee": {"eq": "x"}}, PERMIT)[1]
    assert fault.about == {("permit", "fee")}


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_writing_and_reading_a_rule_undo_each_other(data):
    resource = data.draw(bare_resources())
    rule = data.draw(rules(resource))
    assert parse_rule(rule_to_mapping(rule, resource), resource) == (rule, ())


def test_a_conjunction_is_written_side_by_side_and_decimals_as_text():
    rule = Every((Compare("fee", Op.GT, 1250), Reached("valid_to", -30)))
    assert rule_to_mapping(rule, PERMIT) == {"fee": {"gt": "12.5"}, "expiring": True}


@pytest.mark.parametrize(
    "rule",
    [
        Linked("holder", Quantifier.SOME, TRUE),
        Among(("code",), frozenset({("A",)})),
        Reached("valid_to", -7),
    ],
    ids=["a link", "keys", "a point of time that no moment names"],
)
def test_what_has_no_written_form_is_refused(rule):
    with pytest.raises(ValueError, match="no "):
        rule_to_mapping(rule, PERMIT)


def test_an_operand_by_itself_comes_into_stored_form_or_says_what_would_fit():
    assert literal(PERMIT.item("fee"), Op.EQ, Decimal("1.10")) == 110
    with pytest.raises(LiteralError, match="at most 2 decimals"):
        literal(PERMIT.item("fee"), Op.EQ, "1.001")


def test_every_type_can_be_asked_for_being_absent():
    assert all(Op.IS_NULL in operators(each) for each in PERMIT.items)
