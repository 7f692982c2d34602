"""The embedded control store passes the contract, and says what is wrong when its file cannot be used."""

import time

import pytest

from catalogue.stores.sqlite_file import SqliteFile
from hub.control.ports import Commit, Run
from hub.control.sqlite import KEPT_QUARANTINES, SqliteControl, SqliteLedger, SqliteSystems, SqliteUsedAddresses
from hub.errors import StoreUnavailable
from tests.contracts.control import (
    AT,
    ControlContract,
    LedgerContract,
    SystemLedgerContract,
    UsedAddressesContract,
    bad,
)


class Store:
    """Opens the same control.db as often as asked; its clock stands still until it is moved."""

    def __init__(self, folder):
        self.path = folder / "control.db"
        self.seconds = 1000.0
        self.files = []

    def open(self):
        file = self._file()
        return SqliteControl(file, store_clock="test_clock()"), SqliteLedger(file)

    def open_used(self):
        return SqliteUsedAddresses(self._file(), store_clock="test_clock()")

    def open_systems(self):
        return SqliteSystems(self._file())

    def _file(self):
        def prepare(connection):
            connection.create_function("test_clock", 0, lambda: self.seconds)

        self.files.append(SqliteFile(self.path, prepare=prepare))
        return self.files[-1]

    def move(self, seconds):
        self.seconds += seconds


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path)
    yield made
    for file in made.files:
        file.close()


@pytest.fixture
def pair(store):
    return store.open()


@pytest.fixture
def control(pair):
    return pair[0]


@pytest.fixture
def ledger(pair):
    return pair[1]


@pytest.fixture
def again(store):
    return store.open


@pytest.fixture
def used(store):
    return store.open_used()


@pytest.fixture
def used_again(store):
    return store.open_used


@pytest.fixture
def systems(store):
    return store.open_systems()


@pytest.fixture
def systems_again(store):
    return store.open_systems


@pytest.fixture
def store_clock(store):
    return store.move


class TestSqliteControl(ControlContract):
    pass


class TestSqliteSystems(SystemLedgerContract):
    pass


class TestSqliteUsedAddresses(UsedAddressesContract):
    pass


class TestSqliteLedger(LedgerContract):
    async def test_the_kept_quarantine_is_that_of_the_latest_runs(self, ledger):
        for number in range(KEPT_QUARANTINES + 5):
            await ledger.start(Run(f"b:{number}", "b", AT, full=True))
            await ledger.quarantine([bad("1", f"b:{number}")])
            await ledger.finish(Run(f"b:{number}", "b", AT, full=True, ended=AT, outcome="done"))
        assert len(await ledger.quarantined(None, "b", 100)) == KEPT_QUARANTINES


async def test_lease_time_is_the_clock_of_sqlite(tmp_path):
    file = SqliteFile(tmp_path / "control.db")
    lease = await SqliteControl(file).lease("r", "a", 60)
    assert lease.expires == pytest.approx(time.time() + 60, abs=30)
    file.close()


async def test_a_file_that_cannot_be_used_is_a_store_that_is_unavailable(tmp_path):
    file = SqliteFile(tmp_path / "no folder" / "control.db")
    with pytest.raises(StoreUnavailable, match=r"control\.db"):
        await SqliteControl(file).state("r")
    with pytest.raises(StoreUnavailable, match=r"control\.db"):
        await SqliteLedger(file).start(Run("b:1", "b", AT, full=True))
    file.close()


async def test_on_a_full_disk_a_commit_is_refused_whole(tmp_path):
    file = SqliteFile(tmp_path / "control.db", prepare=lambda c: c.execute("PRAGMA max_page_count = 20"))
    control = SqliteControl(file)
    lease = await control.lease("r", "a", 60)
    with pytest.raises(StoreUnavailable, match="full"):
        await control.commit(lease, Commit(1, "b", "x" * 200_000))
    assert (await control.state("r")).watermark == 0
    await control.commit(lease, Commit(1, "b", "x"))
    file.close()
