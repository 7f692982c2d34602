"""The changed column of a pull: which of two values is later, and how far behind the last one to ask. Pure.

Times of ISO form are compared as times and keep their form; numbers as numbers; every other text as text.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

LATE_SECONDS = 60.0
_DAY = 86_400


def later(first: str | None, second: object) -> str | None:
    """The later of the two; what is no value counts for nothing."""
    text = str(second).strip() if second is not None else ""
    if not text:
        return first
    return text if first is None or _order(text) > _order(first) else first


def moved_back(text: str, overlap: float | None, took: float) -> str:
    """The value so far before it, in its own form, to be asked since.

    Late commits carry an earlier value than what was seen (`overlap`), and what changed behind a page that had been
    read was not seen while the read `took` its seconds.
    """
    if text.isascii() and text.isdigit():
        return str(max(0, int(text) - int(overlap or 0)))
    at = _time(text)
    if at is None:
        return text
    seconds = took + (LATE_SECONDS if overlap is None else overlap)
    if len(text) == len("2024-01-01"):
        return (at - timedelta(days=-(-seconds // _DAY))).date().isoformat()
    return _written(at - timedelta(seconds=math.ceil(seconds)), like=text)


def _written(at: datetime, like: str) -> str:
    precise = "milliseconds" if "." in like else "seconds"
    text = at.isoformat(like[10], "microseconds" if at.microsecond % 1000 else precise)
    return text.replace("+00:00", "Z") if like.endswith("Z") else text


def _order(text: str) -> tuple[int, float | str]:
    """Numbers before times before texts: a column holds one of them."""
    at = _time(text)
    if at is not None:
        return 1, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return (0, int(text)) if text.isascii() and text.isdigit() else (2, text)


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if "-" in text[4:5] else None
    except ValueError:
        return None
