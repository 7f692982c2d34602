"""How far a pull has come in a table: the checkpoint, its opaque text, how far behind late commits are sought. Pure.

While everything is read the place is a key; afterwards it is a value of the changed column, with the key that breaks
ties. Values keep their types across the text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from connectors.sql.target import Values

#: Seconds that a transaction may have been open when its rows were stamped, where the binding does not declare it.
OVERLAP_SECONDS = 60.0
_PLAIN = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Place:
    """`key` is the last one read of everything, or of those changed at `since`. `following` says that everything was
    read and only changes are; until then `since` is the largest change known when reading began.
    """

    following: bool = False
    since: Any = None
    key: Values | None = None

    @classmethod
    def parse(cls, cursor: str | None) -> Place:
        """The place that a cursor holds. One of another form (another connector's) means: from the beginning."""
        try:
            given = json.loads(cursor or "{}")
            key = tuple(_decode(value) for value in given["key"]) if given["key"] is not None else None
            return cls(bool(given["following"]), _decode(given["since"]), key)
        except (ValueError, TypeError, KeyError):
            return cls()

    def cursor(self) -> str:
        """The opaque text of it."""
        key = [_encode(value) for value in self.key] if self.key is not None else None
        given = {"following": self.following, "since": _encode(self.since), "key": key}
        return json.dumps(given, ensure_ascii=False, separators=(",", ":"))

    def step_back(self, overlap: float | None) -> Place:
        """The place from which a late commit cannot be missed; this place where there is no overlap."""
        since = _earlier(self.since, overlap)
        return self if since == self.since else Place(self.following, since)


def _encode(value: Any) -> Any:
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    name = next((name for name, kind in _KINDS.items() if type(value) is kind), "text")
    return {name: value.isoformat() if isinstance(value, date | time) else str(value)}


_KINDS: dict[str, type] = {"datetime": datetime, "date": date, "time": time, "decimal": Decimal, "uuid": UUID}
_READ: dict[str, Callable[[str], Any]] = {
    "bytes": bytes.fromhex,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
    "uuid": UUID,
    "text": str,
}


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((name, text),) = value.items()
    return _READ[name](text)


def _earlier(since: Any, overlap: float | None) -> Any:
    """`since` less the overlap, of the same type. Times that a database keeps as ISO text stay text."""
    seconds = OVERLAP_SECONDS if overlap is None else overlap
    match since:
        case datetime():
            return since - timedelta(seconds=seconds)
        case date():
            return since - timedelta(days=math.ceil(seconds / 86_400))
        case int():
            return since - int(overlap or 0)
        case float():
            return since - (overlap or 0)
        case Decimal():
            return since - Decimal(overlap or 0)
        case str():
            return _earlier_text(since, seconds)
        case _:
            return since


def _earlier_text(since: str, seconds: float) -> str:
    try:
        at = datetime.fromisoformat(since)
    except ValueError:  # a version that is text: there is no way to step back
        return since
    if not seconds:
        return since
    earlier = (at - timedelta(seconds=seconds)).isoformat(sep=since[10] if len(since) > 10 else "T")
    return earlier[: len(since)]
