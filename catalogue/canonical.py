"""One form of a code for keys and joins, so that departments that write it differently still mean the same record.

Mapping (walk 2) stores it beside the raw value, the engine (walk 1) brings arguments into it with the same function,
and asks live systems for each of the `spellings` that they may keep.
It repairs writing only: whether a number holds is the question of `catalogue.identifiers`.
"""

from __future__ import annotations

import re
import unicodedata

from catalogue.identifiers import citizen_number, upgrade_15_to_18
from catalogue.model import Canonical

DIVISION_LENGTH = 12
#: Province, prefecture, county, township, village: how far a division's digits may be written out.
_LEVELS = (12, 9, 6, 4, 2)


def canonical(kind: Canonical | None, text: str) -> str:
    """The comparable form of a text; the text itself where the item declares none. A second call changes nothing."""
    match kind:
        case None:
            return text
        case Canonical.CODE:
            return _code(text)
        case Canonical.DIVISION:
            return _division(text)


def spellings(kind: Canonical | None, text: str) -> tuple[str, ...]:
    """How a source may write what has this canonical form, the form itself first: codes in lower case, citizen numbers
    with 15 digits, divisions without their padding. Blanks and full-width letters are not among them.
    """
    match kind:
        case None:
            found: tuple[str, ...] = (text,)
        case Canonical.CODE:
            found = (text, text.lower(), _of_15_digits(text))
        case Canonical.DIVISION:
            found = (text, *(text[:length] for length in _LEVELS if not text[length:].strip("0")))
    return tuple(each for each in dict.fromkeys(found) if each and canonical(kind, each) == text) or (text,)


def _of_15_digits(code: str) -> str:
    """What it was before 1999, if it is a citizen number that was one then; the caller sees whether it leads back."""
    return code[:6] + code[8:17] if len(code) == 18 else ""


def _code(text: str) -> str:
    """Half-width, trimmed, upper case; a 15-digit number that can be a citizen's gets its 18 characters."""
    code = text.strip().upper() if text.isascii() else _half_width(_half_width(text).upper())
    return upgrade_15_to_18(code) if len(code) == 15 and citizen_number(code).valid else code


def _division(text: str) -> str:
    """Digits padded on the right with zeros; what is not a division's digits stays, trimmed and half-width."""
    digits = _half_width(text)
    return digits.ljust(DIVISION_LENGTH, "0") if re.fullmatch("[0-9]{1,12}", digits) else digits


def _half_width(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
