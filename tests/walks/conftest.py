"""A real demo: departments, hub and puller as processes, started once for all tests of this folder."""

import pytest

from tests.running_demo import RunningDemo, until


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    running = RunningDemo(tmp_path_factory.mktemp("demo") / "data")
    yield running
    running.stop()


@pytest.fixture(scope="session", name="until")
def until_fixture():
    """`until(condition, seconds)`: wait for a condition with a deadline; its value."""
    return until
