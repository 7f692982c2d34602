"""The values of a `changed` column: their order, and the value from which a late commit cannot be missed. Pure.

They are kept as the service writes them, which is what its parameter understands: ISO times with or without a zone,
compact times (20240101080000), whole numbers, or any text, which has an order but no way to step back.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from connectors.convert import text_of

#: Seconds that a transaction may have been open when its rows were stamped, and the same for numbers in their unit.
OVERLAP_SECONDS = 60.0
OVERLAP_NUMBERS = 1.0
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?:(?P<gap>[T ])(?P<time>\d\d:\d\d(:\d\d)?)(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d(:?\d\d)?)?)?",
    re.ASCII,
)
_COMPACT = re.compile(r"(19|20)\d{6}(\d{6})?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,30}(\.\d+)?", re.ASCII)
_FORMATS = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}
_DAY = 86_400.0
Order = tuple[int, Decimal, str]


def stamp_of(value: object) -> str | None:
    """The value as the service writes it; None where it is no stamp."""
    if isinstance(value, str):
        return value.strip() or None
    return text_of(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


@lru_cache(maxsize=4096)
def order(stamp: str) -> Order:
    """What stamps of one column are compared by."""
    at = _moment(stamp)
    if at is not None:
        return 1, Decimal(at.timestamp() if at.tzinfo else at.replace(tzinfo=UTC).timestamp()), ""
    return (0, Decimal(stamp), "") if _NUMBER.fullmatch(stamp) else (2, Decimal(0), stamp)


def later(one: str | None, other: str | None) -> str | None:
    """The larger of two, None being the smallest."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=order)


def is_ahead(stamp: str, now: float) -> bool:
    """Whether it is a time more than a day after now (seconds since 1970), whatever its zone."""
    return order(stamp) > (1, Decimal(now + _DAY), "") if is_time(stamp) else False


def is_time(stamp: str) -> bool:
    """Whether it is a time, from which seconds can be taken."""
    return _moment(stamp) is not None


def earlier(stamp: str, overlap: float | None, seconds: float = 0.0) -> str:
    """The stamp less the overlap (None: the usual one), for times less so many seconds more; in its own spelling."""
    at = _moment(stamp)
    if at is not None:
        return _spelt(stamp, at, math.ceil((OVERLAP_SECONDS if overlap is None else overlap) + seconds))
    if not _NUMBER.fullmatch(stamp):
        return stamp
    return str(Decimal(stamp) - Decimal(str(OVERLAP_NUMBERS if overlap is None else overlap)).normalize())


def _moment(stamp: str) -> datetime | None:
    try:
        if _COMPACT.fullmatch(stamp):
            return datetime.strptime(stamp, _FORMATS[len(stamp)])  # noqa: DTZ007 (stamps without a zone are compared)
        return datetime.fromisoformat(stamp) if _ISO.fullmatch(stamp) else None
    except ValueError:
        return None


def _spelt(stamp: str, at: datetime, seconds: int) -> str:
    """The moment so many whole seconds earlier; its fraction and its zone stay as they are written."""
    try:
        before = at - timedelta(seconds=seconds)
    except OverflowError:
        return stamp
    parts = _ISO.fullmatch(stamp)
    if parts is None:
        return before.strftime(_FORMATS[len(stamp)])
    if not parts["gap"]:
        return before.date().isoformat()
    time = before.isoformat(timespec="seconds")[11 : 11 + len(parts["time"])]
    return f"{before.date()}{parts['gap']}{time}{parts['fraction'] or ''}{parts['zone'] or ''}"
