"""The one form of a condition over a resource's own items: `where`, `hidden_when`, link conditions, row rules, moments.

A rule is a small tree of frozen values. Here it is built, combined and judged in memory; `hub.records` compiles the
same tree for each store, and one contract suite holds them to the same answers. Logic has two values: a comparison
with an absent value is false, `ne` and `notIn` are the negation of `eq` and `in` (so they hold for an absent value).

Values stand in stored form: text; integers; decimals and money as integers scaled by the item's `scale`; floats;
booleans; dates as `YYYY-MM-DD`; times as UTC `YYYY-MM-DDTHH:MM:SS.mmmZ` (both sort as text).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import ge, gt, le, lt
from typing import Any
from zoneinfo import ZoneInfo

from catalogue.fold import fold

Value = str | int | float | bool | None
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Op(StrEnum):
    """The comparisons of a `where` input, by their GraphQL names."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "notIn"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    PREFIX = "prefix"
    CONTAINS = "contains"
    IS_NULL = "isNull"


class Quantifier(StrEnum):
    """How many linked records must meet an inner rule."""

    SOME = "some"
    NONE = "none"
    EVERY = "every"


@dataclass(frozen=True, slots=True)
class Compare:
    """`item op value`; `value` is a tuple for `in`/`notIn`, a bool for `isNull`.

    `contains` means: the folded terms of the value stand side by side in the folded item (what every store can do);
    a value without a term is in nothing. `prefix` and `contains` are for text alone, false for anything else.
    """

    item: str
    op: Op
    value: Value | tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """Now is at or after `item` plus `days`; false where the item is absent (长期).

    A date means 00:00 Asia/Shanghai.
    """

    item: str
    days: int


@dataclass(frozen=True, slots=True)
class Among:
    """The tuple of `items` is one of `values`: what a condition on a link becomes once its keys are known.

    False where one of the items is absent: an absent key joins nothing.
    """

    items: tuple[str, ...]
    values: frozenset[tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Linked:
    """A condition on linked records. Only the engine meets it: it replaces it by `Among` before a store is asked."""

    link: str
    quantifier: Quantifier
    inner: Where


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold; without parts, true."""

    parts: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One part at least holds; without parts, false."""

    parts: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Where


Where = Compare | Reached | Among | Linked | Every | Either | Not
_ORDER: Mapping[Op, Callable[[Any, Any], bool]] = {Op.LT: lt, Op.LTE: le, Op.GT: gt, Op.GTE: ge}
TRUE: Where = Every(())
FALSE: Where = Either(())


def both(*parts: Where) -> Where:
    """The conjunction of the parts, flat, without the ones that are always true."""
    flat: list[Where] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Every) else (part,))
    return flat[0] if len(flat) == 1 else Every(tuple(flat))


def walk(where: Where) -> Iterator[Where]:
    """The rule and everything inside it but the inner side of a link, outermost first."""
    yield where
    if isinstance(where, Every | Either):
        for part in where.parts:
            yield from walk(part)
    elif isinstance(where, Not):
        yield from walk(where.part)


def items_of(where: Where) -> frozenset[str]:
    """The names of the own items that the rule reads."""
    found: set[str] = set()
    for part in walk(where):
        if isinstance(part, Compare | Reached):
            found.add(part.item)
        elif isinstance(part, Among):
            found.update(part.items)
    return frozenset(found)


def instant(value: str, days: int = 0) -> datetime:
    """The point of time that a stored date or time names, plus days of the Asia/Shanghai calendar."""
    if len(value) == 10:
        return datetime.fromisoformat(value).replace(tzinfo=SHANGHAI) + timedelta(days=days)
    return datetime.fromisoformat(value).astimezone(SHANGHAI) + timedelta(days=days)


def latest_reached(now: datetime, days: int, *, date: bool) -> str:
    """The largest stored date (or time) whose instant plus `days` is at or before `now`: what a store compares with."""
    then = now.astimezone(SHANGHAI) - timedelta(days=days)
    return then.date().isoformat() if date else stored_time(then)


def stored_time(at: datetime) -> str:
    """A point of time in stored form: UTC, milliseconds, `Z`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def holds(where: Where, row: Mapping[str, Value], now: datetime) -> bool:
    """Whether the rule holds for a row of stored values at `now`. `Linked` is not for memory: TypeError."""
    match where:
        case Compare():
            return _compare(where, row.get(where.item))
        case Reached(item, days):
            value = row.get(item)
            # Compared as stored, as stores do: 9999-12-31 plus days is no point of time, yet a value in use.
            return isinstance(value, str) and value <= latest_reached(now, days, date=len(value) == 10)
        case Among(items, values):
            own = tuple(row.get(i) for i in items)
            return None not in own and own in values
        case Every(parts):
            return all(holds(p, row, now) for p in parts)
        case Either(parts):
            return any(holds(p, row, now) for p in parts)
        case Not(part):
            return not holds(part, row, now)
        case Linked():
            raise TypeError("a condition on a link cannot be judged on one row")


def _compare(rule: Compare, value: Value) -> bool:
    wanted = rule.value
    if rule.op is Op.IS_NULL:
        return (value is None) == wanted
    if rule.op in (Op.NE, Op.NOT_IN):
        return value is None or not _equal(rule, value)
    if value is None or wanted is None:
        return False
    if rule.op in (Op.EQ, Op.IN):
        return _equal(rule, value)
    if isinstance(value, str) and isinstance(wanted, str):
        return _compare_text(rule.op, value, wanted)
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        return _ordered(rule.op, value, wanted)
    return False


def _equal(rule: Compare, value: Value) -> bool:
    return value in rule.value if isinstance(rule.value, tuple) else value == rule.value


def _compare_text(op: Op, value: str, wanted: str) -> bool:
    if op is Op.PREFIX:
        return value.startswith(wanted)
    if op is Op.CONTAINS:
        sought = fold(wanted)
        return sought != "" and f" {sought} " in f" {fold(value)} "
    return _ordered(op, value, wanted)


def _ordered(op: Op, value: Value, wanted: Value) -> bool:
    return op in _ORDER and _ORDER[op](value, wanted)
