"""One small world for all tests of this folder."""

from datetime import date

import pytest

from hub.demo.world import World


@pytest.fixture(scope="session")
def today():
    return date(2026, 11, 22)


@pytest.fixture(scope="session")
def world(today):
    return World(20261122, today, 0.05)
