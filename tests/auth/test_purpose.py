"""The declared purpose: what a header says, and a sentence for one that says nothing."""

import tomllib
from pathlib import Path

import pytest
from http_sfv.item import Item
from http_sfv.types import DisplayString, Token
from hypothesis import given
from hypothesis import strategies as st

from auth.purpose import DeclaredPurpose, is_code, parse_purpose

TABLE = tomllib.loads((Path(__file__).parents[1] / "cases/purpose.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", TABLE["good"], ids=lambda case: case["header"])
def test_a_header_declares_what_the_table_says(case):
    assert parse_purpose(case["header"]) == DeclaredPurpose(*case["declares"])


@pytest.mark.parametrize("case", TABLE["bad"], ids=lambda case: case["header"])
def test_a_bad_header_is_refused_in_one_line_that_says_why(case):
    with pytest.raises(ValueError, match=r"^Hub-Purpose: ") as caught:
        parse_purpose(case["header"])
    assert case["says"] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_codes_and_parameters_have_a_longest_length():
    assert parse_purpose("a" * 64).code == "a" * 64
    assert parse_purpose(f'a;case="{"x" * 200}"').case == "x" * 200
    for header in ("a" * 65, f'a;case="{"x" * 201}"', f'a;operator="{"x" * 201}"'):
        with pytest.raises(ValueError, match="at most"):
            parse_purpose(header)


@given(st.text())
def test_any_text_is_a_purpose_or_a_value_error(header):
    try:
        assert is_code(parse_purpose(header).code)
    except ValueError as error:
        assert str(error).startswith("Hub-Purpose: ")


printable = st.text(st.characters(blacklist_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), max_size=30)


@given(printable, printable)
def test_every_printable_case_and_operator_comes_through(case, operator):
    header = Item(Token("opening"))
    header.params.update(case=DisplayString(case), operator=DisplayString(operator))
    assert parse_purpose(str(header)) == DeclaredPurpose("opening", case, operator)
