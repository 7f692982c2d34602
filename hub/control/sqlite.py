"""The embedded control store, SQLite: leases with fences, marks of the change protocol, bindings, runs, systems.

Walk 2 (a change) takes its leases here (steps 1 and 6) and makes its second and fourth commit (steps 12 and 14). A
lease lives by the store's own clock, read inside the transaction that judges it. What a lease protects is not here.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from typing import TypeVar

from catalogue.stores.sqlite_file import SqliteFile, SqliteUnavailable
from hub.control.ports import (
    BindingState,
    Commit,
    Condition,
    Confirmation,
    Lease,
    Quarantined,
    ResourceState,
    Run,
    SystemState,
)
from hub.errors import Fenced, StoreUnavailable

T = TypeVar("T")

#: Seconds of the store's clock (milliseconds are kept); SQLite's unixepoch('subsec') is younger than Python 3.11.
STORE_CLOCK = "((julianday('now') - 2440587.5) * 86400.0)"
KEPT_RUNS = 500
KEPT_QUARANTINES = 20

_TABLES = (
    "CREATE TABLE IF NOT EXISTS versions (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    "INSERT OR IGNORE INTO versions VALUES ('catalogue', 0), ('grants', 0), ('applied', 0)",
    """CREATE TABLE IF NOT EXISTS control_leases (
        resource TEXT PRIMARY KEY, holder TEXT, fence INTEGER NOT NULL, expires REAL NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS control_states (
        resource TEXT PRIMARY KEY, epoch INTEGER NOT NULL DEFAULT 1, watermark INTEGER NOT NULL DEFAULT 0,
        applied INTEGER NOT NULL DEFAULT 0, moments_until TEXT)""",
    """CREATE TABLE IF NOT EXISTS pull_bindings (
        binding TEXT PRIMARY KEY, checkpoint TEXT, shape TEXT NOT NULL DEFAULT '[]', last_success TEXT, last_full TEXT,
        last_error TEXT, paused TEXT, cleared TEXT)""",
    """CREATE TABLE IF NOT EXISTS pull_runs (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, binding TEXT NOT NULL, started TEXT NOT NULL,
        whole INTEGER NOT NULL, ended TEXT, outcome TEXT NOT NULL, counts TEXT NOT NULL, message TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS pull_runs_binding ON pull_runs (binding, number)",
    """CREATE TABLE IF NOT EXISTS pull_quarantine (
        number INTEGER PRIMARY KEY, run TEXT NOT NULL, binding TEXT NOT NULL, position TEXT NOT NULL,
        reason TEXT NOT NULL, raw TEXT NOT NULL, at TEXT NOT NULL, UNIQUE (run, position))""",
    "CREATE INDEX IF NOT EXISTS pull_quarantine_binding ON pull_quarantine (binding)",
    """CREATE TABLE IF NOT EXISTS pull_systems (
        system TEXT PRIMARY KEY, condition TEXT NOT NULL, since TEXT NOT NULL, why TEXT NOT NULL,
        checked_at TEXT NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS used_addresses (address TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID",
)

_STATE = """
    SELECT names.resource, coalesce(s.epoch, 1), coalesce(l.fence, 0), coalesce(s.watermark, 0),
           coalesce(s.applied, 0), s.moments_until
    FROM {names} AS names
    LEFT JOIN control_states AS s ON s.resource = names.resource
    LEFT JOIN control_leases AS l ON l.resource = names.resource"""
_ONE_STATE = _STATE.format(names="(SELECT ? AS resource)")
_ALL_STATES = _STATE.format(names="control_states")

_TAKE_LEASE = """
    INSERT INTO control_leases VALUES (:resource, :holder, 1, {now} + :seconds)
    ON CONFLICT (resource) DO UPDATE SET holder = :holder, fence = fence + 1, expires = {now} + :seconds
    WHERE control_leases.holder IS NULL OR control_leases.holder = :holder OR control_leases.expires <= {now}
    RETURNING resource, holder, fence, expires"""
_RENEW_LEASE = """
    UPDATE control_leases SET expires = {now} + :seconds
    WHERE resource = :resource AND holder = :holder AND fence = :fence RETURNING resource, holder, fence, expires"""
_RELEASE_LEASE = "UPDATE control_leases SET holder = NULL WHERE resource = ? AND holder = ? AND fence = ?"
_HELD = "SELECT 1 FROM control_leases WHERE resource = ? AND holder = ? AND fence = ?"

_COMMIT = """
    INSERT INTO control_states (resource, watermark, moments_until) VALUES (:resource, :watermark, :moments_until)
    ON CONFLICT (resource) DO UPDATE SET watermark = :watermark, moments_until =
        CASE WHEN :moments_until > coalesce(moments_until, '') THEN :moments_until ELSE moments_until END"""
_CHECKPOINT = """
    INSERT INTO pull_bindings (binding, checkpoint) VALUES (?, ?)
    ON CONFLICT (binding) DO UPDATE SET checkpoint = excluded.checkpoint"""

_FORGET_ADDRESSES = "DELETE FROM used_addresses WHERE until <= {now}"
_USE_ADDRESS = "INSERT OR IGNORE INTO used_addresses VALUES (?, {now} + ?)"
_ADDRESS_USED = "SELECT 1 FROM used_addresses WHERE address = ? AND until > {now}"

_SAVE_BINDING = """
    INSERT INTO pull_bindings (binding, shape, last_success, last_full, last_error, paused, cleared)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (binding) DO UPDATE SET shape = excluded.shape, last_success = excluded.last_success,
        last_full = excluded.last_full, last_error = excluded.last_error, paused = excluded.paused,
        cleared = excluded.cleared"""
_BINDINGS = """
    SELECT binding, checkpoint, shape, last_success, last_full, last_error, paused, cleared FROM pull_bindings"""
_BINDING = f"{_BINDINGS} WHERE binding = ?"
_NOTE_SYSTEM = """
    INSERT INTO pull_systems VALUES (:system, :condition, :at, :why, :at)
    ON CONFLICT (system) DO UPDATE SET since = CASE WHEN condition = :condition THEN since ELSE :at END,
        condition = :condition, why = :why, checked_at = :at
    WHERE checked_at <= :at"""
_CONDITION = "SELECT condition FROM pull_systems WHERE system = ?"
_RUN_COLUMNS = "id, binding, started, whole, ended, outcome, counts, message"
_PRUNE_RUNS = """
    DELETE FROM pull_runs WHERE binding = :binding AND number <= (
        SELECT number FROM pull_runs WHERE binding = :binding ORDER BY number DESC LIMIT 1 OFFSET :kept)"""
_PRUNE_QUARANTINE = """
    DELETE FROM pull_quarantine WHERE binding = :binding
        AND run NOT IN (SELECT id FROM pull_runs WHERE binding = :binding ORDER BY number DESC LIMIT :kept)
        AND run NOT IN (SELECT cleared FROM pull_bindings WHERE binding = :binding AND cleared IS NOT NULL)"""
_QUARANTINED = """
    SELECT q.run, q.binding, q.position, q.reason, q.raw, q.at
    FROM pull_quarantine AS q LEFT JOIN pull_runs AS r ON r.id = q.run
    WHERE {met} ORDER BY r.number DESC, q.number LIMIT :limit"""


class _Tables:
    """The tables of control and ledger in one file, made at the first use; a file that fails is StoreUnavailable."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._made = False
        self._making = asyncio.Lock()

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """A small question on the loop."""
        try:
            await self._make()
            return await self._file.read(question)
        except SqliteUnavailable as error:
            raise StoreUnavailable(str(error)) from error

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """One durable transaction."""
        try:
            await self._make()
            return await self._file.write(change)
        except SqliteUnavailable as error:
            raise StoreUnavailable(str(error)) from error

    async def _make(self) -> None:
        if self._made:
            return
        async with self._making:
            if not self._made:
                await self._file.write(lambda c: [c.execute(statement) for statement in _TABLES])
                self._made = True


class SqliteControl:
    """`hub.control.ports.Control` in `control.db`. `store_clock` is SQL that gives seconds; tests pass their own."""

    def __init__(self, file: SqliteFile, *, store_clock: str = STORE_CLOCK) -> None:
        self._tables = _Tables(file)
        self._take = _TAKE_LEASE.format(now=store_clock)
        self._renew = _RENEW_LEASE.format(now=store_clock)

    async def lease(self, resource: str, holder: str, seconds: float) -> Lease | None:
        """The port's `lease`; a holder that asks again for its own lease gets it at once, under a new fence."""
        wanted = {"resource": resource, "holder": holder, "seconds": seconds}
        row = await self._tables.write(lambda c: c.execute(self._take, wanted).fetchone())
        return Lease(*row) if row else None

    async def renew(self, lease: Lease, seconds: float) -> Lease:
        """The port's `renew`."""
        held = {"resource": lease.resource, "holder": lease.holder, "fence": lease.fence, "seconds": seconds}
        row = await self._tables.write(lambda c: c.execute(self._renew, held).fetchone())
        if row is None:
            raise _fenced(lease)
        return Lease(*row)

    async def release(self, lease: Lease) -> None:
        """The port's `release`."""
        await self._tables.write(lambda c: c.execute(_RELEASE_LEASE, _held_as(lease)))

    async def state(self, resource: str) -> ResourceState:
        """The port's `state`."""
        row = await self._tables.read(lambda c: c.execute(_ONE_STATE, (resource,)).fetchone())
        return ResourceState(*row)

    async def states(self) -> Mapping[str, ResourceState]:
        """The port's `states`: every resource that was ever committed to."""
        rows = await self._tables.read(lambda c: c.execute(_ALL_STATES).fetchall())
        return {row[0]: ResourceState(*row) for row in rows}

    async def commit(self, lease: Lease, commit: Commit) -> None:
        """The port's `commit`. ValueError where the watermark would move back: no writer may ask for that."""
        await self._tables.write(lambda c: _commit(c, lease, commit))

    async def applied(self, lease: Lease, seq: int) -> None:
        """The port's `applied`. What was committed and applied stays so: the fence is not asked."""
        await self._tables.write(lambda c: _applied(c, lease.resource, seq))

    async def confirm(self) -> Confirmation:
        """The port's `confirm`: the three rows of `versions`."""
        found = dict(await self._tables.read(lambda c: c.execute("SELECT name, value FROM versions").fetchall()))
        return Confirmation(found["catalogue"], found["grants"], found["applied"])


class SqliteUsedAddresses:
    """`hub.control.ports.UsedAddresses` in `control.db`. `store_clock` as for SqliteControl."""

    def __init__(self, file: SqliteFile, *, store_clock: str = STORE_CLOCK) -> None:
        self._tables = _Tables(file)
        self._forget, self._use, self._used = (
            sql.format(now=store_clock) for sql in (_FORGET_ADDRESSES, _USE_ADDRESS, _ADDRESS_USED)
        )

    async def use(self, address: str, seconds: float) -> bool:
        """The port's `use`."""

        def mark(connection: sqlite3.Connection) -> bool:
            connection.execute(self._forget)
            return connection.execute(self._use, (address, seconds)).rowcount == 1

        return await self._tables.write(mark)

    async def used(self, address: str) -> bool:
        """The port's `used`."""
        return await self._tables.read(lambda c: c.execute(self._used, (address,)).fetchone() is not None)


class SqliteLedger:
    """`hub.control.ports.PullLedger` in `control.db`. Keeps the latest runs of a binding and the quarantine of the last
    of them (and of the one that cleared deletions).
    """

    def __init__(self, file: SqliteFile) -> None:
        self._tables = _Tables(file)

    async def binding(self, name: str) -> BindingState:
        """The port's `binding`."""
        row = await self._tables.read(lambda c: c.execute(_BINDING, (name,)).fetchone())
        return _binding_state(row) if row else BindingState(name)

    async def bindings(self) -> Mapping[str, BindingState]:
        """The port's `bindings`."""
        rows = await self._tables.read(lambda c: c.execute(_BINDINGS).fetchall())
        return {row[0]: _binding_state(row) for row in rows}

    async def save_binding(self, state: BindingState) -> None:
        """The port's `save_binding`."""
        row = (
            state.binding, json.dumps(state.shape, ensure_ascii=False), state.last_success, state.last_full,
            state.last_error, state.paused, state.cleared,
        )  # fmt: skip
        await self._tables.write(lambda c: c.execute(_SAVE_BINDING, row))

    async def start(self, run: Run) -> None:
        """The port's `start`; a run of the binding that never ended was killed, and is said to be interrupted."""
        await self._tables.write(lambda c: _start(c, run))

    async def finish(self, run: Run) -> None:
        """The port's `finish`; forgets what is older than the latest runs."""
        await self._tables.write(lambda c: _finish(c, run))

    async def runs(self, binding: str | None, limit: int) -> list[Run]:
        """The port's `runs`."""
        rows = await self._tables.read(
            lambda c: c.execute(
                f"SELECT {_RUN_COLUMNS} FROM pull_runs WHERE :b IS NULL OR binding = :b ORDER BY number DESC LIMIT :n",
                {"b": binding, "n": limit},
            ).fetchall()
        )
        return [_run(row) for row in rows]

    async def quarantine(self, rows: Sequence[Quarantined]) -> None:
        """The port's `quarantine`."""
        values = [astuple(row) for row in rows]
        insert = "INSERT OR IGNORE INTO pull_quarantine (run, binding, position, reason, raw, at) VALUES (?,?,?,?,?,?)"
        await self._tables.write(lambda c: c.executemany(insert, values))

    async def quarantined(self, run: str | None, binding: str | None, limit: int) -> list[Quarantined]:
        """The port's `quarantined`."""
        asked = {"run": run, "binding": binding}
        met = " AND ".join(f"q.{name} = :{name}" for name, value in asked.items() if value is not None)
        sql = _QUARANTINED.format(met=met or "true")
        rows = await self._tables.read(lambda c: c.execute(sql, {**asked, "limit": limit}).fetchall())
        return [Quarantined(*row) for row in rows]


class SqliteSystems:
    """`hub.control.ports.SystemLedger` in `control.db`."""

    def __init__(self, file: SqliteFile) -> None:
        self._tables = _Tables(file)

    async def note_system(self, system: str, condition: Condition, why: str, at: str) -> bool:
        """The port's `note_system`."""
        said = {"system": system, "condition": condition.value, "why": why, "at": at}
        return await self._tables.write(lambda c: _note_system(c, said))

    async def system_states(self) -> Mapping[str, SystemState]:
        """The port's `system_states`."""
        rows = await self._tables.read(lambda c: c.execute("SELECT * FROM pull_systems").fetchall())
        return {row[0]: SystemState(row[0], Condition(row[1]), *row[2:]) for row in rows}


def _held_as(lease: Lease) -> tuple[str, str, int]:
    return lease.resource, lease.holder, lease.fence


def _fenced(lease: Lease) -> Fenced:
    return Fenced(f"{lease.holder} lost the lease of {lease.resource} (fence {lease.fence})")


def _commit(connection: sqlite3.Connection, lease: Lease, commit: Commit) -> None:
    if connection.execute(_HELD, _held_as(lease)).fetchone() is None:
        raise _fenced(lease)
    watermark = connection.execute(_ONE_STATE, (lease.resource,)).fetchone()[3]
    if commit.watermark < watermark:
        raise ValueError(f"{lease.resource}: the watermark stands at {watermark}, {commit.watermark} lies before it")
    moved = {"resource": lease.resource, "watermark": commit.watermark, "moments_until": commit.moments_until}
    connection.execute(_COMMIT, moved)
    if commit.binding is not None:
        connection.execute(_CHECKPOINT, (commit.binding, commit.checkpoint))


def _applied(connection: sqlite3.Connection, resource: str, seq: int) -> None:
    _, _, _, watermark, applied, _ = connection.execute(_ONE_STATE, (resource,)).fetchone()
    if seq > watermark:
        raise ValueError(f"{resource}: {seq} is not committed, the watermark stands at {watermark}")
    if seq > applied:
        connection.execute("UPDATE control_states SET applied = ? WHERE resource = ?", (seq, resource))
        connection.execute("UPDATE versions SET value = value + ? WHERE name = 'applied'", (seq - applied,))


def _note_system(connection: sqlite3.Connection, said: Mapping[str, str]) -> bool:
    (before,) = connection.execute(_CONDITION, (said["system"],)).fetchone() or (Condition.UP.value,)
    kept = connection.execute(_NOTE_SYSTEM, said).rowcount
    return bool(kept) and before != said["condition"]


def _binding_state(row: tuple[str, ...]) -> BindingState:
    return BindingState(row[0], row[1], tuple(json.loads(row[2])), *row[3:])


def _start(connection: sqlite3.Connection, run: Run) -> None:
    connection.execute(
        "UPDATE pull_runs SET ended = ?, outcome = 'interrupted' WHERE binding = ? AND ended IS NULL",
        (run.started, run.binding),
    )
    connection.execute(f"INSERT INTO pull_runs ({_RUN_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)", _row(run))


def _finish(connection: sqlite3.Connection, run: Run) -> None:
    connection.execute(
        "UPDATE pull_runs SET ended = ?, outcome = ?, counts = ?, message = ? WHERE id = ?",
        (*_row(run)[4:], run.id),
    )
    connection.execute(_PRUNE_RUNS, {"binding": run.binding, "kept": KEPT_RUNS})
    connection.execute(_PRUNE_QUARANTINE, {"binding": run.binding, "kept": KEPT_QUARANTINES})


def _row(run: Run) -> tuple[str | int | None, ...]:
    counts = json.dumps(dict(run.counts), ensure_ascii=False)
    return run.id, run.binding, run.started, int(run.full), run.ended, run.outcome, counts, run.message


def _run(row: tuple[str, ...]) -> Run:
    identity, binding, started, whole, ended, outcome, counts, message = row
    return Run(identity, binding, started, bool(whole), ended, outcome, json.loads(counts), message)
