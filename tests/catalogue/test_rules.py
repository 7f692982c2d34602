from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.fold import fold
from catalogue.rules import (
    FALSE,
    SHANGHAI,
    TRUE,
    Among,
    Compare,
    Either,
    Every,
    Linked,
    Not,
    Op,
    Quantifier,
    Reached,
    both,
    holds,
    instant,
    items_of,
    latest_reached,
    stored_time,
    walk,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=SHANGHAI)
EQUAL = [Op.EQ, Op.NE]
RANGE = [Op.LT, Op.LTE, Op.GT, Op.GTE]

stored_dates = st.dates(date(1995, 1, 1), date(2090, 1, 1)).map(date.isoformat)
stored_times = st.datetimes(datetime(1995, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(stored_time)
moments = st.datetimes(
    datetime(2000, 1, 1), datetime(2085, 1, 1), timezones=st.sampled_from([UTC, SHANGHAI, ZoneInfo("America/New_York")])
)
days = st.integers(-400, 400)
values = {
    "code": st.sampled_from(["", "1", "12", "2024年A类企业", "電子", "电子"]),
    "amount": st.integers(-3, 3),
    "share": st.sampled_from([-0.5, 0.0, 2.5]),
    "open": st.booleans(),
    "valid_to": st.sampled_from(["1995-01-01", "2026-02-28", "2026-03-01", "2026-03-02", "9999-12-31"]),
    "due_at": st.sampled_from(["2026-03-01T03:59:59.999Z", "2026-03-01T04:00:00.000Z", "2026-03-01T04:00:00.001Z"]),
}
rows = st.fixed_dictionaries({}, optional={name: st.none() | each for name, each in values.items()})


@st.composite
def comparisons(draw):
    name = draw(st.sampled_from(sorted(values)))
    op = draw(st.sampled_from(Op))
    match op:
        case Op.IS_NULL:
            return Compare(name, op, draw(st.booleans()))
        case Op.IN | Op.NOT_IN:
            return Compare(name, op, tuple(draw(st.lists(values[name], max_size=3))))
        case _:
            return Compare(name, op, draw(values[name]))


among = st.builds(
    Among,
    st.just(("code", "amount")),
    st.frozensets(st.tuples(st.none() | values["code"], st.none() | values["amount"]), max_size=3),
)
reached = st.builds(Reached, st.sampled_from(["valid_to", "due_at"]), st.integers(-40, 40))
rules = st.recursive(
    comparisons() | reached | among | st.sampled_from([TRUE, FALSE]),
    lambda part: (
        st.builds(Not, part) | st.builds(Every, st.tuples(part, part)) | st.builds(Either, st.tuples(part, part))
    ),
    max_leaves=6,
)


@given(rules, rows)
def test_a_rule_holds_or_its_negation_does_and_never_both(rule, row):
    assert holds(Not(rule), row, NOW) is not holds(rule, row, NOW)


@given(st.tuples(rules, rules), rows)
def test_negation_turns_every_into_either_and_back(parts, row):
    none_of, some_not = Not(Either(parts)), Either(tuple(map(Not, parts)))
    assert holds(none_of, row, NOW) == holds(Every(tuple(map(Not, parts))), row, NOW)
    assert holds(some_not, row, NOW) == holds(Not(Every(parts)), row, NOW)


@given(st.lists(rules, max_size=4), rows)
def test_both_is_the_conjunction_of_its_parts(parts, row):
    assert holds(both(*parts), row, NOW) == all(holds(part, row, NOW) for part in parts)


def test_both_leaves_out_what_is_always_true_and_lies_flat():
    one, two = Compare("code", Op.EQ, "1"), Not(TRUE)
    assert both() == both(TRUE, TRUE) == TRUE
    assert both(TRUE, one) == one
    assert both(both(one, two), one) == Every((one, two, one))


@given(rules, rows)
def test_a_rule_reads_only_the_items_that_it_names(rule, row):
    assert holds(rule, {name: value for name, value in row.items() if name in items_of(rule)}, NOW) == holds(
        rule, row, NOW
    )


@given(
    st.sampled_from(sorted(values)).flatmap(
        lambda n: st.tuples(st.just(n), values[n], st.lists(values[n], max_size=3))
    ),
    rows,
)
def test_ne_and_not_in_are_the_negations_of_eq_and_in(drawn, row):
    name, value, several = drawn
    assert holds(Compare(name, Op.NE, value), row, NOW) == (not holds(Compare(name, Op.EQ, value), row, NOW))
    assert holds(Compare(name, Op.NOT_IN, tuple(several)), row, NOW) != holds(
        Compare(name, Op.IN, tuple(several)), row, NOW
    )


@given(st.sampled_from(sorted(values)), st.data())
def test_in_is_eq_to_one_of_several(name, data):
    row, several = data.draw(rows), data.draw(st.lists(values[name], max_size=3))
    either = Either(tuple(Compare(name, Op.EQ, each) for each in several))
    assert holds(Compare(name, Op.IN, tuple(several)), row, NOW) == holds(either, row, NOW)


@given(comparisons())
def test_a_comparison_with_an_absent_value_is_false_but_for_the_negations(rule):
    expected = {Op.NE: True, Op.NOT_IN: True, Op.IS_NULL: rule.value}.get(rule.op, False)
    assert holds(rule, {}, NOW) is expected
    assert holds(rule, {rule.item: None}, NOW) is expected


@given(st.sampled_from(["code", "amount", "share", "valid_to", "due_at"]), st.data())
def test_of_two_values_one_is_less_equal_or_greater(name, data):
    value, wanted = data.draw(values[name]), data.draw(values[name])
    lt, lte, gt, gte, eq = (holds(Compare(name, op, wanted), {name: value}, NOW) for op in [*RANGE, Op.EQ])
    assert [lt, eq, gt].count(True) == 1
    assert (lte, gte) == (not gt, not lt)


@pytest.mark.parametrize("op", [Op.PREFIX, Op.CONTAINS])
def test_only_text_begins_with_or_contains_something(op):
    assert not holds(Compare("amount", op, 1), {"amount": 1}, NOW)
    assert not holds(Compare("amount", op, "1"), {"amount": 1}, NOW)


def test_not_a_number_is_neither_less_nor_greater_than_any():
    assert not any(holds(Compare("share", op, 0.5), {"share": float("nan")}, NOW) for op in [*RANGE, Op.EQ])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("電子", True), ("证照", True), ("子照", False), ("", False), ("，", False), ("２０２４", True), ("24", False)],
)
def test_contains_finds_terms_that_stand_side_by_side(wanted, found):
    assert holds(Compare("name", Op.CONTAINS, wanted), {"name": "2024年电子證照"}, NOW) is found


@given(st.text(), st.text())
def test_contains_is_what_the_foldings_say(wanted, text):
    expected = bool(fold(wanted)) and f" {fold(wanted)} " in f" {fold(text)} "
    assert holds(Compare("name", Op.CONTAINS, wanted), {"name": text}, NOW) is expected


def test_no_text_without_a_term_contains_nothing():
    assert not holds(Compare("name", Op.CONTAINS, "。"), {"name": "！"}, NOW)


def test_an_absent_key_is_among_nothing():
    rule = Among(("code", "amount"), frozenset({("1", None), ("1", 2)}))
    assert holds(rule, {"code": "1", "amount": 2}, NOW)
    assert not holds(rule, {"code": "1", "amount": None}, NOW)
    assert not holds(rule, {"code": "1"}, NOW)


@pytest.mark.parametrize(
    ("value", "days", "first"),
    [
        ("2026-03-31", -30, datetime(2026, 3, 1, tzinfo=SHANGHAI)),
        ("2026-03-01", 0, datetime(2026, 2, 28, 16, 0, tzinfo=UTC)),
        ("2024-02-29", 365, datetime(2025, 2, 28, tzinfo=SHANGHAI)),
        ("2026-03-01T04:00:00.000Z", 0, datetime(2026, 3, 1, 12, 0, tzinfo=SHANGHAI)),
        ("2026-03-01T04:00:00.001Z", 7, datetime(2026, 3, 8, 12, 0, 0, 1000, tzinfo=SHANGHAI)),
    ],
)
def test_a_moment_is_reached_at_its_first_instant_and_not_a_microsecond_before(value, days, first):
    rule, row = Reached("valid_to", days), {"valid_to": value}
    assert holds(rule, row, first)
    assert not holds(rule, row, first - timedelta(microseconds=1))


@given(stored_dates | stored_times, days, moments)
def test_reached_is_what_the_calendar_says(value, plus, now):
    assert holds(Reached("at", plus), {"at": value}, now) == (instant(value, plus) <= now)


@given(stored_dates | stored_times, days)
def test_the_instant_of_a_moment_is_the_boundary_itself(value, plus):
    at, row = instant(value, plus), {"at": value}
    assert holds(Reached("at", plus), row, at)
    assert not holds(Reached("at", plus), row, at - timedelta(microseconds=1))


@given(moments, days)
def test_latest_reached_is_reached_and_the_next_date_or_millisecond_is_not(now, plus):
    day = latest_reached(now, plus, date=True)
    time = latest_reached(now, plus, date=False)
    next_day = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    next_time = stored_time(datetime.fromisoformat(time) + timedelta(milliseconds=1))
    assert instant(day, plus) <= now < instant(next_day, plus)
    assert instant(time, plus) <= now < instant(next_time, plus)


@given(moments, st.sampled_from([-30, 0, 30]))
def test_a_date_that_stands_for_never_is_not_reached_and_an_absent_one_neither(now, plus):
    assert not holds(Reached("valid_to", plus), {"valid_to": "9999-12-31"}, now)
    assert not holds(Reached("valid_to", plus), {"valid_to": "9999-12-31T23:59:59.999Z"}, now)
    assert not holds(Reached("valid_to", plus), {"valid_to": None}, now)
    assert not holds(Reached("valid_to", plus), {}, now)


@given(moments)
def test_a_stored_time_names_its_instant_to_the_millisecond_and_has_one_length(at):
    text = stored_time(at)
    assert len(text) == len("2026-03-01T04:00:00.000Z")
    assert timedelta(0) <= at - instant(text) < timedelta(milliseconds=1)


@given(st.lists(moments, min_size=2))
def test_stored_times_sort_as_their_instants(several):
    instants = sorted(several, key=lambda at: at.astimezone(UTC))
    assert [stored_time(at) for at in instants] == sorted(stored_time(at) for at in several)


def test_early_years_keep_their_four_digits():
    assert stored_time(datetime(999, 1, 1, tzinfo=UTC)) == "0999-01-01T00:00:00.000Z"
    assert latest_reached(datetime(999, 7, 1, tzinfo=UTC), 0, date=True).startswith("0999-")


def test_a_condition_on_a_link_is_not_judged_on_a_row():
    linked = Linked("licences", Quantifier.SOME, TRUE)
    with pytest.raises(TypeError):
        holds(linked, {}, NOW)
    assert list(walk(Not(linked))) == [Not(linked), linked]
    assert items_of(Every((linked, Compare("code", Op.EQ, "1")))) == {"code"}
