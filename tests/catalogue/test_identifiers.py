import tomllib
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from catalogue import identifiers
from catalogue.identifiers import (
    Reason,
    citizen_number,
    citizen_number_with_check_character,
    credit_code,
    credit_code_with_check_character,
    organisation_code,
    organisation_code_with_check_character,
    upgrade_15_to_18,
)

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "identifiers.toml").read_text(encoding="utf-8"))["case"]
CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
RULES = ["credit_code", "organisation_code", "citizen_number", "residence_permit", "division_code", "project_code"]

divisions = st.integers(100_000, 999_999).map(str)
birthdays = st.dates(date(1800, 1, 1), date(2099, 12, 31)).map(lambda d: d.strftime("%Y%m%d"))


@st.composite
def credit_codes(draw):
    head = draw(st.text(CREDIT_LETTERS, min_size=2, max_size=2)) + draw(divisions)
    body = draw(st.text(CREDIT_LETTERS, min_size=8, max_size=8))
    return credit_code_with_check_character(head + organisation_code_with_check_character(body))


@st.composite
def citizen_numbers(draw):
    return citizen_number_with_check_character(
        draw(divisions) + draw(birthdays) + draw(st.from_regex("[0-9]{3}", fullmatch=True))
    )


def replaced(text, place, letter):
    return text[:place] + letter + text[place + 1 :]


def swapped(text, place):
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['rule']} {c['number']}")
def test_a_number_holds_or_breaks_the_rule_that_the_table_names(case):
    verdict = getattr(identifiers, case["rule"])(case["number"])
    assert (verdict.valid, verdict.reason) == ("reason" not in case, case.get("reason"))


@given(st.sampled_from(RULES), st.text(max_size=30))
def test_any_text_gets_a_verdict_and_a_reason_exactly_where_it_fails(rule, text):
    verdict = getattr(identifiers, rule)(text)
    assert verdict.valid == (verdict.reason is None)


@given(st.sampled_from(Reason))
def test_every_reason_has_a_sentence(reason):
    assert reason.sentence


@given(credit_codes())
def test_a_credit_code_with_its_check_character_holds(code):
    assert credit_code(code).valid


@given(credit_codes(), st.integers(0, 17), st.sampled_from(CREDIT_LETTERS))
def test_one_changed_character_of_a_credit_code_is_found(code, place, letter):
    assume(code[place] != letter)
    assert not credit_code(replaced(code, place, letter)).valid


@given(credit_codes(), st.integers(0, 16))
def test_two_neighbours_of_a_credit_code_that_change_places_are_found(code, place):
    assume(code[place] != code[place + 1])
    assert not credit_code(swapped(code, place)).valid


@given(st.text(CREDIT_LETTERS, min_size=8, max_size=8), st.integers(0, 7), st.sampled_from("0123456789"))
def test_one_changed_digit_of_an_organisation_code_is_found(body, place, digit):
    code = organisation_code_with_check_character(body)
    assert organisation_code(code).valid
    assume(code[place].isdigit() and code[place] != digit)
    assert organisation_code(replaced(code, place, digit)).reason is Reason.CHECK


def test_a_letter_of_an_organisation_code_may_hide_behind_one_eleven_places_further():
    one, other = (organisation_code_with_check_character(f"M{letter}000100") for letter in "0B")
    assert one[8] == other[8]


@given(citizen_numbers())
def test_a_citizen_number_with_its_check_character_holds(number):
    assert citizen_number(number).valid


@given(citizen_numbers(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_changed_character_of_a_citizen_number_is_found(number, place, letter):
    assume(number[place] != letter)
    assert not citizen_number(replaced(number, place, letter)).valid


@given(citizen_numbers())
def test_two_neighbours_of_a_citizen_number_that_change_places_are_found(number):
    for place, (left, right) in enumerate(pairwise(number)):
        assert left == right or not citizen_number(swapped(number, place)).valid


@given(divisions, st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 995))
def test_a_number_of_15_digits_becomes_one_of_18_that_holds(division, born, sequence):
    number = f"{division}{born:%y%m%d}{sequence:03d}"
    upgraded = upgrade_15_to_18(number)
    assert citizen_number(upgraded).valid
    assert upgraded[:17] == f"{division}{born:%Y%m%d}{sequence:03d}"


def test_a_centenarian_of_the_old_form_was_born_before_1900():
    assert upgrade_15_to_18("440524800101999")[6:14] == "18800101"


@pytest.mark.parametrize("number", ["", "11010519491231002X", "110105491331002", "11010549123100X"])
def test_only_a_valid_number_of_15_digits_is_upgraded(number):
    with pytest.raises(ValueError, match="15 digits"):
        upgrade_15_to_18(number)


@pytest.mark.parametrize("first17", ["9135010OM000100Y4", "９1350100M000100Y4"])
def test_a_check_character_is_not_made_up_for_foreign_characters(first17):
    with pytest.raises(ValueError, match="alphabet"):
        credit_code_with_check_character(first17)
