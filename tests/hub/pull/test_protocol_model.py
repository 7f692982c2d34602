"""The model of the change protocol holds, and each part that is left out breaks it."""

import pytest

from tests.hub.pull.protocol_model import VARIANTS, explore


def test_every_interleaving_of_two_writers_deaths_lost_leases_and_lost_answers_holds():
    states, why, way = explore()
    assert why is None, way
    assert states > 20_000


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_part_of_the_protocol_is_needed(variant):
    _, why, way = explore(variant)
    assert why, f"the model holds although {VARIANTS[variant]}"
    assert way


@pytest.mark.slow
def test_it_holds_with_more_edits_deaths_and_leases():
    states, why, way = explore(edits=2, deaths=2)
    assert why is None, way
    assert states > 100_000
