"""Dates and times as departments write them, read into one form. Pure; mapping converts with it, discovery guesses.

Known without being declared: 2019-01-02, 2019/1/2, 2019.1.2, 2019年1月2日, 20190102, each also with a time behind it,
ISO 8601 with an offset, date objects, and the serial numbers of spreadsheets where the cell is a number.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, tzinfo
from functools import lru_cache

# The words may be any of the three separators, but both the same; 年 goes with 月.
_DATE = r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日?)"
_TIME = r"(?:(?:[T\s]+|(?<=日))(\d{1,2})[:时](\d{1,2})(?:[:分](?:(\d{1,2})(?:\.(\d{1,6})\d*)?秒?)?)?)?"
_WRITTEN = re.compile(_DATE + _TIME + r"\s*(Z|[+-]\d{2}:?\d{2})?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2}))?")
#: Serial numbers from here on are taken for compact dates (19000101).
_COMPACT_FROM = 10_000_000
#: Dates and offsets come again and again; strptime takes longer than all else that is done with a value.
REMEMBERED = 4096


def read_moment(value: object, formats: tuple[str, ...] = ()) -> datetime:
    """The point of time that a text, number or date object names, naive where it has no offset; ValueError where none.

    Declared formats (strptime) stand in place of the known ones; `excel` among them reads digits as a serial number.
    """
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, str):
        return _declared(value, formats) if formats else _known(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    raise ValueError("neither text, number nor date")


@lru_cache(maxsize=REMEMBERED)
def _declared(text: str, formats: tuple[str, ...]) -> datetime:
    for form in formats:
        try:
            return _serial(float(text)) if form == "excel" else datetime.strptime(text, form)  # noqa: DTZ007  as declared
        except ValueError:
            continue
    raise ValueError("none of the declared formats")


def _known(text: str) -> datetime:
    found = _WRITTEN.fullmatch(text)
    if found:
        year, _, m1, d1, m2, d2, hour, minute, second, fraction, offset = found.groups()
        micro = int((fraction or "0").ljust(6, "0"))
        at = time(int(hour or 0), int(minute or 0), int(second or 0), micro, _offset(offset))
        return datetime.combine(date(int(year), int(m1 or m2), int(d1 or d2)), at)
    compact = _COMPACT.fullmatch(text)
    if not compact:
        raise ValueError("no known form of a date")
    year, month, day, hour, minute, second = (int(part or 0) for part in compact.groups())
    return datetime.combine(date(year, month, day), time(hour, minute, second))


@lru_cache(maxsize=REMEMBERED)
def _offset(text: str | None) -> tzinfo | None:
    return datetime.strptime(text.replace("Z", "+0000"), "%z").tzinfo if text else None


def _number(value: float) -> datetime:
    return _known(str(int(value))) if value >= _COMPACT_FROM else _serial(value)


def _serial(value: float) -> datetime:
    """A day of a spreadsheet whose calendar begins in 1900; below 1 there is none."""
    from openpyxl.utils.datetime import from_excel  # half a second to load, and few sources need it

    found = from_excel(value) if 1 <= value < 2_958_466 else None
    if not isinstance(found, datetime):
        raise ValueError("no serial number of a day")  # noqa: TRY004  the text is wrong, not a type of ours
    return found
