import pytest

from tests.hub.engine.world import opened


@pytest.fixture
async def world(tmp_path):
    async with opened(tmp_path) as made:
        yield made
