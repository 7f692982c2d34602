"""市场监督管理局: its table, its dirt, its changes, and that it goes on from its table when it is started again."""

import sqlite3
from contextlib import closing
from datetime import date
from random import Random

import pytest

from hub.demo.departments import market_regulation
from hub.demo.world import DIRT, World
from hub.records.model import Operation
from tests.running_demo import until

MODULE = "market_regulation"


@pytest.fixture(scope="module")
def world():
    return World(20261122, date(2026, 11, 22), 0.2)


def rows(folder):
    with closing(sqlite3.connect(folder / "registrations.db")) as table:
        return table.execute("SELECT * FROM T_QYJBXX ORDER BY XH").fetchall()


def test_it_changes_all_but_the_cast_and_stamps_each_change(start):
    department = start(MODULE)
    assert department.said["name"] == "市场监督管理局"
    first = rows(department.folder)
    department.stop()
    start(MODULE, every="0.01")
    changed = until(lambda: [new for old, new in zip(first, rows(department.folder), strict=True) if old != new])
    assert all(row[0] > len(World(1, date(2026, 11, 22)).cast.legal_persons) for row in changed)
    assert all(row[-1] > max(old[-1] for old in first) for row in changed)


def test_what_changed_stays_when_it_is_started_again(start):
    department = start(MODULE, every="0.01")
    before = rows(department.folder)
    until(lambda: rows(department.folder) != before)
    department.stop()
    left = rows(department.folder)
    start(MODULE)
    assert rows(department.folder) == left


def test_about_one_registration_in_a_hundred_is_dirty_and_none_of_the_cast(tmp_path, world):
    market_regulation.create(tmp_path / "registrations.db", world)
    clean = [tuple(market_regulation.columns(company).values()) for company in world.legal_persons]
    dirty = [row[0] for row, whole in zip(rows(tmp_path), clean, strict=True) if row[1:-1] != whole]
    assert 0.3 * DIRT < len(dirty) / len(clean) < 3 * DIRT
    assert min(dirty) > len(world.cast.legal_persons)


@pytest.mark.parametrize("number", range(len(market_regulation.FAULTS)))
def test_every_fault_spoils_a_row(number, world):
    clean = market_regulation.columns(world.legal_persons[0])
    row = dict(clean)
    market_regulation.FAULTS[number](row)
    assert row != clean
    assert row.keys() == clean.keys()


def test_a_change_moves_a_company_or_gives_it_another_representative_of_the_world(tmp_path, world):
    market_regulation.create(tmp_path / "registrations.db", world)
    with closing(sqlite3.connect(tmp_path / "registrations.db", isolation_level=None)) as table:
        before = {row[0]: row for row in table.execute("SELECT XH, FRZJHM, ZS FROM T_QYJBXX")}
        for seed in range(20):
            market_regulation.change(table, world, Random(seed))
        after = [row for row in table.execute("SELECT XH, FRZJHM, ZS FROM T_QYJBXX") if row != before[row[0]]]
    numbers = {one.id_number for one in world.persons}
    assert any(number != before[place][1] and number in numbers for place, number, _ in after)
    assert any(address != before[place][2] for place, _, address in after)


async def test_the_hub_takes_it_in_with_a_warning_where_the_check_fails(standing, hub):
    async with hub(standing) as it:
        tally = (await it.pull())["legal_person"]
    assert (tally.outcome.value, tally.operations[Operation.CREATED]) == ("done", 200)
    assert tally.warnings["check_failed"] >= 1
