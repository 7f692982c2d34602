"""Documents of a department's web service in the order of their last change, so that what is new can be told cheaply.

A document has a kind and a name; writing it anew moves it to the end. A place in the order is the time of the change
and a number that never comes again: what a reader was given, or the time since when it asks. What stands in a document
is the department's own manner.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import orjson

from hub.demo.departments.register import Register, create
from hub.demo.world.frame import BEIJING

Document = dict[str, Any]
#: Every document says under this name when it was changed.
UPDATED = "updatedAt"

#: Numbers from here on are none of SQLite's.
_MOST = 1 << 63
_TABLES = """
CREATE TABLE document (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, name TEXT, changed TEXT, still INTEGER, body TEXT
);
"""
_INDEXES = """
CREATE UNIQUE INDEX of_name ON document (kind, name);
CREATE INDEX in_order ON document (kind, changed, number);
CREATE INDEX of_kind ON document (kind);
"""
_PUT = "INSERT OR REPLACE INTO document (kind, name, changed, still, body) VALUES (?, ?, ?, ?, ?)"
_PAGE = """
SELECT changed, number, body FROM document WHERE kind = ? AND (changed, number) > (?, ?)
ORDER BY changed, number LIMIT ? OFFSET ?
"""
_ENDS = "SELECT (SELECT min(number) FROM document WHERE kind = ?), (SELECT max(number) FROM document WHERE kind = ?)"
_BEHIND = "SELECT name, body FROM document WHERE kind = ? AND number >= ? AND NOT still ORDER BY number LIMIT 1"


class Place(NamedTuple):
    """A place in the order of changes; the documents after it are new to who was there."""

    changed: str
    number: int

    @classmethod
    def of(cls, cursor: str) -> Place:
        """The place that a cursor names. ValueError where it names none."""
        try:
            changed, number = orjson.loads(base64.urlsafe_b64decode(cursor))
        except TypeError as error:
            raise ValueError("no cursor of ours") from error
        if not (type(changed) is str and type(number) is int and number < _MOST):
            raise ValueError("no cursor of ours")
        return cls(changed, number)

    @classmethod
    def since(cls, moment: str) -> Place:
        """The place before whatever changed at that moment (ISO 8601); without one the beginning. ValueError."""
        return cls(written(datetime.fromisoformat(moment)), 0) if moment else cls("", 0)

    @property
    def cursor(self) -> str:
        """The place as text that says nothing."""
        return base64.urlsafe_b64encode(orjson.dumps(list(self))).decode()


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as it is written at first; a running demo leaves one alone that is `still`."""

    kind: str
    name: str
    changed: str
    document: Document
    still: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Documents in order, and the place after the last of them."""

    documents: list[Document]
    after: Place


class Journal:
    """The file of documents, opened for a process's life."""

    def __init__(self, path: Path) -> None:
        self._register = Register(path)

    def page(self, kind: str, place: Place, limit: int, skip: int = 0) -> Page:
        """At most so many documents of the kind behind the place."""
        rows = self._register.rows(_PAGE, kind, *place, limit, skip)
        after = Place(str(rows[-1][0]), int(str(rows[-1][1]))) if rows else place
        return Page([{UPDATED: row[0], **orjson.loads(str(row[2]))} for row in rows], after)

    def count(self, kind: str) -> int:
        """How many documents of the kind there are."""
        ((number,),) = self._register.rows("SELECT count(*) FROM document WHERE kind = ?", kind)
        return int(str(number))

    @contextmanager
    def changing(self) -> Iterator[Pen]:
        """A change of any number of documents, seen whole or not at all."""
        with self._register.changing() as table:
            yield Pen(table)


@dataclass(frozen=True, slots=True)
class Pen:
    """What a change may do."""

    table: sqlite3.Connection

    def read(self, kind: str, name: str) -> Document | None:
        """The document as it stands."""
        row = self.table.execute("SELECT body FROM document WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return None if row is None else dict(orjson.loads(row[0]))

    def write(self, kind: str, name: str, document: Document) -> None:
        """The document as it is from now on, at the end of the order, also where the clock was set back."""
        last = "SELECT changed FROM document WHERE kind = ? ORDER BY changed DESC LIMIT 1"
        (latest,) = self.table.execute(last, (kind,)).fetchone() or ("",)
        self.table.execute(_PUT, _values(Entry(kind, name, max(written(datetime.now(BEIJING)), latest), document)))

    def next_number(self) -> int:
        """A number that no document has had."""
        (last,) = self.table.execute("SELECT max(number) FROM document").fetchone()
        return int(last or 0) + 1

    def pick(self, kind: str, pick: Random) -> tuple[str, Document] | None:
        """Any document of the kind that may change, with its name; None where none stands behind the number drawn."""
        first, last = self.table.execute(_ENDS, (kind, kind)).fetchone()
        row = self.table.execute(_BEHIND, (kind, pick.randint(first or 0, last or 0))).fetchone()
        return None if row is None else (row[0], dict(orjson.loads(row[1])))


def make(path: Path, entries: Callable[[], Iterable[Entry]]) -> bool:
    """The file with its first documents, in their order of change; False where it is there already."""
    return create(path, _TABLES, lambda table: table.executemany(_PUT, map(_values, entries())), _INDEXES)


def written(at: datetime) -> str:
    """A moment as departments write it: Beijing time to the millisecond, without saying so. Sorts as it does."""
    local = at.replace(tzinfo=BEIJING) if at.tzinfo is None else at.astimezone(BEIJING)
    return local.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def spread(number: int, of: int, today: date) -> str:
    """When the document at that place of a first filling was changed: they spread over the year before today."""
    begin = datetime.combine(today, time(), BEIJING) - timedelta(days=366)
    return written(begin + timedelta(days=365) * number / of)


def _values(entry: Entry) -> tuple[object, ...]:
    body = orjson.dumps(entry.document).decode()
    return entry.kind, entry.name, entry.changed, entry.still, body
