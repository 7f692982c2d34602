"""Records, their images in the change log, and the questions that a record store answers.

A `Row` is what a question returns: stored values by item name, and with them the meta columns of `META`. A `Image` is
a whole record as the change log keeps it. Stored forms of values are those of `catalogue.rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from catalogue.model import Resource
from catalogue.rules import TRUE, Value, Where

Row = Mapping[str, Value]

#: Columns that every row of a question carries beside its items: handle, sequence of its last change, binding that
#: feeds it, as-of and pulled-at times, warnings as JSON text, and the JSON text of the marks that hold (or None).
META = ("_handle", "_seq", "_binding", "_as_of", "_pulled_at", "_warnings", "_marks")


class Operation(StrEnum):
    """What a change did, as a feed names it."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"
    CORRECTED = "CORRECTED"
    MOMENT = "MOMENT"


@dataclass(frozen=True, slots=True)
class RecordWarning:
    """Something about one item of a record that a reader should know: a failed check digit, a value set to null."""

    item: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Image:
    """A whole record. `values` are canonical, with the marks applied; `raw` holds source texts that differ from them.

    `source` holds the source's own value of every item that a mark overrides; `marks` the overriding value.
    `subjects` are the keyed hashes of the subjects that the record is about, with the item that names each.
    """

    handle: str
    binding: str
    values: Mapping[str, Value]
    as_of: str
    pulled_at: str
    raw: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[RecordWarning, ...] = ()
    marks: Mapping[str, Value] = field(default_factory=dict)
    source: Mapping[str, Value] = field(default_factory=dict)
    subjects: tuple[tuple[str, str], ...] = ()

    def same_as(self, other: Image) -> bool:
        """Whether nothing a reader could see differs: the times of the pull do not count."""
        return (self.binding, self.values, self.raw, self.warnings, self.marks, self.source) == (
            other.binding, other.values, other.raw, other.warnings, other.marks, other.source,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """变更: one numbered change of one record. `moment` is the moment's name where time made the change."""

    resource: str
    epoch: int
    seq: int
    fence: int
    handle: str
    operation: Operation
    at: str
    before: Image | None
    after: Image | None
    moment: str | None = None

    @property
    def id(self) -> str:
        """The deterministic id of its log entry."""
        return f"{self.resource}:{self.epoch}:{self.seq}"


@dataclass(frozen=True, slots=True)
class Order:
    """One order term. Nulls sort last in both directions; the handle breaks ties, ascending."""

    item: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Keyset:
    """A place in an order: the order items' stored values, then the handle."""

    values: tuple[Value, ...]
    handle: str


@dataclass(frozen=True, slots=True)
class Page:
    """What part of an order is wanted. `backwards` takes the last `limit` before `before`, still in forward order."""

    limit: int
    after: Keyset | None = None
    before: Keyset | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """Full-text search: `text` as the user gave it, within `items` (those the client may see plain)."""

    text: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A bound question about one resource: row rule, visibility and the user's where are one rule already.

    `columns` are the items to return. `now` is the time at which moments are judged.
    """

    resource: Resource
    where: Where
    now: datetime
    columns: tuple[str, ...]
    order: tuple[Order, ...] = ()
    search: Search | None = None


@dataclass(frozen=True, slots=True)
class RowPage:
    """Rows of one page in forward order, and whether more stand on the far side(s)."""

    rows: tuple[Row, ...]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk over records by the sequence of their last change: after `after`, up to and with `upto`."""

    resource: Resource
    after: int
    upto: int
    limit: int
    where: Where = TRUE
