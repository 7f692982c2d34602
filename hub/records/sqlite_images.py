"""Images as rows of a resource's table: reading them, and step (c) of the change protocol, which writes them.

Walk 2 (a change) reads in step 9 and writes in step 13, both inside a connection that `hub.records.sqlite` gives. What
columns there are is asked of the file, not of the resource: a writer that knows an older or a newer version of the
descriptor leaves record and search index in agreement.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from catalogue.rules import Value
from hub.records.image_json import warnings_listed, warnings_of
from hub.records.model import Change, Image
from hub.records.search import FORMS
from hub.records.sqlite_tables import FIXED, Table, columns_of, quoted, read_search_column, subject_column

_PREFIX = subject_column("")
_OWN = len(FIXED)
Stored = tuple[Any, ...]


def image_columns(table: Table) -> str:
    """The columns that `image_of` reads, in its order."""
    fixed = ("_handle", "_binding", "_as_of", "_pulled_at", "_warnings", "_marks", "_raw", "_source")
    subjects = map(subject_column, table.subjects)
    return ", ".join(f"r.{quoted(name)}" for name in (*fixed, *subjects, *table.items))


def image_of(table: Table, row: Stored) -> Image:
    """The image behind a row of `image_columns`; it has a value or None for every item."""
    handle, binding, as_of, pulled_at, warnings, marks, raw, source, *rest = row
    count = len(table.subjects)
    values = with_booleans(table, dict(zip(table.items, rest[count:], strict=True)))
    subjects = tuple((found, item) for found, item in zip(rest[:count], table.subjects, strict=False) if found)
    return Image(
        handle, binding, values, as_of, pulled_at, _json(raw, {}), warnings_of(_json(warnings, ())), _json(marks, {}),
        _json(source, {}), subjects,
    )  # fmt: skip


def with_booleans(table: Table, values: dict[str, Value]) -> dict[str, Value]:
    """The same values; SQLite gives 0 and 1 for false and true."""
    for name in table.booleans:
        if values.get(name) is not None:
            values[name] = bool(values[name])
    return values


def apply(connection: sqlite3.Connection, table: Table, changes: Sequence[Change]) -> None:
    """Write the last change of every handle, where nothing as late is stored."""
    writing = _Writing(connection, table)
    last = {change.handle: change for change in sorted(changes, key=lambda change: change.seq)}
    stored = writing.stored(last)
    writing.write([(change, stored.get(handle)) for handle, change in last.items()])


@dataclass(frozen=True, slots=True)
class _Searched:
    """One column of the search index: where the item stands among the table's columns, and its form."""

    column: str
    place: int
    form: Callable[[str], str]


class _Writing:
    """One batch of one resource."""

    def __init__(self, connection: sqlite3.Connection, table: Table) -> None:
        self._connection, self._table = connection, table
        self._columns = tuple(columns_of(connection, table.records))
        self._searched = _searched(self._columns, tuple(columns_of(connection, table.search)))

    def stored(self, handles: Iterable[str]) -> dict[str, Stored]:
        """Every stored row of those handles, tombstones too, in the order of the table's columns."""
        asked = orjson.dumps(list(handles)).decode()
        found = self._connection.execute(
            f"SELECT * FROM {self._table.records} WHERE _handle IN (SELECT value FROM json_each(?))", (asked,)
        )
        return {row[1]: row for row in found}

    def write(self, pairs: Sequence[tuple[Change, Stored | None]]) -> None:
        """New rows, changed rows, and both in the search index."""
        next_id = self._next_id()
        new: list[Stored] = []
        changed: list[tuple[Stored, Stored]] = []
        for change, before in pairs:
            if before is None:
                new.append(self._row(next_id + len(new), change))
            elif before[2] < change.seq:
                changed.append((before, self._row(before[0], change)))
        self._connection.executemany(_insert(self._table.records, self._columns), new)
        if changed:
            self._update(changed)
        self._index(new, changed)

    def _update(self, changed: Sequence[tuple[Stored, Stored]]) -> None:
        """Set only what differs somewhere in the batch: an index whose columns are not set costs nothing."""
        places = [n for n in range(2, len(self._columns)) if any(before[n] != after[n] for before, after in changed)]
        sql = _update(self._table.records, tuple(self._columns[n] for n in places))
        self._connection.executemany(sql, [(*(after[n] for n in places), after[0]) for _, after in changed])

    def _next_id(self) -> int:
        row = self._connection.execute(f"SELECT max(_id) FROM {self._table.records}").fetchone()
        return int(row[0] or 0) + 1

    def _row(self, number: int, change: Change) -> Stored:
        image = change.after
        if image is None:
            binding = change.before.binding if change.before else ""
            return (number, change.handle, change.seq, 1, binding, *(None,) * (len(self._columns) - 5))
        subjects = {subject_column(item): subject for subject, item in image.subjects}
        value = image.values.get
        return (
            number, change.handle, change.seq, 0, image.binding, image.as_of, image.pulled_at,
            _text(warnings_listed(image.warnings)), _text(image.marks), _text(image.raw), _text(image.source),
            *[subjects.get(c) if c.startswith(_PREFIX) else value(c) for c in self._columns[_OWN:]],
        )  # fmt: skip

    def _index(self, new: Sequence[Stored], changed: Sequence[tuple[Stored, Stored]]) -> None:
        """The index keeps no texts: what it shall forget is said to it once more."""
        if not self._searched:
            return
        gone: list[Stored] = []
        come = [(row[0], *self._forms(row)) for row in new if not row[3]]
        for before, after in changed:
            if any(before[s.place] != after[s.place] for s in self._searched):
                gone.append((before[0], *self._forms(before)))
                come.append((after[0], *self._forms(after)))
        forget, learn = _indexing(self._table.search, self._searched)
        self._connection.executemany(forget, gone)
        self._connection.executemany(learn, come)

    def _forms(self, row: Stored) -> Stored:
        return tuple([s.form(text) if (text := row[s.place]) else None for s in self._searched])


def _searched(columns: tuple[str, ...], indexed: tuple[str, ...]) -> tuple[_Searched, ...]:
    named = [(column, *read_search_column(column)) for column in indexed]
    return tuple(_Searched(column, columns.index(name), FORMS[kind]) for column, kind, name in named)


@lru_cache(maxsize=256)
def _insert(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(map(quoted, columns))}) VALUES ({', '.join('?' * len(columns))})"


@lru_cache(maxsize=256)
def _update(table: str, columns: tuple[str, ...]) -> str:
    return f"UPDATE {table} SET {', '.join(f'{quoted(c)} = ?' for c in columns)} WHERE _id = ?"


@lru_cache(maxsize=256)
def _indexing(table: str, searched: tuple[_Searched, ...]) -> tuple[str, str]:
    columns = ", ".join(quoted(s.column) for s in searched)
    marks = ", ?" * len(searched)
    return (
        f"INSERT INTO {table} ({table}, rowid, {columns}) VALUES ('delete', ?{marks})",
        f"INSERT INTO {table} (rowid, {columns}) VALUES (?{marks})",
    )


def _json(text: str | None, empty: Any) -> Any:
    return orjson.loads(text) if text else empty


def _text(value: Mapping[str, Value] | Mapping[str, str] | Sequence[object]) -> str | None:
    return orjson.dumps(value).decode() if value else None
