"""The written form of rules: the GraphQL `where` over own items as a mapping ⇄ the values of `catalogue.rules`.

`hidden_when` and `when` of a descriptor, the row rules of grants and moments as booleans are all written so. `literal`
brings one operand into stored form (dates checked, decimals scaled, codes canonical); the engine may use it for
GraphQL arguments too. Links are refused here: a rule reads own items only.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, DecimalException

from catalogue.canonical import canonical
from catalogue.faults import Fault, Faults
from catalogue.fold import fold
from catalogue.model import DataType, Item, Moment, Resource
from catalogue.rules import (
    FALSE,
    SHANGHAI,
    Compare,
    Either,
    Every,
    Not,
    Op,
    Reached,
    Value,
    Where,
    both,
    stored_time,
)  # fmt: skip

RULES = {
    "rule-form": "A rule is a table of comparisons, moments and the connectives and, or, not.",
    "rule-name": "A rule names items and moments of its own resource, never links.",
    "rule-operator": "A comparison is one that the item's type allows.",
    "rule-value": "A value fits the item that it is compared with.",
}

#: Steps from a file's top into a rule: nobody writes more, and whatever walks rules by recursion is safe.
DEEPEST = 60
#: Stored integers stay below this, so that no store rounds them.
LARGEST = 2**53

_EQUAL = (Op.EQ, Op.NE, Op.IN, Op.NOT_IN)
_RANGE = (Op.LT, Op.LTE, Op.GT, Op.GTE)
_OPERATORS: Mapping[DataType, tuple[Op, ...]] = {
    DataType.TEXT: (*_EQUAL, *_RANGE, Op.PREFIX, Op.CONTAINS),
    DataType.MEMO: (Op.CONTAINS,),
    DataType.BLOB: _EQUAL,
    DataType.LOGICAL: (Op.EQ, Op.NE),
}


class LiteralError(ValueError):
    """An operand that does not fit its item; the message says what would."""


def operators(item: Item) -> tuple[Op, ...]:
    """The comparisons that an item's type allows. A coded item is compared by its code, whole or by prefix."""
    if item.type is DataType.TEXT and item.code_list:
        return *_EQUAL, Op.PREFIX, Op.IS_NULL
    return *_OPERATORS.get(item.type, (*_EQUAL, *_RANGE)), Op.IS_NULL


def parse_rule(
    mapping: object, resource: Resource, *, file: str = "", place: str = ""
) -> tuple[Where, tuple[Fault, ...]]:
    """The rule that a mapping writes, and every fault in it. With faults the rule is FALSE: it must not be used."""
    faults = Faults(file, place)
    where = read_rule(mapping, resource, faults)
    return (FALSE if faults.found else where), tuple(faults.found)


def read_rule(mapping: object, resource: Resource, faults: Faults) -> Where:
    """As `parse_rule`, for a caller that collects the faults of a whole file; FALSE stands for what is broken."""
    if not isinstance(mapping, Mapping):
        faults.add("rule-form", 'a rule is a table such as { state = { eq = "1" } }')
        return FALSE
    if faults.place.count(".") > DEEPEST:
        faults.add("rule-form", "the rule is nested too deep")
        return FALSE
    parts = [_part(str(key), value, resource, faults.at(str(key))) for key, value in mapping.items()]
    return parts[0] if len(parts) == 1 else both(*parts)


def rule_to_mapping(where: Where, resource: Resource) -> dict[str, object]:
    """The mapping that writes the rule. ValueError where it has no written form (a link, a point of time unnamed)."""
    match where:
        case Compare(name, op, value):
            return {name: {op.value: _written(resource.item(name), op, value)}}
        case Reached(item, days):
            return {_moment_of(resource, item, days).name: True}
        case Every(parts):
            return _flat(parts, resource) or {"and": [rule_to_mapping(part, resource) for part in parts]}
        case Either(parts):
            return {"or": [rule_to_mapping(part, resource) for part in parts]}
        case Not(part):
            return {"not": rule_to_mapping(part, resource)}
        case _:
            raise ValueError("a condition on a link has no written form")


def literal(item: Item, op: Op, value: object) -> Value | tuple[Value, ...]:
    """The operand of `item op value` in stored form; LiteralError says what would fit. `in` takes a list."""
    if op is Op.IS_NULL:
        return _logical(item, value)
    if op in (Op.IN, Op.NOT_IN):
        if not isinstance(value, list | tuple):
            raise LiteralError("takes a list")
        return tuple(_STORED[item.type](item, each) for each in value)
    if op is Op.PREFIX:
        return _prefix(item, value)
    if op is Op.CONTAINS:
        return _sought(value)
    return _STORED[item.type](item, value)


def _part(key: str, value: object, resource: Resource, faults: Faults) -> Where:
    match key:
        case "and":
            return Every(_parts(value, resource, faults))
        case "or":
            return Either(_parts(value, resource, faults))
        case "not":
            return Not(read_rule(value, resource, faults))
    if any(item.name == key for item in resource.items):
        return _comparisons(resource.item(key), value, resource, faults)
    return _reached(key, value, resource, faults)


def _parts(value: object, resource: Resource, faults: Faults) -> tuple[Where, ...]:
    if not isinstance(value, list | tuple):
        faults.add("rule-form", "takes a list of rules")
        return ()
    return tuple(read_rule(part, resource, faults.at(str(number))) for number, part in enumerate(value))


def _reached(key: str, value: object, resource: Resource, faults: Faults) -> Where:
    moment = resource.moment(key)
    if moment is None:
        is_link = any(link.name == key for link in resource.links)
        what = "a link: a rule reads own items only" if is_link else f"neither an item nor a moment of {resource.name}"
        faults.add("rule-name", f"{key} is {what}", (resource.name, key))
        return FALSE
    if not isinstance(value, bool):
        faults.add("rule-form", "a moment is true or false")
    at = Reached(moment.item, moment.days)
    return at if value else Not(at)


def _comparisons(item: Item, value: object, resource: Resource, faults: Faults) -> Where:
    if not isinstance(value, Mapping):
        faults.add("rule-form", f"compare with an operator: {item.name} = {{ eq = … }}")
        return FALSE
    about = (resource.name, item.name)
    parts = [_comparison(item, str(op), operand, faults.at(str(op)), about) for op, operand in value.items()]
    return parts[0] if len(parts) == 1 else both(*parts)


def _comparison(item: Item, op: str, operand: object, faults: Faults, about: tuple[str, str]) -> Where:
    allowed = operators(item)
    if op not in {each.value for each in allowed}:
        faults.add("rule-operator", f"{item.name} can be compared by {', '.join(allowed)}", about)
        return FALSE
    try:
        return Compare(item.name, Op(op), literal(item, Op(op), operand))
    except LiteralError as error:
        faults.add("rule-value", f"{item.name} {op} {error}", about)
        return FALSE


def _text(item: Item, value: object) -> str:
    if not isinstance(value, str):
        raise LiteralError("takes text")
    return canonical(item.canonical, value)


def _prefix(item: Item, value: object) -> str:
    """The beginning of a code, canonical as far as a beginning can be: neither padded nor completed."""
    if not isinstance(value, str):
        raise LiteralError("takes text")
    return unicodedata.normalize("NFKC", value).strip().upper() if item.canonical else value


def _sought(value: object) -> str:
    if not isinstance(value, str) or not fold(value):
        raise LiteralError("takes text with at least one letter, digit or Han character")
    return value


def _scaled(item: Item, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise LiteralError("takes a number")
    try:
        scaled = Decimal(str(value)).scaleb(item.scale)
    except DecimalException:
        raise LiteralError("takes a number") from None
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise LiteralError(f"takes a number with at most {item.scale} decimals")
    return _kept(scaled)


def _integer(item: Item, value: object) -> int:
    del item
    if isinstance(value, bool) or not isinstance(value, int):
        raise LiteralError("takes a whole number")
    return _kept(value)


def _kept(number: int | Decimal) -> int:
    if not -LARGEST <= number <= LARGEST:
        raise LiteralError("takes a number of at most 2^53 in its smallest unit")
    return int(number)


def _float(item: Item, value: object) -> float:
    del item
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise LiteralError("takes a number")
    return float(value)


def _logical(item: Item, value: object) -> bool:
    del item
    if not isinstance(value, bool):
        raise LiteralError("takes true or false")
    return value


def _date(item: Item, value: object) -> str:
    del item
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return date.fromisoformat(value if isinstance(value, str) else "").isoformat()
    except ValueError:
        raise LiteralError("takes a date such as 2026-01-31") from None


def _time(item: Item, value: object) -> str:
    del item
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value if isinstance(value, str) else "")
        return stored_time(at if at.tzinfo else at.replace(tzinfo=SHANGHAI))
    except (ValueError, OverflowError):
        raise LiteralError("takes a time such as 2026-01-31T08:00:00+08:00") from None


_STORED: Mapping[DataType, Callable[[Item, object], Value]] = {
    DataType.TEXT: _text,
    DataType.MEMO: _text,
    DataType.BLOB: _text,
    DataType.NUMBER: _scaled,
    DataType.MONEY: _scaled,
    DataType.INTEGER: _integer,
    DataType.DOUBLE: _float,
    DataType.FLOAT: _float,
    DataType.LOGICAL: _logical,
    DataType.DATE: _date,
    DataType.DATETIME: _time,
}


def _flat(parts: tuple[Where, ...], resource: Resource) -> dict[str, object] | None:
    """The parts side by side in one table, as a person writes a conjunction; None where two would share a key."""
    if len(parts) < 2 or not all(isinstance(part, Compare | Reached) for part in parts):
        return None
    flat: dict[str, object] = {}
    for part in parts:
        flat |= rule_to_mapping(part, resource)
    return flat if len(flat) == len(parts) else None


def _moment_of(resource: Resource, item: str, days: int) -> Moment:
    for moment in resource.moments:
        if (moment.item, moment.days) == (item, days):
            return moment
    raise ValueError(f"{resource.name} has no moment at {item} {days:+d} days")


def _written(item: Item, op: Op, value: Value | tuple[Value, ...]) -> object:
    if isinstance(value, tuple):
        return [_written(item, Op.EQ, each) for each in value]
    if item.scale and op is not Op.IS_NULL and isinstance(value, int):
        return f"{Decimal(value).scaleb(-item.scale).normalize():f}"
    return value
