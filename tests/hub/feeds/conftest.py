"""The hub of one test, on stores in its own folder: a copy of one that was furnished once."""

import asyncio
import shutil

import pytest

from tests.hub.feeds.room import furnish, opened


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("feeds") / "store"
    asyncio.run(furnish(folder))
    return folder


@pytest.fixture
async def room(furnished, tmp_path):
    async with opened(shutil.copytree(furnished, tmp_path / "store")) as made:
        yield made
