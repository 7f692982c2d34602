"""The embedded record store, SQLite: answers the questions of walk 1, keeps the records of walk 2.

`SqliteRecords` is both ports; the log beside it is `hub.records.sqlite_log`. Here the questions are run and rows become
values; what SQL they are is said by `sqlite_questions`, where things lie by `sqlite_tables`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import orjson

from catalogue.model import Resource
from catalogue.rules import Value, Where
from catalogue.stores.sqlite_file import SqliteFile
from hub.records.model import META, Change, Image, Page, Query, Row, RowPage, Walk
from hub.records.sqlite_door import STEPS_ON_LOOP, Door, prepare_connection
from hub.records.sqlite_images import apply, image_columns, image_of, with_booleans
from hub.records.sqlite_log import SqliteLog
from hub.records.sqlite_questions import Question, Statement
from hub.records.sqlite_rules import Rules
from hub.records.sqlite_tables import Table, room, whole_room

__all__ = ["SqliteLog", "SqliteRecords", "prepare_connection"]

T = TypeVar("T")
Key = tuple[Value, ...]


class SqliteRecords:
    """`RecordReader` and `RecordWriter` in one file, opened with `prepare_connection`.

    `deadline` is how many seconds a long question may take. A resource's table is made when it is first named.
    """

    def __init__(self, file: SqliteFile, deadline: float | None = None, *, steps_on_loop: int = STEPS_ON_LOOP) -> None:
        self._door = Door(file, deadline, steps_on_loop)
        self._tables: dict[str, Table] = {}

    async def page(self, query: Query, page: Page) -> RowPage:
        """The port's `page`."""
        table = await self._table(query.resource)
        statements = Question(table, query).page(page)
        found = await self._door.ask(
            statements[0].sql, lambda c: _in_turn(c, statements, page.limit + 1), long=statements[0].long
        )
        return _row_page(_rows(table, query, found), page)

    async def lookup(self, query: Query, by: tuple[str, ...], values: Sequence[Key]) -> list[Row]:
        """The port's `lookup`."""
        table = await self._table(query.resource)
        question = Question(table, query)
        keys = question.askable(by, values)
        return _rows(table, query, await self._all(question.lookup(by, keys))) if keys else []

    async def follow(
        self, query: Query, by: tuple[str, ...], parents: Sequence[Key], page: Page
    ) -> Mapping[Key, RowPage]:
        """The port's `follow`; parents without rows are left out."""
        table = await self._table(query.resource)
        question = Question(table, query)
        keys = question.askable(by, parents)
        found: dict[Key, list[tuple[Any, ...]]] = {}
        for row in await self._all(question.follow(by, keys, page)) if keys else ():
            found.setdefault(keys[row[0]], []).append(row[1:])
        return {key: _row_page(_rows(table, query, rows), page) for key, rows in found.items()}

    async def count(self, query: Query) -> int:
        """The port's `count`."""
        question = Question(await self._table(query.resource), query)
        return int((await self._all(question.count()))[0][0])

    async def counts(self, query: Query, by: tuple[str, ...], parents: Sequence[Key]) -> Mapping[Key, int]:
        """The port's `counts`; every parent has an entry."""
        question = Question(await self._table(query.resource), query)
        keys = question.askable(by, parents)
        rows = await self._all(question.counts(by, keys)) if keys else []
        return {**dict.fromkeys(parents, 0), **{keys[number]: int(count) for number, count in rows}}

    async def keys(self, query: Query, items: tuple[str, ...], limit: int) -> frozenset[Key]:
        """The port's `keys`."""
        table = await self._table(query.resource)
        rows = await self._all(Question(table, query).keys(items, limit))
        named = (with_booleans(table, dict(zip(items, row, strict=True))) for row in rows)
        return frozenset(tuple(row.values()) for row in named)

    async def about(self, resources: Sequence[Query], subject: str) -> Mapping[str, int]:
        """The port's `about`, one count a resource."""
        counts: dict[str, int] = {}
        for query in resources:
            statement = Question(await self._table(query.resource), query).about(subject)
            counts[query.resource.name] = int((await self._all(statement))[0][0]) if statement else 0
        return counts

    async def prepare(self, resource: Resource, joined: Collection[tuple[str, ...]] = ()) -> None:
        """The port's `prepare`: tables in one transaction, then every index in its own."""
        table = Table(resource)
        needed = await self._door.ask("prepare", lambda c: whole_room(c, table, joined), long=True)
        if needed.tables:
            await self._door.write(lambda c: _run(c, whole_room(c, table, joined).tables))
            needed = await self._door.ask("prepare", lambda c: whole_room(c, table, joined), long=True)
        for statement in needed.indexes:
            await self._door.write(partial(_run, statements=(statement,)))
        self._tables[resource.name] = table

    async def images(self, resource: Resource, handles: Sequence[str]) -> Mapping[str, Image]:
        """The port's `images`."""
        found = await self._images(
            resource, "r._handle IN (SELECT value FROM json_each(:handles))",
            {"handles": orjson.dumps(list(handles)).decode()},
        )  # fmt: skip
        return {image.handle: image for _, image in found}

    async def apply(self, resource: Resource, changes: Sequence[Change]) -> None:
        """The port's `apply`, in one transaction."""
        table = await self._table(resource)
        await self._door.write(lambda connection: apply(connection, table, changes))

    async def walk(self, walk: Walk) -> list[tuple[int, Image]]:
        """The port's `walk`."""
        rules = Rules(await self._table(walk.resource), None)
        met = f"r._seq > :after AND r._seq <= :upto AND {rules.rule(walk.where)} ORDER BY r._seq LIMIT :limit"
        values = {**rules.values, "after": walk.after, "upto": walk.upto, "limit": walk.limit}
        return await self._images(walk.resource, met, values)

    async def handles(self, resource: Resource, binding: str, after: str, limit: int) -> list[str]:
        """The port's `handles`, read from the index alone."""
        table = await self._table(resource)
        sql = (
            f"SELECT _handle FROM {table.records} WHERE _handle > :after AND _binding = :binding AND _deleted = 0"
            " ORDER BY _handle LIMIT :limit"
        )
        rows = await self._all(Statement(sql, {"after": after, "binding": binding, "limit": limit}))
        return [row[0] for row in rows]

    async def due(self, resource: Resource, rule: Where, after: str, limit: int) -> list[Image]:
        """The port's `due`. Few are: they are found by the rule's items, then put in order (`+` says so)."""
        rules = Rules(await self._table(resource), None)
        met = f"{rules.rule(rule)} AND +r._handle > :after ORDER BY +r._handle LIMIT :limit"
        found = await self._images(resource, met, {**rules.values, "after": after, "limit": limit})
        return [image for _, image in found]

    async def count_of(self, resource: Resource, binding: str) -> int:
        """The port's `count_of`, read from the index alone."""
        table = await self._table(resource)
        sql = f"SELECT count(*) FROM {table.records} WHERE _binding = :binding AND _deleted = 0"
        return int((await self._all(Statement(sql, {"binding": binding})))[0][0])

    async def _table(self, resource: Resource) -> Table:
        """The resource's table, with everything it needs to be read and written."""
        known = self._tables.get(resource.name)
        if known is not None and known.resource is resource:
            return known
        table = Table(resource)
        if (await self._door.read(lambda c: room(c, table))).tables:
            await self._door.write(lambda c: _run(c, room(c, table).tables))
        self._tables[resource.name] = table
        return table

    async def _images(self, resource: Resource, met: str, values: Mapping[str, Value]) -> list[tuple[int, Image]]:
        table = await self._table(resource)
        sql = f"SELECT r._seq, {image_columns(table)} FROM {table.records} AS r WHERE r._deleted = 0 AND {met}"
        return [(row[0], image_of(table, row[1:])) for row in await self._all(Statement(sql, values))]

    async def _all(self, statement: Statement) -> list[tuple[Any, ...]]:
        sql, values = statement.sql, statement.values
        return await self._door.ask(sql, lambda c: c.execute(sql, values).fetchall(), long=statement.long)


def _run(connection: sqlite3.Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)


def _in_turn(connection: sqlite3.Connection, statements: Sequence[Statement], limit: int) -> list[tuple[Any, ...]]:
    """The first rows of the stretches of one page, all of them as of one moment."""
    connection.execute("BEGIN")
    try:
        rows: list[tuple[Any, ...]] = []
        for statement in statements:
            if len(rows) < limit:
                rows += connection.execute(statement.sql, {**statement.values, "limit": limit - len(rows)})
    finally:
        connection.execute("COMMIT")
    return rows


def _rows(table: Table, query: Query, found: Iterable[tuple[Any, ...]]) -> list[Row]:
    names = (*META, *query.columns)
    return [with_booleans(table, dict(zip(names, row, strict=True))) for row in found]


def _row_page(rows: list[Row], page: Page) -> RowPage:
    """The rows in forward order; the one beyond the limit only says that there are more."""
    more, kept = len(rows) > page.limit, rows[: page.limit]
    if page.backwards:
        return RowPage(tuple(reversed(kept)), has_next=False, has_previous=more)
    return RowPage(tuple(kept), has_next=more, has_previous=False)
