"""The change log in SQLite: one table for all resources, an entry a change, by resource, epoch and sequence.

Walk 2 (a change) appends in step 11 under its fence; recovery and feeds read. Which entries count is not known here:
that is the watermark's business.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from catalogue.stores.sqlite_file import SqliteFile
from hub.errors import Fenced
from hub.records.image_json import packed, unpacked
from hub.records.model import Change, Operation
from hub.records.sqlite_door import Door

# A table with rowids and an index beside it: an entry of two images is too long to lie within a clustered index.
_TABLES = (
    """CREATE TABLE IF NOT EXISTS change_log (
        resource TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, fence INTEGER NOT NULL,
        handle TEXT NOT NULL, operation TEXT NOT NULL, at TEXT NOT NULL, before BLOB, after BLOB, moment TEXT)""",
    "CREATE UNIQUE INDEX IF NOT EXISTS change_log_id ON change_log (resource, epoch, seq)",
    "CREATE INDEX IF NOT EXISTS change_log_of ON change_log (handle, seq)",
)
_APPEND = """
    INSERT INTO change_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (resource, epoch, seq) DO UPDATE SET fence = excluded.fence, handle = excluded.handle,
        operation = excluded.operation, at = excluded.at, before = excluded.before, after = excluded.after,
        moment = excluded.moment
    WHERE excluded.fence >= change_log.fence"""
_READ = """
    SELECT resource, epoch, seq, fence, handle, operation, at, before, after, moment FROM change_log
    WHERE resource = ? AND epoch = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?"""
_OF = """
    SELECT resource, epoch, seq, fence, handle, operation, at, before, after, moment FROM change_log
    WHERE handle = ? AND seq <= ? AND resource = ? ORDER BY seq DESC, epoch DESC LIMIT ?"""
_OLDEST = "SELECT min(seq) FROM change_log WHERE resource = ? AND epoch = ?"
_DROP = "DELETE FROM change_log WHERE resource = ? AND epoch = ? AND seq <= ?"


class SqliteLog:
    """`hub.records.ports.ChangeLog` in `records.db`."""

    def __init__(self, file: SqliteFile) -> None:
        self._door = Door(file)
        self._made = False

    async def append(self, changes: Sequence[Change]) -> None:
        """The port's `append`: all of them in one transaction, or none."""
        rows = [_row(change) for change in changes]
        await self._make()
        await self._door.write(lambda connection: _append(connection, rows))

    async def read(self, resource: str, epoch: int, after: int, upto: int, limit: int) -> list[Change]:
        """The port's `read`."""
        rows = await self._rows(_READ, (resource, epoch, after, upto, limit))
        return [_change(row) for expected, row in enumerate(rows, after + 1) if row[2] == expected]

    async def of(self, resource: str, places: Sequence[tuple[str, int]], limit: int) -> list[list[Change]]:
        """The port's `of`."""
        wanted = [(handle, upto, resource, limit) for handle, upto in places]
        await self._make()
        found = await self._door.ask(_OF, lambda connection: [connection.execute(_OF, w).fetchall() for w in wanted])
        return [[_change(row) for row in rows] for rows in found]

    async def oldest(self, resource: str, epoch: int) -> int | None:
        """The port's `oldest`."""
        found: int | None = (await self._rows(_OLDEST, (resource, epoch)))[0][0]
        return found

    async def drop(self, resource: str, epoch: int, upto: int) -> None:
        """The port's `drop`."""
        await self._make()
        await self._door.write(lambda connection: connection.execute(_DROP, (resource, epoch, upto)))

    async def _rows(self, sql: str, wanted: tuple[str | int, ...]) -> list[tuple[Any, ...]]:
        await self._make()
        return await self._door.read(lambda connection: connection.execute(sql, wanted).fetchall())

    async def _make(self) -> None:
        """The table, at the first use; making it twice does nothing."""
        if not self._made:
            await self._door.write(lambda connection: [connection.execute(statement) for statement in _TABLES])
            self._made = True


def _append(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    written = connection.executemany(_APPEND, rows).rowcount
    if rows and written != len(rows):
        raise Fenced(f"{rows[0][0]}: the log holds an entry of a higher fence than {rows[0][3]}")


def _row(change: Change) -> tuple[Any, ...]:
    return (
        change.resource, change.epoch, change.seq, change.fence, change.handle, change.operation.value, change.at,
        packed(change.before), packed(change.after), change.moment,
    )  # fmt: skip


def _change(row: tuple[Any, ...]) -> Change:
    resource, epoch, seq, fence, handle, operation, at, before, after, moment = row
    return Change(
        resource, epoch, seq, fence, handle, Operation(operation), at, unpacked(before), unpacked(after), moment
    )  # fmt: skip
