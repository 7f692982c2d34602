"""One TOML table while it is read: typed values are taken key by key, and every fault is reported at its place.

A key that is missing or of the wrong type gives a fault and a placeholder, so that reading goes on and all faults of a
file are reported together; a key that nobody took is a fault when the table is closed. It knows no nouns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from catalogue.faults import Faults

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class Table:
    """The keys of one table. `faults` stands at the table's place."""

    def __init__(self, values: Mapping[str, object], faults: Faults) -> None:
        self.values = values
        self.faults = faults
        self._known: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def take(self, key: str) -> object | None:
        """The value as TOML gives it, or None; from now on the key is a known one."""
        self._known.add(key)
        return self.values.get(key)

    def close(self) -> None:
        """Report every key that was not taken."""
        for key in self.values:
            if key not in self._known:
                near = get_close_matches(key, self._known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(self._known))}"
                self.faults.at(key).add("unknown-key", f"there is no key {key} here; {hint}")

    def text(self, key: str) -> str:
        """A required text, not empty."""
        value = self.take(key)
        if value is None or (isinstance(value, str) and not value.strip()):
            self.faults.at(key).add("missing-key", f"{key} is required")
            return ""
        return self.either(key, _text, "text", "")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty where the key is absent."""
        return self.either(key, _texts, "a list of texts", ())

    def lists(self, key: str) -> tuple[tuple[str, ...], ...]:
        """A list of lists of texts, where a text alone stands for a list of one; empty where the key is absent."""
        return self.either(key, _lists, "a list of lists of texts", ())

    def pairs(self, key: str) -> Mapping[str, str]:
        """A table of texts, where numbers and truth values count as their text; empty where the key is absent."""
        return self.either(key, _pairs, "a table of texts", MappingProxyType({}))

    def optional(self, key: str, default: str = "") -> str:
        """A text that may be absent."""
        return self.either(key, _text, "text", default)

    def maybe(self, key: str) -> str | None:
        """A text, or None where the key is absent."""
        return self.either(key, _text, "text", None)

    def day(self, key: str) -> str:
        """A required date, as a TOML date or as text."""
        return self.either(key, _day, "a date such as 2026-01-31", "") if key in self else self.text(key)

    def integer(self, key: str, default: int) -> int:
        """A whole number."""
        return self.either(key, _integer, "a whole number", default)

    def number(self, key: str, default: float) -> float:
        """A number."""
        return self.either(key, _number, "a number", default)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """A truth value."""
        return self.either(key, _flag, "true or false", default)

    def choice(self, key: str, kind: type[E], default: E) -> E:
        """One of an enumeration's values."""
        return self.choice_or_none(key, kind) or default

    def required(self, key: str, kind: type[E], placeholder: E) -> E:
        """One of an enumeration's values that must be said."""
        return self.choice(key, kind, placeholder) if self.text(key) else placeholder

    def choice_or_none(self, key: str, kind: type[E]) -> E | None:
        """One of an enumeration's values, or None where the key is absent or wrong."""
        text = self.maybe(key)
        if text is None:
            return None
        try:
            return kind(text)
        except ValueError:
            self.faults.at(key).add("unknown-value", f"{text or 'nothing'} is none of {', '.join(kind)}")
            return None

    def one(self, key: str, read: Callable[[Table], T], short: str = "") -> T | None:
        """The table of that key as `read` takes it; None where it is absent. Text alone stands for its key `short`."""
        value = self.take(key)
        return None if value is None else read_table(value, self.faults.at(key), read, short)

    def each(self, key: str, read: Callable[[str, Table], T], short: str = "") -> tuple[T, ...]:
        """The tables inside the table of that key, each by name, in the order of the file."""
        value = self.take(key)
        outer = None if value is None else as_table(value, self.faults.at(key))
        if outer is None:
            return ()
        place = outer.faults.at
        found = [read_table(inner, place(name), partial(read, name), short) for name, inner in outer.values.items()]
        return tuple(inner for inner in found if inner is not None)

    def listed(self, key: str, read: Callable[[Table], T]) -> tuple[T, ...]:
        """The tables listed under that key; one table alone stands for a list of one."""
        value = self.take(key)
        several = value if isinstance(value, list) else [] if value is None else [value]
        places = [self.faults.at(key).at(str(number)) for number in range(len(several))]
        found = [read_table(each, place, read) for each, place in zip(several, places, strict=True)]
        return tuple(each for each in found if each is not None)

    def either(self, key: str, fits: Callable[[object], T | None], wanted: str, default: T) -> T:
        """The value as `fits` reads it; the default where it is absent, and with a fault where it does not fit."""
        value = self.take(key)
        if value is None:
            return default
        found = fits(value)
        if found is None:
            self.faults.at(key).add("wrong-type", f"{key} takes {wanted}")
            return default
        return found


def read_table(value: object, faults: Faults, read: Callable[[Table], T], short: str = "") -> T | None:
    """What `read` makes of the table; keys that it leaves are faults. None, with a fault, where there is no table."""
    table = Table({short: value}, faults) if short and isinstance(value, str) else as_table(value, faults)
    if table is None:
        return None
    found = read(table)
    table.close()
    return found


def as_table(value: object, faults: Faults) -> Table | None:
    """The value as a table at that place; None, with a fault, where it is none."""
    if isinstance(value, Mapping):
        return Table(value, faults)
    faults.add("wrong-type", "a table belongs here")
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return None
    return tuple(value)


def _lists(value: object) -> tuple[tuple[str, ...], ...] | None:
    if not isinstance(value, list):
        return None
    lists = [(each,) if isinstance(each, str) else _texts(each) for each in value]
    found = tuple(each for each in lists if each is not None)
    return found if len(found) == len(lists) else None


def _pairs(value: object) -> Mapping[str, str] | None:
    if not isinstance(value, Mapping) or not all(isinstance(v, str | int | Decimal) for v in value.values()):
        return None
    return MappingProxyType({name: _as_text(each) for name, each in value.items()})


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _day(value: object) -> str | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
