"""The embedded stores of clients, grants and secrets: tables of control.db behind `AccessStore` and `KeyStore`.

Walk 1 reads everything at once when the grants version has moved; the command line and the operations write. Every
write of a client or grant raises that version in its own transaction. What a grant may become is `auth.grants`'.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from auth.grants import Grant, GrantConflict, GrantState
from auth.ports import Access, AuthStoreUnavailable, Client
from auth.stores.bodies import client_body, client_of, grant_body, grant_of
from catalogue.stores.sqlite_file import SqliteFile, SqliteUnavailable

T = TypeVar("T")

_ACCESS_TABLES = (
    # Shared with the catalogue and control stores, so that one read confirms every version.
    "CREATE TABLE IF NOT EXISTS versions (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    "INSERT OR IGNORE INTO versions VALUES ('grants', 0)",
    "CREATE TABLE IF NOT EXISTS access_clients (id TEXT PRIMARY KEY, body TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS access_grants (
        id TEXT PRIMARY KEY, client TEXT NOT NULL, resource TEXT NOT NULL, purpose TEXT NOT NULL,
        active INTEGER NOT NULL, body TEXT NOT NULL)""",
    """CREATE UNIQUE INDEX IF NOT EXISTS access_one_active_grant
        ON access_grants (client, resource, purpose) WHERE active""",
    """CREATE TABLE IF NOT EXISTS access_spent (
        grant_id TEXT NOT NULL, day TEXT NOT NULL, records INTEGER NOT NULL, PRIMARY KEY (grant_id, day))""",
)
_KEY_TABLES = ("CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL)",)

_VERSION = "SELECT value FROM versions WHERE name = 'grants'"
_RAISE = "UPDATE versions SET value = value + 1 WHERE name = 'grants'"
# One statement, so that version, clients and grants are of one moment.
_EVERYTHING = f"""
    SELECT 'version', ({_VERSION}) UNION ALL
    SELECT 'client', body FROM access_clients UNION ALL
    SELECT 'grant', body FROM access_grants"""
_SAVE_CLIENT = "INSERT OR REPLACE INTO access_clients (id, body) VALUES (?, ?)"
_GRANT = "SELECT body FROM access_grants WHERE id = ?"
_SAVE_GRANT = """
    INSERT INTO access_grants (id, client, resource, purpose, active, body) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET client = excluded.client, resource = excluded.resource,
        purpose = excluded.purpose, active = excluded.active, body = excluded.body"""
_SPEND = """
    INSERT INTO access_spent (grant_id, day, records) SELECT :grant, :day, :records WHERE :records <= :quota
    ON CONFLICT (grant_id, day) DO UPDATE SET records = records + excluded.records
        WHERE records + excluded.records <= :quota"""
_SPENT = "SELECT records FROM access_spent WHERE grant_id = ? AND day = ?"
_KEEP = "INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)"
_KEPT = "SELECT value FROM secrets WHERE name = ?"


class _Tables:
    """Some tables of a file, made at the first use; a file that fails is AuthStoreUnavailable."""

    def __init__(self, file: SqliteFile, statements: tuple[str, ...]) -> None:
        self._file = file
        self._statements = statements
        self._made = False
        self._making = asyncio.Lock()

    async def read(self, question: Callable[[sqlite3.Connection], T], *, long: bool = False) -> T:
        """A question, on the loop or (`long`) off it."""
        try:
            await self._make()
            return await (self._file.read_off_loop(question) if long else self._file.read(question))
        except SqliteUnavailable as error:
            raise AuthStoreUnavailable(str(error)) from error

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """One durable transaction."""
        try:
            await self._make()
            return await self._file.write(change)
        except SqliteUnavailable as error:
            raise AuthStoreUnavailable(str(error)) from error

    async def _make(self) -> None:
        async with self._making:
            if not self._made:
                await self._file.write(lambda c: [c.execute(statement) for statement in self._statements])
                self._made = True


class SqliteAccess:
    """`auth.ports.AccessStore` in control.db. The file stays with whoever opened it."""

    def __init__(self, file: SqliteFile) -> None:
        self._tables = _Tables(file, _ACCESS_TABLES)

    async def version(self) -> int:
        """The grants version, in one small read on the loop."""
        return await self._tables.read(lambda c: int(c.execute(_VERSION).fetchone()[0]))

    async def access(self) -> Access:
        """Everything at the present version, read and decoded off the loop."""
        return await self._tables.read(_access, long=True)

    async def save_client(self, client: Client) -> None:
        """Add or replace, and raise the version."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(_SAVE_CLIENT, (client.id, client_body(client)))
            connection.execute(_RAISE)

        await self._tables.write(change)

    async def save_grant(self, grant: Grant, *, expected: Grant | None) -> None:
        """The conditional write, and raise the version; GrantConflict leaves everything as it was."""
        await self._tables.write(lambda connection: _save_grant(connection, grant, expected))

    async def spend(self, grant_id: str, day: str, records: int, quota: int) -> bool:
        """Count against the day's quota in one statement; False, and nothing counted, where it would exceed it."""
        if records < 0:
            raise ValueError("records read are never fewer than none")
        values = {"grant": grant_id, "day": day, "records": records, "quota": quota}
        return await self._tables.write(lambda c: c.execute(_SPEND, values).rowcount == 1)

    async def spent(self, grant_id: str, day: str) -> int:
        """What was counted under the grant on that day; 0 where nothing was."""
        row = await self._tables.read(lambda c: c.execute(_SPENT, (grant_id, day)).fetchone())
        return int(row[0]) if row else 0


class SqliteKeys:
    """`auth.ports.KeyStore` in control.db: whoever can read that file holds the hub's keys."""

    def __init__(self, file: SqliteFile) -> None:
        self._tables = _Tables(file, _KEY_TABLES)

    async def key(self, name: str, fresh: bytes) -> bytes:
        """The kept secret of that name; of several processes that start at once, one's `fresh` is kept for all."""

        def change(connection: sqlite3.Connection) -> bytes:
            connection.execute(_KEEP, (name, fresh))
            return bytes(connection.execute(_KEPT, (name,)).fetchone()[0])

        return await self._tables.write(change)


def _access(connection: sqlite3.Connection) -> Access:
    found: dict[str, list[str]] = {"version": [], "client": [], "grant": []}
    for kind, value in connection.execute(_EVERYTHING):
        found[kind].append(value)
    clients = {client.id: client for client in map(client_of, found["client"])}
    grants = {grant.id: grant for grant in map(grant_of, found["grant"])}
    return Access(int(found["version"][0]), clients, grants)


def _save_grant(connection: sqlite3.Connection, grant: Grant, expected: Grant | None) -> None:
    row = connection.execute(_GRANT, (grant.id,)).fetchone()
    if (grant_of(row[0]) if row else None) != expected:
        raise GrantConflict(f"grant {grant.id} was changed meanwhile: read it again")
    active = grant.state is GrantState.ACTIVE
    place = (grant.client_id, grant.resource, grant.purpose)
    try:
        connection.execute(_SAVE_GRANT, (grant.id, *place, active, grant_body(grant)))
    except sqlite3.IntegrityError as error:
        raise GrantConflict(f"{' '.join(place)}: another grant is active; revoke it first") from error
    connection.execute(_RAISE)
