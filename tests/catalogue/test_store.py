"""The embedded catalogue store passes the contract, and says what is wrong when its file cannot be used."""

import pytest

from catalogue.ports import CatalogueStoreUnavailable
from catalogue.stores.sqlite import KEPT_SNAPSHOTS, SqliteCatalogue
from catalogue.stores.sqlite_file import SqliteFile
from hub.control.sqlite import SqliteControl
from tests.contracts.catalogue_store import AT, CatalogueStoreContract, department, publish, with_title


@pytest.fixture
def files(tmp_path):
    opened = []

    def open_one(name="control.db"):
        opened.append(SqliteFile(tmp_path / name))
        return opened[-1]

    yield open_one
    for file in opened:
        file.close()


@pytest.fixture
def store(files):
    return SqliteCatalogue(files())


@pytest.fixture
def again(files):
    return lambda: SqliteCatalogue(files())


class TestSqliteCatalogue(CatalogueStoreContract):
    """On a control.db."""


async def test_the_version_is_the_one_that_control_confirms(store, files):
    control = SqliteControl(files())
    await publish(store, with_title("状态"))
    assert (await control.confirm()).catalogue_version == 1


async def test_who_published_an_entry_and_when_is_kept_with_it(store, files):
    await publish(store, with_title("状态"))
    rows = await files().read(lambda c: c.execute("SELECT kind, name, by, at FROM catalogue_entries").fetchall())
    assert rows == [("code_list", "state", "林晓", AT)]


async def test_many_versions_are_read_without_keeping_them_all(store):
    for number in range(KEPT_SNAPSHOTS + 3):
        await publish(store, department(number))
    for version in range(KEPT_SNAPSHOTS + 4):
        assert len((await store.at(version)).catalogue.departments) == version


async def test_a_file_that_cannot_be_opened_is_named(files):
    store = SqliteCatalogue(files("none/control.db"))
    for question in (store.version(), store.snapshot(), publish(store, department(1))):
        with pytest.raises(CatalogueStoreUnavailable, match=r"control\.db"):
            await question


async def test_an_entry_that_cannot_be_read_any_more_is_named(store, files):
    await publish(store, department(1))
    await files().write(lambda c: c.execute("UPDATE catalogue_entries SET body = '[[department]]'"))
    with pytest.raises(CatalogueStoreUnavailable, match=r"department 1: department\.number 1\.code: code is required"):
        await SqliteCatalogue(files()).snapshot()
