"""How a department may write a stored value: what a live system is asked for. The other way round of `convert`; pure.

The live step of walk 1 (a question) asks for every one of the texts; what comes back is converted and compared with the
value, so that one text too many costs nothing but its place in the call. Where a pattern picks a value out of a longer
text there is no way back: the value is asked for as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from catalogue.canonical import canonical, spellings
from catalogue.model import Column, DataType, Item
from catalogue.rules import Value, instant

Write = Callable[[Value], tuple[str, ...]]
#: What `connectors.dates` reads as a serial number; no text is made of it.
_SERIAL = "excel"


def writer(item: Item, column: Column, zone: ZoneInfo) -> Write:
    """The function that gives the texts of a stored value of the item, the likeliest first, each once."""
    plain = _plain(item, column, zone)

    def write(value: Value) -> tuple[str, ...]:
        if value is None:
            return ("",)
        codes = (source for source, code in column.codes.items() if canonical(item.canonical, code) == value)
        return tuple(dict.fromkeys((*codes, *plain(value))))

    return write


def _plain(item: Item, column: Column, zone: ZoneInfo) -> Write:
    formats = tuple(form for form in column.formats if form != _SERIAL)
    match item.type:
        case DataType.DATE:
            return lambda value: _day(date.fromisoformat(str(value)), formats)
        case DataType.DATETIME:
            return lambda value: _moment(str(value), formats, zone)
        case DataType.NUMBER | DataType.MONEY | DataType.INTEGER:
            return lambda value: (f"{Decimal(str(value)).scaleb(-item.scale):f}",)
        case DataType.LOGICAL:
            return lambda value: ("true", "1") if value else ("false", "0")
        case _:
            return lambda value: spellings(item.canonical, str(value))


def _day(day: date, formats: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(day.strftime(form) for form in formats) or (day.isoformat(),)


def _moment(stored: str, formats: tuple[str, ...], zone: ZoneInfo) -> tuple[str, ...]:
    """In the declared formats; else as a time of the binding's zone without an offset, and as it is stored."""
    at = instant(stored).astimezone(zone)
    return tuple(at.strftime(form) for form in formats) or (_local(at), stored)


def _local(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(" ", "milliseconds" if at.microsecond else "seconds")
