"""Page cursors: a place in one order of one resource, sealed so that nobody makes one up.

A cursor holds the values of the order items, which must be visible to be ordered by, and the record's handle. It lives
as long as the resource and the order mean the same; it says nothing about who may read on from it.
"""

from __future__ import annotations

from collections.abc import Sequence

from catalogue.rules import Value
from hub.errors import Code, HubError
from hub.records.model import Keyset, Order, Row
from hub.seal import Seal, SealBroken


class PageCursors:
    """Writes and reads the page cursors of one hub."""

    def __init__(self, key: bytes) -> None:
        self._seal = Seal(key, "page")

    def write(self, resource: str, order: Sequence[Order], row: Row) -> str:
        """The place of a row in that order."""
        return self._seal.close([resource, _spelled(order), [row[term.item] for term in order], row["_handle"]])

    def read(self, text: str, resource: str, order: Sequence[Order]) -> Keyset:
        """The place that the text names; CURSOR_INVALID where it is none, or one of another resource or order."""
        try:
            value = self._seal.open(text)
        except SealBroken as error:
            raise HubError(Code.CURSOR_INVALID, f"the cursor is {error}") from error
        match value:
            case [str(name), str(spelled), list(values), str(handle)]:
                _same(name, resource, "resource")
                _same(spelled, _spelled(order), "orderBy")
                return Keyset(_values(values), handle)
        raise HubError(Code.CURSOR_INVALID, "the cursor is not one of a page")


def precedes(order: Sequence[Order], one: Keyset, other: Keyset) -> bool:
    """Whether the first place comes before the second in that order; nulls stand last, handles break ties."""
    for term, a, b in zip(order, one.values, other.values, strict=True):
        if a != b:
            if a is None or b is None:
                return b is None
            return (a > b) if term.descending else (a < b)  # type: ignore[operator]  # values of one item are of one type
    return one.handle < other.handle


def _spelled(order: Sequence[Order]) -> str:
    return ",".join(f"{term.item} {'desc' if term.descending else 'asc'}" for term in order)


def _values(values: list[Value]) -> tuple[Value, ...]:
    return tuple(values)


def _same(found: str, wanted: str, what: str) -> None:
    if found != wanted:
        raise HubError(Code.CURSOR_INVALID, f"the cursor was given for another {what}: {found!r}, not {wanted!r}")
