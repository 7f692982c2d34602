"""A guess at what a column of untyped values holds, for discovery: data type, length, samples, and a likely key. Pure.

Digits of one length, with a leading zero, or too many for a number, are taken for codes: a wrong number loses digits, a
wrong text loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from connectors.convert import number, text_of
from connectors.dates import read_moment
from connectors.faults import Bad
from connectors.source import OfferedColumn

MEMO_LENGTH = 500
_CODE_LENGTH = 6
_NUMBER_LENGTH = 15
_SAMPLES = 3
_SAMPLE_LENGTH = 40


def guess_column(name: str, values: Sequence[object]) -> OfferedColumn:
    """What the values say about a column: the letter of the guide, the longest text, a few different values."""
    given = [value for value in values if value is not None and str(value).strip()]
    texts = [str(value).strip() for value in given]
    letter = guess_type(given, texts)
    length = max(map(len, texts), default=None) if letter in "CN" else None
    samples = tuple(text[:_SAMPLE_LENGTH] for text in list(dict.fromkeys(texts))[:_SAMPLES])
    return OfferedColumn(name, letter, length, nullable=len(given) < len(values), samples=samples)


def guess_type(given: Sequence[object], texts: Sequence[str]) -> str:
    """The letter of the first type that every value fits."""
    if not given:
        return "C"
    if all(isinstance(value, bool) for value in given):
        return "L"
    are_numbers = any(isinstance(value, int | float | Decimal) for value in given)
    if not are_numbers and _all(read_moment, given):
        return "D" if all(_is_day(value) for value in given) else "T"
    if not are_numbers and _are_codes(texts):
        return "C"
    if _all(number, given):
        return "I" if all(text.lstrip("+-").isdigit() for text in texts) else "N"
    return "M" if max(map(len, texts)) > MEMO_LENGTH else "C"


def _are_codes(texts: Sequence[str]) -> bool:
    if not all(text.isdigit() for text in texts):
        return False
    same_length = len({len(text) for text in texts}) == 1 and len(texts[0]) >= _CODE_LENGTH
    return same_length or any((text[0] == "0" and text != "0") or len(text) > _NUMBER_LENGTH for text in texts)


def _all(read: Callable[[object], object], given: Sequence[object]) -> bool:
    try:
        for value in given:
            read(value.strip() if isinstance(value, str) else value)
    except (ValueError, OverflowError, Bad):  # how a reader says that a value is not of its type
        return False
    return True


def _is_day(value: object) -> bool:
    at = read_moment(value.strip() if isinstance(value, str) else value)
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)


def guess_key(columns: Mapping[str, Sequence[object]], guessed: Sequence[OfferedColumn]) -> tuple[str, ...]:
    """The first column of codes or whole numbers whose values are all given and all different."""
    for column in guessed:
        texts = [text_of(value) for value in columns[column.name] if value is not None]
        if column.type in "CI" and not column.nullable and 1 < len(texts) == len(set(texts)) and _all_ascii(texts):
            return (column.name,)
    return ()


def _all_ascii(texts: Sequence[str]) -> bool:
    return all(text.isascii() and " " not in text.strip() for text in texts)
