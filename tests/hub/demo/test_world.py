"""The demo's world fits together, follows from its seed, and a small one is the beginning of a large one."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.identifiers import citizen_number, credit_code
from hub.demo.world import LEGAL_PERSONS, LICENCES, SHOWN, World

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def world():
    return World(20261122, TODAY, 0.05)


def test_scale_1_is_the_size_that_is_promised():
    assert (LEGAL_PERSONS, LICENCES) == (10_000, 50_000)
    small = World(1, TODAY, 0.01)
    assert (len(small.legal_persons), len(small.licences)) == (100, 500)


def test_every_number_is_valid_and_every_code_stands_once(world):
    codes = [company.uscc for company in world.legal_persons]
    assert len(set(codes)) == len(codes)
    assert [code for code in codes if not credit_code(code).valid] == []
    assert [person for person in world.people if not citizen_number(person.number).valid] == []


def test_every_licence_has_a_holder_of_the_world(world):
    companies = {company.uscc: company.name for company in world.legal_persons}
    people = {person.number: person.name for person in world.people}
    for licence in world.licences:
        holders = people if licence.holder_kind == "自然人" else companies
        assert holders[licence.holder_code] == licence.holder_name
    shares = [licence.holder_kind == "自然人" for licence in world.licences]
    assert 0.05 < sum(shares) / len(shares) < 0.15


@settings(max_examples=10)
@given(st.floats(0.005, 0.02), st.integers(0, 1000))
def test_a_small_world_is_the_beginning_of_a_large_one_on_any_day(scale, days):
    small, large = World(7, date.fromordinal(TODAY.toordinal() - days), scale), World(7, TODAY, 0.02)
    for one, same in zip(small.legal_persons, large.legal_persons, strict=False):
        assert (one.uscc, one.name, one.representative, one.capital) == (
            same.uscc, same.name, same.representative, same.capital,
        )  # fmt: skip
    for one, same in zip(small.licences, large.licences, strict=False):
        assert (one.id, one.holder_code, one.status) == (same.id, same.holder_code, same.status)


def test_the_first_legal_persons_hold_licences_since_documents_show_them(world):
    holders = {licence.holder_code for licence in world.licences}
    assert len(world.shown) == SHOWN
    assert world.shown <= holders
