"""Texts, numbers and dates of a source as stored values of an item, one compiled function a column. Pure.

Mapping (walk 2) builds a function per column once a pull and calls it for every row. What cannot become a value raises
`Bad` with a warning code; nothing here knows rows, keys or subjects. Stored forms are those of `catalogue.rules`.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from catalogue.canonical import canonical
from catalogue.model import CodeList, Column, DataType, Item
from catalogue.rules import Value
from connectors.dates import read_moment
from connectors.faults import Bad, WarningCode

Convert = Callable[[object], Value]
LARGEST = 2**53
_REMEMBERED = 4096
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_ONE = Decimal(1)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_LONGEST_NUMBER = 100
_TEXTS = frozenset({DataType.TEXT, DataType.MEMO, DataType.BLOB})
_YES = frozenset({"1", "true", "t", "yes", "y", "是", "有"})
_NO = frozenset({"0", "false", "f", "no", "n", "否", "无"})
#: What a spreadsheet writes where a formula failed.
_CELL_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})


@dataclass(frozen=True, slots=True)
class Declared:
    """What one column's conversion follows: item, column, what a naive time means, and the item's code list."""

    item: Item
    column: Column
    zone: ZoneInfo
    codes: CodeList | None = None


def converter(declared: Declared) -> Convert:
    """The compiled function of a column: a source value to a stored value, None where nothing is given, or `Bad`."""
    item, column = declared.item, declared.column
    convert = _codes(declared) if column.codes or item.code_list else _plain(declared)
    if column.pattern is not None:
        convert = _pattern(declared, convert)
    picked = column.pattern is not None or bool(column.codes) or item.code_list is not None
    if picked or item.type is DataType.DATE:
        convert = lru_cache(_REMEMBERED, typed=True)(convert)
    as_is = _longest(item) if item.type in _TEXTS and item.canonical is None and not picked else 0
    return _given(frozenset(column.nulls), convert, as_is)


def _given(nulls: frozenset[str], convert: Convert, as_is: float) -> Convert:
    """Trims, and turns what means "not given" into None before the conversion sees it. Text of up to `as_is` characters
    is its own value: most of what arrives, so that it takes the short way.
    """

    def given(value: object) -> Value:
        if type(value) is str:
            value = value.strip()
            if not value or value in nulls:
                return None
            if value[0] == "#" and value in _CELL_ERRORS:
                raise Bad(WarningCode.CELL_ERROR)
            if len(value) <= as_is:
                return value
        elif value is None or (nulls and str(value) in nulls):
            return None
        else:
            value = _single(value)
        return convert(value)

    return given


def _single(value: object) -> object:
    """Nested values as JSON, decimals that are no number as text: every value can be compared and hashed."""
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value) if isinstance(value, Decimal) and not value.is_finite() else value


def _plain(declared: Declared) -> Convert:
    item = declared.item
    match item.type:
        case DataType.DATE:
            return _date(declared)
        case DataType.DATETIME:
            return _datetime(declared)
        case DataType.LOGICAL:
            return _logical
        case DataType.DOUBLE | DataType.FLOAT:
            return lambda value: value if type(value) is float and math.isfinite(value) else _float(number(value))
        case DataType.NUMBER | DataType.MONEY | DataType.INTEGER:
            return _scaled(item)
        case _:
            return _text(item)


def _pattern(declared: Declared, convert: Convert) -> Convert:
    """Picks `value` (and `unit`) out of the whole half-width text; a `value` that took no part means "not given"."""
    pattern, units = re.compile(declared.column.pattern or ""), _factors(declared.column.units)
    with_unit = _number_with_unit(declared.item) if units else None
    missing = ({"value", "unit"} if units else {"value"}) - set(pattern.groupindex)
    if missing:
        raise ValueError(f"the pattern has no group named {', '.join(sorted(missing))}")

    def picked(value: object) -> Value:
        found = pattern.fullmatch(half_width(text_of(value)))
        if found is None:
            raise Bad(WarningCode.NOT_MATCHED)
        text = (found["value"] or "").strip()
        if not text:
            return None
        if with_unit is None:
            return convert(text)
        factor = units.get(found["unit"] or "")
        if factor is None:
            raise Bad(WarningCode.UNKNOWN_UNIT)
        return with_unit(text, factor)

    return picked


def _factors(units: Mapping[str, str]) -> dict[str, Decimal]:
    return {half_width(unit): Decimal(factor) for unit, factor in units.items()}


def _number_with_unit(item: Item) -> Callable[[str, Decimal], Value]:
    if item.type in (DataType.DOUBLE, DataType.FLOAT):
        return lambda text, factor: _float(_EXACT.multiply(number(text), factor))
    return lambda text, factor: scaled(item, _EXACT.multiply(number(text), factor))


def _codes(declared: Declared) -> Convert:
    """Translates by the column's table; without one the code stands, with a warning where the list lacks it."""
    item, listed = declared.item, declared.codes.codes if declared.codes else {}
    table = {half_width(source): code for source, code in declared.column.codes.items()}
    plain = _plain(declared)

    def coded(value: object) -> Value:
        source = half_width(text_of(value))
        code = table.get(source)
        if code is not None:
            return plain(code)
        known = bool(listed) and not _forms(item, source).isdisjoint(listed)
        if table and not known:
            raise Bad(WarningCode.UNKNOWN_CODE)
        kept = plain(source)
        if listed and not known:
            raise Bad(WarningCode.UNKNOWN_CODE, kept)
        return kept

    return coded


def _forms(item: Item, code: str) -> frozenset[str]:
    """A code as it is written, stored and printed: a list may hold any of them."""
    stored = canonical(item.canonical, code)
    return frozenset({code, stored, _printed(item, stored)})


def half_width(text: str) -> str:
    """Full-width letters, digits and brackets as half-width ones (NFKC), trimmed."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def text_of(value: object) -> str:
    """A source value as text: numbers without a decimal point where they are whole, dates in ISO form."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return _text_of_float(value)
        case Decimal():
            return _text_of_decimal(value)
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return _text_of_bytes(value)
        case _:
            return str(value)


def _text_of_decimal(value: Decimal) -> str:
    if not value.is_finite() or abs(value.adjusted()) > _LONGEST_NUMBER:
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text_of_float(value: float) -> str:
    """A code that a spreadsheet took for a number has lost its last digits beyond 2^53."""
    if not value.is_integer():
        return repr(value)
    if abs(value) >= LARGEST:
        raise Bad(WarningCode.NOT_TEXT)
    return str(int(value))


def _text_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Bad(WarningCode.NOT_TEXT) from error


def _text(item: Item) -> Convert:
    """Text of the item's canonical form. One that is too long is no value of the item: null, its raw text kept."""
    kind, longest = item.canonical, _longest(item)

    def text(value: object) -> Value:
        given = value if type(value) is str else text_of(value).strip()
        if kind is not None:
            given = canonical(kind, given)
        if len(given) > longest and len(_printed(item, given)) > longest:
            raise Bad(WarningCode.TOO_LONG)
        return given

    return text


def _longest(item: Item) -> float:
    return math.inf if item.length is None else item.length


def _printed(item: Item, text: str) -> str:
    """A division is stored with twelve digits and printed cut to the item's length."""
    return text if item.canonical is None or item.length is None else _without_padding(text, item.length)


def _without_padding(text: str, length: int) -> str:
    return text[:length] if not text[length:].strip("0") else text


def _date(declared: Declared) -> Convert:
    formats, zone = declared.column.formats, declared.zone

    def day(value: object) -> Value:
        try:
            if type(value) is str and not formats and len(value) == 10 and value[4] == "-":
                return date.fromisoformat(value).isoformat()
            found = read_moment(_typed(value), formats)
        except (ValueError, OverflowError) as error:
            raise Bad(WarningCode.NOT_A_DATE) from error
        return (found.astimezone(zone) if found.tzinfo else found).date().isoformat()

    return day


def _datetime(declared: Declared) -> Convert:
    formats, zone = declared.column.formats, declared.zone

    def point(value: object) -> Value:
        try:
            found = read_moment(_typed(value), formats)
            at = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Bad(WarningCode.NOT_A_TIME) from error
        return at.isoformat(timespec="milliseconds")[:-6] + "Z"

    return point


def _typed(value: object) -> object:
    """Texts half-width, decimals as the numbers that `read_moment` knows."""
    if isinstance(value, str):
        return half_width(value)
    return float(value) if isinstance(value, Decimal) else value


def _logical(value: object) -> Value:
    word = half_width(text_of(value)).lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise Bad(WarningCode.NOT_LOGICAL)


def number(value: object) -> Decimal:
    """An exact number from text (thousands may be grouped by commas) or from a number object; `Bad` where it is none.

    A binary float counts with its 15 decimal digits, which is what a spreadsheet shows of it.
    """
    if isinstance(value, Decimal):
        if value.is_finite():
            return value
    elif isinstance(value, float):
        if math.isfinite(value):
            return Decimal(f"{value:.15g}")
    elif isinstance(value, int):
        return Decimal(value)
    elif isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
        text = half_width(value)
        if _GROUPED.fullmatch(text):
            text = text.replace(",", "")
        if _NUMBER.fullmatch(text):
            return Decimal(text)
    raise Bad(WarningCode.NOT_A_NUMBER)


def _float(value: Decimal) -> Value:
    found = float(value)
    if math.isinf(found):
        raise Bad(WarningCode.TOO_LARGE)
    return found


def _scaled(item: Item) -> Convert:
    """Whole numbers without decimals take the short way: they are most of what arrives."""
    factor: int = 10**item.scale
    short = min(15, item.length or 15) - item.scale

    def convert(value: object) -> Value:
        if type(value) is str and len(value) <= short and value.isdigit() and value.isascii():
            return int(value) * factor
        return scaled(item, number(value))

    return convert


def scaled(item: Item, value: Decimal) -> int:
    """The number times ten to the item's scale. Refused beyond the declared digits and 2^53; rounded where it must."""
    if value and value.adjusted() > 30:
        raise Bad(WarningCode.TOO_LARGE)
    try:
        exact = value.scaleb(item.scale, _EXACT)
        whole = int(exact.to_integral_value(ROUND_HALF_UP, _EXACT))
    except InvalidOperation as error:
        raise Bad(WarningCode.TOO_LARGE) from error
    if abs(whole) > LARGEST or (item.length is not None and abs(whole) >= 10**item.length):
        raise Bad(WarningCode.TOO_LARGE)
    if whole != exact:
        raise Bad(WarningCode.NOT_A_NUMBER) if item.type is DataType.INTEGER else Bad(WarningCode.ROUNDED, kept=whole)
    return whole
