"""The audit log on SQLite: audit.db with every chain, its entries, and signed checkpoints.

The last step of walk 1 and of each batch in walk 2. Calls that come while a commit is running wait together and share
the next one, so that durability costs a fraction of a disk write each. A call that failed is told so, and the chain
goes on from what is stored. What an entry says and how it is hashed is `auth.audit`'s.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from joserfc.jwk import ECKey

from auth.audit import NOTHING, Checkpoint, Head, canonical, chained, check_chain_id, digest_of, sign_checkpoint
from auth.ports import AuditEntry, AuthStoreUnavailable
from catalogue.rules import stored_time
from catalogue.stores.sqlite_file import SqliteFile, SqliteUnavailable

log = logging.getLogger(__name__)
PAGE = 500

# `sealed` is the number up to which a checkpoint states the chain's head; it only saves looking, it proves nothing.
TABLES = (
    "CREATE TABLE IF NOT EXISTS chains (chain TEXT PRIMARY KEY, opened TEXT NOT NULL, sealed INTEGER NOT NULL) STRICT",
    """CREATE TABLE IF NOT EXISTS entries (
        chain TEXT NOT NULL, number INTEGER NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (chain, number)
    ) STRICT""",
    "CREATE TABLE IF NOT EXISTS checkpoints (number INTEGER PRIMARY KEY, signed TEXT NOT NULL) STRICT",
)
OPEN = "INSERT INTO chains (chain, opened, sealed) VALUES (?, ?, 0)"
ADD = "INSERT INTO entries (chain, number, previous, hash, body) VALUES (?, ?, ?, ?, ?)"
STANDING = """
    SELECT entries.number, entries.hash, chains.sealed FROM chains LEFT JOIN entries ON entries.chain = chains.chain
    WHERE chains.chain = ? ORDER BY entries.number DESC LIMIT 1
"""
MOVED = """
    SELECT chains.chain, entries.number, entries.hash FROM chains JOIN entries ON entries.chain = chains.chain
    AND entries.number = (SELECT max(number) FROM entries AS own WHERE own.chain = chains.chain)
    WHERE entries.number > chains.sealed
"""
LAST_CHECKPOINT = "SELECT number, signed FROM checkpoints ORDER BY number DESC LIMIT 1"
ADD_CHECKPOINT = "INSERT INTO checkpoints (number, signed) VALUES (?, ?)"
SEALED = "UPDATE chains SET sealed = ? WHERE chain = ?"
STORED = ("chain", "number", "previous", "hash", "body")
COLUMNS = ", ".join(STORED)
AFTER = f"SELECT {COLUMNS} FROM entries WHERE (chain, number) > (?, ?) ORDER BY chain, number LIMIT {PAGE}"
OF_CHAIN = f"SELECT {COLUMNS} FROM entries WHERE chain = ? AND number > ? ORDER BY number LIMIT {PAGE}"


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a chain may run ahead of the last checkpoint: so many entries, and so many seconds."""

    entries: int = 1_000
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class _Written:
    """What is durable of the own chain: its head, and up to which number it is sealed."""

    head: Head = field(default_factory=Head)
    sealed: int = 0


@dataclass(slots=True)
class _Group:
    """Entries that will share one commit; `done` ends with it."""

    done: asyncio.Task[None]
    bodies: list[str] = field(default_factory=list)
    seal: bool = False


class SqliteAuditLog:
    """One process's chain in a file that many processes share: an `auth.ports.AuditLog`. Made by `open`, ended by
    `close`; the file stays with whoever opened it.
    """

    def __init__(self, file: SqliteFile, chain: str, key: ECKey, clock: Callable[[], datetime], pace: Pace) -> None:
        self._file = file
        self._chain = check_chain_id(chain)
        self._key = key
        self._clock = clock
        self._pace = pace
        self._written = self._attempted = _Written()
        self._turn = asyncio.Lock()
        self._joinable: _Group | None = None
        self._reminder: asyncio.TimerHandle | None = None
        self._sealing: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(
        cls, file: SqliteFile, chain: str, key: ECKey, clock: Callable[[], datetime], pace: Pace | None = None
    ) -> SqliteAuditLog:
        """Begin the chain: register it, and sign that it began (with every head that moved while nobody signed).

        `chain` is a fresh random id; AuthStoreUnavailable where it is taken, or the file cannot be written.
        """
        opened = cls(file, chain, key, clock, pace or Pace())
        try:
            await file.write(opened._begin)
        except (SqliteUnavailable, sqlite3.Error) as error:
            raise AuthStoreUnavailable(str(error)) from error
        return opened

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Durable when it returns, in the order given and side by side. AuthStoreUnavailable: then no data leaves."""
        if self._closed:
            raise AuthStoreUnavailable("the audit log is closed")
        if entries:
            await self._join([canonical(entry) for entry in entries])

    async def entries(self, chain: str | None = None) -> AsyncIterator[Mapping[str, object]]:
        """Stored entries of one chain or of all, each as the fields of `auth.audit.ChainedEntry`."""
        page, place = (OF_CHAIN, (chain, 0)) if chain else (AFTER, ("", 0))
        while rows := await self._read(page, place):
            for row in rows:
                yield dict(zip(STORED, row, strict=True))
            place = rows[-1][:2]

    async def close(self) -> None:
        """Wait for what is running and seal the chain's end; a second call does nothing. Or AuthStoreUnavailable."""
        if self._closed:
            return
        self._closed = True
        self._forget_reminder()
        await self._join([], seal=True)

    async def _read(self, page: str, place: tuple[str, int]) -> list[tuple[str, int, str, str, str]]:
        try:
            return await self._file.read_off_loop(lambda c: c.execute(page, place).fetchall())
        except (SqliteUnavailable, sqlite3.Error) as error:
            raise AuthStoreUnavailable(str(error)) from error

    async def _join(self, bodies: Iterable[str], *, seal: bool = False) -> None:
        """Go with the group that has not begun its commit. A caller that gives up waiting takes nobody with it."""
        group = self._joinable = self._joinable or _Group(asyncio.create_task(self._commit()))
        group.bodies.extend(bodies)
        group.seal |= seal
        try:
            await asyncio.shield(group.done)
        except (SqliteUnavailable, sqlite3.Error) as error:
            raise AuthStoreUnavailable(str(error)) from error

    async def _commit(self) -> None:
        """Once it is this group's turn, who comes later joins the next one."""
        async with self._turn:
            group, self._joinable = self._joinable, None
            assert group
            self._written = await self._file.write(partial(self._write, group))
        self._remind()

    def _begin(self, connection: sqlite3.Connection) -> None:
        for table in TABLES:
            connection.execute(table)
        connection.execute(OPEN, (self._chain, stored_time(self._clock())))
        self._seal(connection, Head())

    def _write(self, group: _Group, connection: sqlite3.Connection) -> _Written:
        """One transaction in the writer's thread: the group's entries, and a checkpoint where one is due."""
        before = self._settled(connection)
        entries = chained(self._chain, before.head, group.bodies)
        connection.executemany(ADD, ((e.chain, e.number, e.previous, e.hash, e.body) for e in entries))
        head = entries[-1].head if entries else before.head
        sealed = before.sealed
        if head.number > sealed and (group.seal or head.number - sealed >= self._pace.entries):
            self._seal(connection, head)
            sealed = head.number
        self._attempted = _Written(head, sealed)
        return self._attempted

    def _settled(self, connection: sqlite3.Connection) -> _Written:
        """What is durable. A commit that failed may still have reached the disk: only then the file is asked, and only
        whether that very head is there; for all else the memory of this process is the better witness.
        """
        if self._attempted != self._written:
            number, digest, sealed = connection.execute(STANDING, (self._chain,)).fetchone()
            if Head(number, digest) == self._attempted.head:
                self._written = _Written(self._attempted.head, sealed)
            self._attempted = self._written
        return self._written

    def _seal(self, connection: sqlite3.Connection, own: Head) -> None:
        """Sign the own head, and every other head that moved since it was last signed (by whichever process)."""
        heads = {chain: Head(number, digest) for chain, number, digest in connection.execute(MOVED)}
        heads[self._chain] = own
        last, signed = connection.execute(LAST_CHECKPOINT).fetchone() or (0, None)
        previous = NOTHING if signed is None else digest_of(signed)
        checkpoint = Checkpoint(last + 1, stored_time(self._clock()), self._chain, previous, heads)
        connection.execute(ADD_CHECKPOINT, (checkpoint.number, sign_checkpoint(checkpoint, self._key)))
        connection.executemany(SEALED, ((head.number, chain) for chain, head in heads.items()))

    def _remind(self) -> None:
        """A chain that falls silent is sealed all the same, `pace.seconds` after its first unsealed entry."""
        if self._written.head.number == self._written.sealed:
            self._forget_reminder()
        elif self._reminder is None and not self._closed:
            self._reminder = asyncio.get_running_loop().call_later(self._pace.seconds, self._seal_soon)

    def _forget_reminder(self) -> None:
        if self._reminder:
            self._reminder.cancel()
            self._reminder = None

    def _seal_soon(self) -> None:
        self._reminder = None
        self._sealing = asyncio.get_running_loop().create_task(self._seal_late())

    async def _seal_late(self) -> None:
        """Nobody waits for this one: a failure is told to the operator, and tried again after as long."""
        try:
            await self._join([], seal=True)
        except AuthStoreUnavailable as error:
            log.warning("audit checkpoint of chain %s is late: %s", self._chain, error)
            self._remind()
