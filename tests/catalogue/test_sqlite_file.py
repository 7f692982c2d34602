"""The SQLite file on which every embedded store stands."""

import sqlite3

import pytest

from catalogue.stores.sqlite_file import SqliteFile, SqliteUnavailable

COUNT = "SELECT count(*) FROM t"


@pytest.fixture
async def file(tmp_path):
    opened = SqliteFile(tmp_path / "x.db")
    await opened.write(lambda c: c.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)"))
    yield opened
    opened.close()


async def count(file):
    return await file.read(lambda c: c.execute(COUNT).fetchone()[0])


async def test_a_write_is_seen_by_readers_on_and_off_the_loop_and_by_another_opener(file):
    await file.write(lambda c: c.execute("INSERT INTO t VALUES (1)"))
    other = SqliteFile(file.path)
    assert await count(file) == await count(other) == 1
    assert await file.read_off_loop(lambda c: c.execute(COUNT).fetchone()[0]) == 1
    other.close()


async def test_a_change_that_raises_is_undone_and_the_next_one_works(file):
    def half(connection):
        connection.execute("INSERT INTO t VALUES (1)")
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        await file.write(half)
    await file.write(lambda c: c.execute("INSERT INTO t VALUES (2)"))
    assert await count(file) == 1


async def test_a_long_question_ends_at_its_deadline_and_the_connection_lives_on(file):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(TimeoutError):
        await file.read_off_loop(lambda c: c.execute(endless).fetchone(), deadline=0.05)
    assert await file.read_off_loop(lambda c: c.execute(COUNT).fetchone()[0], deadline=5) == 0


async def test_a_full_disk_is_named_and_nothing_is_half_written(tmp_path):
    file = SqliteFile(tmp_path / "small.db", prepare=lambda c: c.execute("PRAGMA max_page_count = 8"))
    await file.write(lambda c: c.execute("CREATE TABLE t (a)"))
    with pytest.raises(SqliteUnavailable, match=r"small\.db.*full"):
        await file.write(lambda c: c.executemany("INSERT INTO t VALUES (?)", [("x" * 4000,)] * 20))
    assert await count(file) == 0
    file.close()


async def test_a_folder_that_is_not_there_is_named(tmp_path):
    file = SqliteFile(tmp_path / "none" / "x.db")
    with pytest.raises(SqliteUnavailable, match="unable to open"):
        await file.read(lambda c: c.execute("SELECT 1"))
    file.close()


async def test_wrong_sql_and_broken_constraints_stay_errors_of_the_program(file):
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await file.read(lambda c: c.execute("SELECT * FROM nowhere"))
    with pytest.raises(sqlite3.IntegrityError):
        await file.write(lambda c: c.executemany("INSERT INTO t VALUES (?)", [(1,), (1,)]))
