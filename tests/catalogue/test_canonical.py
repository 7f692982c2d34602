import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.canonical import canonical, spellings
from catalogue.model import Canonical

CODES = [
    (" 91350100m000100y43\t", "91350100M000100Y43"),
    ("９１３５０１００Ｍ０００１００Ｙ４３　", "91350100M000100Y43"),
    ("11010519491231002x", "11010519491231002X"),
    ("110105491231002", "11010519491231002X"),
    (" １１０１０５４９１２３１００２", "11010519491231002X"),
    ("110105491331002", "110105491331002"),
    ("330106000012345", "330106000012345"),
    ("浙食许（2024）1号", "浙食许(2024)1号"),
    ("A B", "A B"),
    ("", ""),
]
DIVISIONS = [
    ("330106", "330106000000"),
    (" ３３０１０６ ", "330106000000"),
    ("330106001", "330106001000"),
    ("330106001002", "330106001002"),
    ("33", "330000000000"),
    ("3301060010021", "3301060010021"),
    ("33010X", "33010X"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "wanted"), CODES)
def test_a_code_is_trimmed_half_width_upper_case_and_18_characters_long_where_15_name_a_citizen(text, wanted):
    assert canonical(Canonical.CODE, text) == wanted


@pytest.mark.parametrize(("text", "wanted"), DIVISIONS)
def test_a_division_is_padded_to_12_digits_and_anything_else_is_left(text, wanted):
    assert canonical(Canonical.DIVISION, text) == wanted


@given(st.text())
def test_an_item_that_declares_no_form_keeps_its_text(text):
    assert canonical(None, text) is text


@given(st.sampled_from([None, *Canonical]), st.text() | st.from_regex("[0-9]{6}[0-9]{6}[0-9]{3}", fullmatch=True))
def test_a_canonical_value_is_its_own_canonical_value(kind, text):
    once = canonical(kind, text)
    assert canonical(kind, once) == once


@pytest.mark.parametrize(
    ("kind", "stored", "asked"),
    [
        (Canonical.CODE, "11010519491231002X", ("11010519491231002X", "11010519491231002x", "110105491231002")),
        (Canonical.CODE, "11010520040229001X", ("11010520040229001X", "11010520040229001x")),
        (Canonical.CODE, "E12345678", ("E12345678", "e12345678")),
        (Canonical.DIVISION, "350100000000", ("350100000000", "350100000", "350100", "3501")),
        (Canonical.DIVISION, "350102001002", ("350102001002",)),
        (None, "Ab1", ("Ab1",)),
        (None, "", ("",)),
    ],
)
def test_a_source_may_write_a_value_in_other_ways(kind, stored, asked):
    assert spellings(kind, stored) == asked


@given(st.sampled_from([None, *Canonical]), st.text() | st.from_regex("[0-9]{1,18}X?", fullmatch=True))
def test_every_spelling_is_of_that_value_and_its_own_form_is_the_first(kind, text):
    stored = canonical(kind, text)
    found = spellings(kind, stored)
    assert found[0] == stored
    assert {canonical(kind, each) for each in found} == {stored}
