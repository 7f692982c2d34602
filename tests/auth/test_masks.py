"""Masks show what they may and nothing more."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.masks import apply
from catalogue.model import Mask

TABLE = tomllib.loads((Path(__file__).parents[1] / "cases/masks.toml").read_text(encoding="utf-8"))
CASES = [(Mask(mask), text, shown) for mask, rows in TABLE.items() for text, shown in rows.items()]
#: Values without stars: one that is masked already may stay what it is.
texts = st.text(st.characters(blacklist_characters="*", blacklist_categories=("Cs",)), max_size=40)
addresses = st.lists(
    st.sampled_from([*"厦门福建思明湖滨南路东区小县市省旗镇号室1A ", "自治", "社区"]), max_size=30
).map("".join)
KEPT_AT_MOST = {Mask.IDENTITY: 2, Mask.NAME: 2, Mask.PHONE: 7, Mask.LAST4: 4}


@pytest.mark.parametrize(("mask", "text", "shown"), CASES)
def test_a_masked_value_looks_as_the_table_says(mask, text, shown):
    assert apply(mask, text) == shown


def test_every_mask_of_the_model_has_its_cases():
    assert set(TABLE) == set(Mask)


@given(st.sampled_from(Mask), texts | addresses)
def test_no_mask_gives_a_value_back(mask, text):
    assert apply(mask, text) != text or not text


@given(st.sampled_from(sorted(KEPT_AT_MOST)), texts)
def test_a_mask_keeps_no_more_characters_than_its_rule_allows_and_at_most_two_thirds(mask, text):
    kept = apply(mask, text).replace("*", "")
    assert len(kept) <= KEPT_AT_MOST[mask]
    assert len(kept) <= 2 / 3 * len(text.strip())


@given(texts, st.integers(1, 3))
def test_values_of_up_to_three_characters_keep_at_most_a_surname(text, length):
    short = text.strip()[:length].strip()
    assert all(len(apply(mask, short).replace("*", "")) <= (mask is Mask.NAME) + 1 * (len(short) > 2) for mask in Mask)


@given(addresses)
def test_what_an_address_keeps_is_its_head_and_ends_with_a_district_city_or_province(text):
    kept = apply(Mask.ADDRESS, text).removesuffix("****")
    assert text.strip().startswith(kept)
    assert not kept or kept.endswith(("省", "自治区", "市", "区", "县", "旗", "州", "盟"))
    assert not set(kept) & set("1A ")


@given(st.text("0123456789X", min_size=18, max_size=18), st.text("0123456789X", min_size=18, max_size=18))
def test_identity_numbers_that_agree_at_both_ends_look_the_same(one, other):
    assert apply(Mask.IDENTITY, one) == apply(Mask.IDENTITY, one[0] + other[1:-1] + one[-1])
