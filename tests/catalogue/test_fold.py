import tomllib
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.canonical import canonical
from catalogue.fold import fold, terms
from catalogue.model import Canonical

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "search.toml").read_text(encoding="utf-8"))
HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=12)


def stands_in(needle: str, hay: str) -> bool:
    return bool(terms(needle)) and f" {fold(needle)} " in f" {fold(hay)} "


@pytest.mark.parametrize("case", CASES["text"], ids=lambda c: f"{c['query']} in {c['name']}")
def test_a_text_is_found_by_terms_that_stand_side_by_side_in_it(case):
    assert stands_in(case["query"], case["name"]) is case["finds"]


@pytest.mark.parametrize("case", CASES["code"], ids=lambda c: f"{c['query']} in {c['name']}")
def test_a_code_is_found_whole_or_by_its_beginning(case):
    name, query = (canonical(Canonical.CODE, case[side]) for side in ("name", "query"))
    assert name.startswith(query) is case["finds"]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("2024年A类企业", "2024 年 a 类 企 业"),
        ("ＩＰｖ６", "ipv 6"),
        ("91350100M000100Y43", "91350100 m 000100 y 43"),
        ("  杭州，（中国） ", "杭 州 中 国"),
        ("面积㎡", "面 积 m 2"),
        ("Straße", "strasse"),
        ("×÷", ""),
        ("Привет ١٢ かな", ""),
        ("", ""),
    ],
)
def test_terms_are_latin_runs_digit_runs_and_single_han_characters(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(("traditional", "simplified"), [("電", "电"), ("乾", "干"), ("薴", "苎"), ("證", "证")])
def test_a_traditional_character_folds_like_its_simplified_one(traditional, simplified):
    assert fold(traditional) == simplified == fold(simplified)


def test_phrases_are_not_looked_at():
    assert fold("乾隆") == f"{fold('乾')} {fold('隆')}"


@given(HAN)
def test_every_two_consecutive_han_characters_of_a_name_find_it(name):
    assert all(stands_in(a + b, name) for a, b in pairwise(name))


@given(HAN, HAN)
def test_a_pair_is_found_only_where_its_foldings_are_neighbours(pair, name):
    pair = pair[:2]
    folded = [fold(c) for c in name]
    assert stands_in(pair, name) == ((fold(pair[0]), fold(pair[1])) in pairwise(folded))


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(), st.text())
def test_the_folding_of_a_text_is_the_folding_of_its_parts(left, right):
    assert terms(left + " " + right) == terms(left) + terms(right)


@given(st.text())
def test_letter_case_and_width_change_nothing(text):
    # Only texts whose own upper-case form can be undone: dotless ı becomes I, which is i again.
    if text.upper().casefold() == text.casefold():
        assert fold(text.upper()) == fold(text)
    assert fold(unicodedata.normalize("NFKC", text)) == fold(text)


@given(st.text())
def test_a_folding_holds_only_terms_and_single_spaces(text):
    assert fold(text).split(" ") == (terms(text) or [""])
    assert fold(text) == fold(text).strip()
