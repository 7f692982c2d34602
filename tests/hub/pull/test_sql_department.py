"""A department whose table says when a row changed: followed by its checkpoint, read whole when what is gone matters."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from catalogue.model import Catalogue, System
from catalogue.snapshot import Snapshot
from hub.pull.model import PullOptions, Step
from hub.pull.run import pull
from hub.records.model import Operation
from tests.hub.pull.office import HEAD, binding_to


class Table:
    """licences(code …, version) in the department's own database."""

    def __init__(self, hub):
        self.hub, self.path, self.version = hub, hub.folder / "department.db", 0
        columns = ", ".join(f"{name} TEXT" for name in HEAD)
        self.run(f"CREATE TABLE licences ({columns}, version INTEGER)")
        options = {"table": "licences", "key": "code", "changed": "version"}
        hub.binding = binding_to(hub.folder, "licences_sql", system="registry", options=options)

    def run(self, sql, *values):
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute(sql, values)

    def write(self, *codes, name="一"):
        versions = range(self.version + 1, self.version + 1 + len(codes))
        self.version += len(codes)
        with closing(sqlite3.connect(self.path)) as database, database:
            database.executemany("DELETE FROM licences WHERE code = ?", [(code,) for code in codes])
            rows = [(code, name, version) for code, version in zip(codes, versions, strict=True)]
            database.executemany("INSERT INTO licences (code, name, version) VALUES (?, ?, ?)", rows)

    async def pull(self, **options):
        reached = options.pop("reached", None)
        system = System("registry", "登记系统", "91350100M000100Y43", "sql", {"url": f"sqlite:///{self.path}"})
        catalogue = self.hub.snapshot.catalogue.with_(Catalogue(systems={"registry": system}))
        worker = replace(self.hub.worker, reached=reached) if reached else self.hub.worker
        return await pull(worker, Snapshot(1, catalogue), self.hub.binding, PullOptions(**options))


@pytest.fixture
def table(hub):
    return Table(hub)


async def test_after_the_first_read_only_what_changed_is_read(hub, table):
    table.write("A1", "A2", "A3")
    assert (await table.pull()).read == 3
    table.write("A2", "A4", name="二")
    tally = await table.pull()
    assert tally.read <= 3
    assert tally.operations == {Operation.UPDATED: 1, Operation.CREATED: 1}
    assert (await table.pull()).operations.total() == 0


async def test_what_is_gone_is_noticed_by_a_whole_read_and_only_by_one(hub, table):
    table.write("A1", "A2", "A3")
    await table.pull()
    table.run("DELETE FROM licences WHERE code = 'A3'")
    table.write("A1", name="二")
    assert (await table.pull()).missing == 0
    assert sorted(await hub.images()) == ["A1", "A2", "A3"]
    tally = await table.pull(full=True)
    assert (tally.read, tally.operations) == (2, {Operation.DELETED: 1})
    assert (await hub.ledger.binding("licences_sql")).checkpoint, "and changes are followed from there on"
    assert (await table.pull()).read <= 1


async def test_a_read_that_was_cut_off_is_made_again_from_its_beginning(hub, table):
    table.write(*[f"A{n:04d}" for n in range(1200)])
    with pytest.raises(KeyboardInterrupt):
        await table.pull(reached=interrupt_at_third_page())
    assert (await hub.control.state("licence")).applied == 1000
    assert (await hub.ledger.binding("licences_sql")).checkpoint is None
    tally = await table.pull()
    assert (tally.unchanged, tally.operations) == (1000, {Operation.CREATED: 200})
    assert (await hub.ledger.binding("licences_sql")).last_full


async def test_a_source_of_changes_that_was_cut_off_is_read_on_from_its_last_page(hub, table):
    hub.binding = replace(hub.binding, complete=False)
    table.write(*[f"A{n:04d}" for n in range(1200)])
    with pytest.raises(KeyboardInterrupt):
        await table.pull(reached=interrupt_at_third_page())
    assert (await hub.ledger.binding("licences_sql")).checkpoint
    tally = await table.pull()
    assert (tally.read, tally.operations) == (200, {Operation.CREATED: 200})


def interrupt_at_third_page():
    pages = 0

    def reached(name):
        nonlocal pages
        pages += name == Step.FETCH
        if pages == 3:
            raise KeyboardInterrupt

    return reached


async def test_a_table_that_lists_a_key_twice_has_its_second_row_set_aside(hub, table):
    table.write("A1")
    table.run("INSERT INTO licences (code, name, version) VALUES ('a1', '二', 9)")
    table.run("INSERT INTO licences (code, name, version) VALUES (NULL, '无', 10)")
    tally = await table.pull()
    assert tally.good
    assert tally.quarantined == {"key_twice": 1, "key_unusable: key item code is missing": 1}
    assert len(await hub.images()) == 1


async def test_a_database_that_is_not_there_is_a_department_that_is_down(hub, table):
    table.path.unlink()
    tally = await table.pull()
    assert (tally.outcome, tally.retryable) == ("unavailable", True)
