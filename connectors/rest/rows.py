"""From the list of an answer to rows as the port knows them. Step 2 of walk 2, and of live questions; pure.

A row that is no object or holds what is no text is a BadRow; the others go on. A nested value is JSON
text, and a column whose name begins with `/` is a pointer into the row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.convert import text_of
from connectors.rest.body import Content
from connectors.rest.pointer import resolve
from connectors.rest.settings import Settings
from connectors.source import BadRow, SourceBroken, SourceRow

#: Characters of a bad row that are kept.
LONGEST_RAW = 4000
#: From this many rows of an answer on, more than half of them undecodable means that its charset is wrong.
JUDGED = 10


def list_of(settings: Settings, content: Content) -> list[Any]:
    """The list at `rows`, after a look at `ok`; SourceBroken where there is none."""
    if settings.ok is not None and told(content.value, settings.ok[0]) != settings.ok[1]:
        raise SourceBroken(settings.system, f"says at {settings.ok[0]} that it could not answer")
    items = resolve(content.value, settings.rows)
    if settings.single and not isinstance(items, list):
        items = [content.value if items is None else items]
    if items is None and settings.ok is not None:
        return []
    if not isinstance(items, list):
        raise SourceBroken(settings.system, f"has no list at {settings.rows or 'the top of its answer'}: look at rows")
    return items


def told(value: Any, place: str) -> str:
    """What stands at a pointer, or in a member of that name, as text; empty where there is nothing."""
    found = value_at(value, place)
    return "" if found is None else text_of(found)


def value_at(value: Any, place: str) -> Any:
    """What a column names in a row: a member, or behind `/` a pointer."""
    if place.startswith("/"):
        return resolve(value, place)
    return value.get(place) if isinstance(value, dict) else None


@dataclass(slots=True)
class Reader:
    """Reads the rows of one pull or question, counting them."""

    settings: Settings
    number: int = 0

    def rows(self, items: Sequence[Any], content: Content) -> list[SourceRow | BadRow]:
        """The rows of a list, those left out that are marked as deleted."""
        first = self.number
        self.number += len(items)
        read = [self._row(item, number, content) for number, item in enumerate(items, first + 1)]
        unreadable = sum(isinstance(row, BadRow) and row.reason == _NO_TEXT for row in read)
        if len(items) >= JUDGED and unreadable * 2 > len(items):
            raise SourceBroken(self.settings.system, "answers in another charset than it declares")
        return [row for row in read if row is not None]

    def _row(self, item: Any, number: int, content: Content) -> SourceRow | BadRow | None:
        position = f"{self.settings.name} row {number}"
        reason = _fault(item, content)
        if reason:
            return BadRow(position, reason, _raw(item))
        marked = self.settings.deleted
        if marked is not None and told(item, marked[0]) == marked[1]:
            return None
        return SourceRow(dict(self._values(item)), position)

    def _values(self, item: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
        yield from ((name, _flat(value)) for name, value in item.items())
        yield from ((name, _flat(resolve(item, name))) for name in self.settings.columns if name.startswith("/"))


_NO_TEXT = "bytes that are not of its charset"


def _fault(item: Any, content: Content) -> str:
    """Why an item cannot be a row; empty where it can."""
    if not isinstance(item, dict):
        return "not a JSON object"
    if content.suspicious and not _is_text(item):
        return _NO_TEXT
    return ""


def _is_text(item: Any) -> bool:
    try:
        _json(item).encode()
    except UnicodeEncodeError:
        return False
    return True


def _raw(item: Any) -> str:
    text = _json(item).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= LONGEST_RAW else text[:LONGEST_RAW] + "…"


def _flat(value: Any) -> object:
    return _json(value) if isinstance(value, dict | list) else value


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)
