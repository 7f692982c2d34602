"""The embedded catalogue store: every published entry as its descriptor text, with the versions in which it stood.

An entry is never changed in place: a newer one ends it at the version that brings its successor, so that each earlier
version can be read again. Texts are written and parsed off the event loop; a version is parsed once, and the latest few
snapshots are kept.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from catalogue.descriptor import DescriptorError, Entry, Text, dump, read
from catalogue.model import NOTHING, Catalogue
from catalogue.ports import CatalogueStoreUnavailable
from catalogue.snapshot import Snapshot
from catalogue.stores.sqlite_file import SqliteFile, SqliteUnavailable

T = TypeVar("T")
KEPT_SNAPSHOTS = 4

_TABLES = (
    # Shared with the hub's control store, which confirms all versions in one read; whoever comes first makes it.
    "CREATE TABLE IF NOT EXISTS versions (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    "INSERT OR IGNORE INTO versions VALUES ('catalogue', 0)",
    """CREATE TABLE IF NOT EXISTS catalogue_entries (
        kind TEXT NOT NULL, name TEXT NOT NULL, version_from INTEGER NOT NULL, version_to INTEGER,
        body TEXT NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (kind, name, version_from))""",
)
_VERSION = "SELECT value FROM versions WHERE name = 'catalogue'"
_RAISE = "UPDATE versions SET value = value + 1 WHERE name = 'catalogue'"
_STOOD = """
    SELECT kind, name, body FROM catalogue_entries
    WHERE version_from <= :version AND (version_to IS NULL OR version_to > :version) ORDER BY kind, name"""
_PRESENT = "SELECT body FROM catalogue_entries WHERE kind = :kind AND name = :name AND version_to IS NULL"
_END = "UPDATE catalogue_entries SET version_to = :version WHERE kind = :kind AND name = :name AND version_to IS NULL"
_ADD = "INSERT INTO catalogue_entries VALUES (:kind, :name, :version, NULL, :body, :by, :at)"


@dataclass(frozen=True, slots=True)
class _Row:
    """An entry to publish, with who publishes it and when."""

    kind: str
    name: str
    body: str
    by: str
    at: str

    def values(self, version: int) -> dict[str, object]:
        """The parameters of the statements above."""
        return {
            "kind": self.kind, "name": self.name, "body": self.body, "by": self.by, "at": self.at, "version": version,
        }  # fmt: skip


class SqliteCatalogue:
    """`catalogue.ports.CatalogueStore` on a SqliteFile (`control.db`), which the caller opens and closes."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._made = False
        self._making = asyncio.Lock()
        self._snapshots: dict[int, Snapshot] = {}

    async def version(self) -> int:
        """See the port."""
        return await self._read(_version)

    async def snapshot(self) -> Snapshot:
        """See the port."""
        return await self._parsed(await self.version())

    async def at(self, version: int) -> Snapshot:
        """See the port."""
        if not 0 <= version <= await self.version():
            raise KeyError(version)
        return await self._parsed(version)

    async def publish(self, entries: Catalogue, *, by: str, at: str) -> int:
        """See the port."""
        known = (await self.snapshot()).catalogue.with_(entries)
        rows = await asyncio.to_thread(_rows, entries, known, by, at)
        return await self._write(lambda connection: _publish(connection, rows))

    async def _parsed(self, version: int) -> Snapshot:
        found = self._snapshots.get(version)
        if found is None:
            rows = await self._read(lambda c: c.execute(_STOOD, {"version": version}).fetchall())
            found = self._snapshots[version] = await asyncio.to_thread(_snapshot, version, rows)
            for old in sorted(self._snapshots)[:-KEPT_SNAPSHOTS]:
                del self._snapshots[old]
        return found

    async def _read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            await self._make()
            return await self._file.read(question)
        except SqliteUnavailable as error:
            raise CatalogueStoreUnavailable(str(error)) from error

    async def _write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        try:
            await self._make()
            return await self._file.write(change)
        except SqliteUnavailable as error:
            raise CatalogueStoreUnavailable(str(error)) from error

    async def _make(self) -> None:
        async with self._making:
            if not self._made:
                await self._file.write(lambda c: [c.execute(table) for table in _TABLES])
                self._made = True


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute(_VERSION).fetchone()[0])


def _publish(connection: sqlite3.Connection, rows: list[_Row]) -> int:
    """Entries that say nothing new are left as they stand; the version rises only where one does."""
    changed = [row for row in rows if connection.execute(_PRESENT, row.values(0)).fetchone() != (row.body,)]
    if changed:
        connection.execute(_RAISE)
    version = _version(connection)
    for row in changed:
        connection.execute(_END, row.values(version))
        connection.execute(_ADD, row.values(version))
    return version


def _rows(entries: Catalogue, known: Catalogue, by: str, at: str) -> list[_Row]:
    return [_Row(kind, name, dump(entry, known), by, at) for kind, name, entry in _entries_of(entries)]


def _entries_of(entries: Catalogue) -> Iterator[tuple[str, str, Entry]]:
    for department in entries.departments.values():
        yield "department", department.code, department
    for system in entries.systems.values():
        yield "system", system.name, system
    for code_list in entries.code_lists.values():
        yield "code_list", code_list.name, code_list
    for resource in entries.resources.values():
        yield "resource", resource.name, resource
    for binding in entries.bindings.values():
        yield "binding", binding.name, binding


def _snapshot(version: int, rows: list[tuple[str, str, str]]) -> Snapshot:
    """Parse what is stored. It was written by `dump`; where it cannot be read, the store is of no use."""
    loaded = read((Text(f"{kind} {name}", body) for kind, name, body in rows), NOTHING)
    try:
        return Snapshot(version, loaded.sound())
    except DescriptorError as error:
        raise CatalogueStoreUnavailable(f"version {version} cannot be read: {error}") from error
