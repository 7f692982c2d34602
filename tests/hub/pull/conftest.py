"""The hub of one test, on stores in its own folder."""

import pytest

from tests.hub.pull.office import Hub


@pytest.fixture
def hub(tmp_path):
    made = Hub(tmp_path)
    yield made
    made.close()
