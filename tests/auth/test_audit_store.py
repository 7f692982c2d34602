"""The audit log on SQLite: its contract, shared commits, failures, checkpoints, tampering by hand, and kill -9."""

import asyncio
import itertools
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from joserfc.jwk import KeySet

from auth.audit import Head, read_checkpoint
from auth.keys import new_signing_key, public_key, read_signing_key
from auth.ports import AuthStoreUnavailable
from auth.stores.sqlite_audit import Pace, SqliteAuditLog
from auth.verify import Broken, verify
from catalogue.stores.sqlite_file import SqliteFile
from tests.contracts.audit_log import AuditLogContract, entry, names, stored

KEPT = new_signing_key(random.Random(5).randbytes)
KEY = read_signing_key(KEPT)
PUBLIC = KeySet([public_key(KEY)])
NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
SLOW = Pace(entries=1_000_000, seconds=1_000_000)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.db"


@pytest.fixture
async def open_log(path):
    """Opens chains, each with a file of its own as another process would have, and closes them all."""
    opened = []

    async def open_one(chain="a", pace=SLOW):
        file = SqliteFile(path)
        opened.append(file)
        return await SqliteAuditLog.open(file, chain, KEY, lambda: NOW, pace)

    yield open_one
    for file in opened:
        file.close()


def rows(path, sql, *values):
    with closing(sqlite3.connect(path)) as file, file:
        return file.execute(sql, values).fetchall()


def checkpoints(path):
    return [signed for (signed,) in rows(path, "SELECT signed FROM checkpoints ORDER BY number")]


def commits(path):
    """How many transactions reached the write-ahead log: its frames that end one (SQLite's file format, §4.1)."""
    log = path.with_name(path.name + "-wal").read_bytes()
    size = int.from_bytes(log[8:12], "big")
    frames = range(32, len(log), 24 + size)
    return sum(log[at + 4 : at + 8] != bytes(4) and log[at + 8 : at + 16] == log[16:24] for at in frames)


async def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.01)


class TestSqliteAuditLog(AuditLogContract):
    """The contract, on a file."""

    @pytest.fixture
    def public(self):
        return PUBLIC

    @pytest.fixture
    def signed(self, path):
        async def read():
            return checkpoints(path)

        return read

    @pytest.fixture
    def store_fails(self, path):
        @asynccontextmanager
        async def failing():
            rows(path, "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'full'); END")
            yield
            rows(path, "DROP TRIGGER full")

        return failing


async def test_calls_at_the_same_time_share_a_commit(open_log, path):
    log = await open_log()
    before = commits(path)
    await asyncio.gather(*(log.append([entry(f"r{n}")]) for n in range(32)))
    assert commits(path) == before + 1


async def test_calls_during_a_commit_wait_for_the_next_one_together(open_log, path):
    log = await open_log()
    before = commits(path)
    first = asyncio.ensure_future(log.append([entry("first")]))
    held = sqlite3.connect(path, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(log.append([entry(f"r{n}")])) for n in range(31)]
    await asyncio.sleep(0)
    assert not first.done()
    held.execute("COMMIT")
    held.close()
    await asyncio.gather(first, *others)
    assert commits(path) == before + 2
    assert names(await stored(log))[0] == "first"


async def test_a_full_disk_refuses_every_caller_and_space_made_again_lets_the_chain_go_on(path):
    file = SqliteFile(path)
    log = await SqliteAuditLog.open(file, "a", KEY, lambda: NOW, SLOW)
    await log.append([entry("before")])
    (pages,) = rows(path, "PRAGMA page_count")[0]
    await file.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 2}"))
    big = "x" * 3000
    outcomes = await asyncio.gather(
        *(log.append([entry(f"lost{n}", detail={"x": big})]) for n in range(9)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {AuthStoreUnavailable}
    assert "full" in str(outcomes[0])
    assert names(await stored(log)) == ["before"]
    await file.write(lambda c: c.execute("PRAGMA max_page_count = 1000000"))
    await log.append([entry("after")])
    await log.close()
    assert names(await stored(log)) == ["before", "after"]
    assert verify(path, PUBLIC).sound
    file.close()


async def test_a_file_that_may_only_be_read_refuses(open_log, path):
    file = SqliteFile(path)
    log = await SqliteAuditLog.open(file, "a", KEY, lambda: NOW, SLOW)
    await file.write(lambda c: c.execute("PRAGMA query_only = ON"))
    with pytest.raises(AuthStoreUnavailable, match="readonly"):
        await log.append([entry()])
    file.close()


async def test_a_closed_file_and_a_missing_folder_refuse(path, tmp_path):
    file = SqliteFile(path)
    log = await SqliteAuditLog.open(file, "a", KEY, lambda: NOW, SLOW)
    file.close()
    for call in (log.append([entry()]), stored(log), log.close()):
        with pytest.raises(AuthStoreUnavailable, match="closed"):
            await call
    nowhere = SqliteFile(tmp_path / "missing" / "audit.db")
    with pytest.raises(AuthStoreUnavailable):
        await SqliteAuditLog.open(nowhere, "a", KEY, lambda: NOW, SLOW)
    nowhere.close()


class Uncertain(SqliteFile):
    """A file whose commits fail as told: `lost` is undone, `late` is done although the caller is told it failed."""

    outcome = "done"

    async def write(self, change):
        result = await super().write(lambda connection: self._lose(change(connection)))
        if self.outcome == "late":
            raise sqlite3.OperationalError("disk I/O error")
        return result

    def _lose(self, result):
        if self.outcome == "lost":
            raise sqlite3.OperationalError("disk I/O error")
        return result


@pytest.mark.parametrize("outcomes", list(itertools.product(["done", "lost", "late"], repeat=3)), ids="-".join)
async def test_commits_that_fail_or_only_seem_to_break_no_chain_and_lose_nothing_acknowledged(path, outcomes):
    file = Uncertain(path, synchronous="OFF")
    log = await SqliteAuditLog.open(file, "a", KEY, lambda: NOW, Pace(entries=2))
    for n, file.outcome in enumerate(outcomes):
        if file.outcome == "done":
            await log.append([entry(f"{n}-done")])
        else:
            with pytest.raises(AuthStoreUnavailable):
                await log.append([entry(f"{n}-{file.outcome}")])
    file.outcome = "done"
    await log.append([entry("last")])
    await log.close()
    assert names(await stored(log)) == [f"{n}-{o}" for n, o in enumerate(outcomes) if o != "lost"] + ["last"]
    report = verify(path, PUBLIC)
    assert (report.faults, report.unsealed) == ((), 0)
    file.close()


@pytest.mark.parametrize("outcome", ["lost", "late"])
async def test_a_checkpoint_whose_commit_fails_is_made_again(path, outcome):
    file = Uncertain(path)
    log = await SqliteAuditLog.open(file, "a", KEY, lambda: NOW, Pace(seconds=0.02))
    await log.append([entry()])
    file.outcome = outcome
    await until(lambda: log._attempted != log._written)
    file.outcome = "done"
    await until(lambda: verify(path, PUBLIC).unsealed == 0)
    await log.close()
    assert verify(path, PUBLIC).sound
    file.close()


async def test_a_checkpoint_is_signed_every_so_many_entries_and_at_the_close(open_log, path):
    log = await open_log(pace=Pace(entries=10))
    for n in range(25):
        await log.append([entry(f"r{n}")])
    own = [read_checkpoint(signed, PUBLIC).heads["a"].number for signed in checkpoints(path)]
    assert own == [0, 10, 20]
    assert verify(path, PUBLIC).unsealed == 5
    await log.close()
    report = verify(path, PUBLIC)
    assert (report.sound, report.checkpoints, report.unsealed) == (True, 4, 0)


async def test_a_chain_that_falls_silent_is_sealed_after_a_while(open_log, path):
    log = await open_log(pace=Pace(seconds=0.05))
    for count in (2, 3):
        await log.append([entry(f"r{count}")])
        await until(lambda count=count: len(checkpoints(path)) == count)
    assert verify(path, PUBLIC).unsealed == 0
    assert read_checkpoint(checkpoints(path)[-1], PUBLIC).at == "2026-05-01T09:00:00.000Z"


async def test_a_late_checkpoint_is_told_and_tried_again(open_log, path, caplog):
    log = await open_log(pace=Pace(seconds=0.05))
    rows(path, "CREATE TRIGGER full BEFORE INSERT ON checkpoints BEGIN SELECT RAISE(ABORT, 'full'); END")
    await log.append([entry()])
    await until(lambda: caplog.text.count("checkpoint of chain a is late") == 2)
    rows(path, "DROP TRIGGER full")
    await until(lambda: verify(path, PUBLIC).unsealed == 0)


async def test_a_checkpoint_lists_the_heads_of_every_chain_that_moved_dead_ones_included(open_log, path):
    dead = await open_log("dead")
    await dead.append([entry("last words")])
    second = await open_log("b")
    await second.append([entry("r1"), entry("r2")])
    third = await open_log("c")
    stated = [read_checkpoint(signed, PUBLIC).heads for signed in checkpoints(path)]
    (last,) = [e for e in await stored(third) if e.chain == "dead"]
    assert [set(heads) for heads in stated] == [{"dead"}, {"dead", "b"}, {"b", "c"}]
    assert stated[1]["dead"] == last.head
    assert stated[2] == {"b": (await stored(third, "b"))[-1].head, "c": Head()}


@pytest.fixture
async def written(open_log, path):
    """Twelve entries, a checkpoint at 10, and the process died."""
    log = await open_log(pace=Pace(entries=10))
    for n in range(1, 13):
        await log.append([entry(f"r{n}")])
    assert verify(path, PUBLIC).sound
    return path


def fault(path):
    (found,) = verify(path, PUBLIC).faults
    return found.chain, found.number, found.broken


def test_an_edited_entry_is_found(written):
    rows(written, "UPDATE entries SET body = replace(body, '\"r5\"', '\"r6\"') WHERE number = 5")
    assert fault(written) == ("a", 5, Broken.EDITED)


def test_an_entry_edited_in_one_bit_to_invalid_text_is_found(written):
    rows(written, "UPDATE entries SET body = CAST(x'ff' || substr(body, 2) AS TEXT) WHERE number = 5")
    assert fault(written) == ("a", 5, Broken.EDITED)


def test_a_deleted_entry_is_found(written):
    rows(written, "DELETE FROM entries WHERE number = 5")
    assert fault(written) == ("a", 5, Broken.REMOVED)


def test_deleted_tail_entries_are_found(written):
    rows(written, "DELETE FROM entries WHERE number >= 10")
    assert fault(written) == ("a", 10, Broken.TRUNCATED)


def test_swapped_entries_are_found(written):
    for old, new in ((3, -1), (7, 3), (-1, 7)):
        rows(written, "UPDATE entries SET number = ? WHERE number = ?", new, old)
    assert fault(written) == ("a", 3, Broken.REORDERED)


def test_a_deleted_chain_and_a_deleted_checkpoint_are_found(written):
    (kept,) = rows(written, "SELECT * FROM checkpoints WHERE number = 1")
    rows(written, "DELETE FROM checkpoints WHERE number = 1")
    assert fault(written) == ("", 1, Broken.REMOVED)
    rows(written, "INSERT INTO checkpoints VALUES (?, ?)", *kept)
    rows(written, "DELETE FROM entries")
    assert fault(written) == ("a", 1, Broken.TRUNCATED)


def test_a_table_made_anew_with_other_types_is_read_all_the_same(written):
    rows(written, "CREATE TABLE other AS SELECT * FROM entries")
    rows(written, "DROP TABLE entries")
    rows(written, "ALTER TABLE other RENAME TO entries")
    rows(written, "UPDATE entries SET number = 'x' WHERE number = 5")
    assert not verify(written, PUBLIC).sound


async def test_a_tail_cut_off_under_a_running_hub_is_found_by_the_next_entry(open_log, path):
    log = await open_log()
    await log.append([entry("r1"), entry("r2")])
    rows(path, "DELETE FROM entries WHERE number = 2")
    await log.append([entry("r3")])
    assert fault(path) == ("a", 2, Broken.REMOVED)


async def test_the_file_is_verified_while_it_is_being_written(open_log, path):
    log = await open_log(pace=Pace(entries=10))
    for n in range(30):
        appending = asyncio.ensure_future(log.append([entry(f"{n}-{k}") for k in range(5)]))
        report = await asyncio.to_thread(verify, path, PUBLIC)
        assert report.faults == ()
        await appending


@pytest.mark.parametrize("acknowledged", [1, 120, 300])
def test_after_kill_9_every_acknowledged_entry_is_there_and_the_chain_holds(path, acknowledged):
    script = str(Path(__file__).with_name("append_until_killed.py"))
    child = subprocess.Popen(
        [sys.executable, script, str(path), "a"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT)},
    )
    child.stdin.write(KEPT)
    child.stdin.close()
    told = [child.stdout.readline() for _ in range(acknowledged)]
    child.kill()
    told += child.stdout.read().splitlines(keepends=True)
    child.stdout.close()
    assert child.wait() == -9
    wanted = {line.decode().strip() for line in told if line.endswith(b"\n")}
    kept = {orjson.loads(body)["request_id"] for (body,) in rows(path, "SELECT body FROM entries")}
    assert len(wanted) >= acknowledged
    assert wanted <= kept
    report = verify(path, PUBLIC)
    assert report.faults == ()
    assert report.entries == len(kept)


async def test_a_hub_started_after_a_kill_begins_a_chain_of_its_own_and_seals_the_dead_one(open_log, path):
    dead = await open_log("dead")
    await dead.append([entry("r1")])
    alive = await open_log("alive")
    await alive.append([entry("r2")])
    await alive.close()
    report = verify(path, PUBLIC)
    assert (report.sound, report.chains, report.unsealed) == (True, 2, 0)
    rows(path, "DELETE FROM entries WHERE chain = 'dead'")
    assert fault(path) == ("dead", 1, Broken.TRUNCATED)


@pytest.mark.bench
async def test_bench_entries_a_second_with_32_callers(open_log, path):
    log = await open_log(pace=Pace())
    handles = {"licence": tuple(f"{n:022d}" for n in range(10))}

    async def caller(count):
        for n in range(count):
            await log.append([entry(f"r{n}", records=handles)])

    for callers, count in ((1, 300), (32, 150)):
        start, before = time.perf_counter(), len(rows(path, "SELECT 1 FROM entries"))
        await asyncio.gather(*(caller(count) for _ in range(callers)))
        took = time.perf_counter() - start
        print(
            f"\naudit: {callers} callers, {callers * count / took:,.0f} entries/s, {took / count * 1e3:.2f} ms a call"
        )
        assert len(rows(path, "SELECT 1 FROM entries")) == before + callers * count
