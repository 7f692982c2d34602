"""The identity numbers of the state, each judged by its published rule: `Verdict(valid, reason)`, never an exception.

Walk 2 asks here for the warnings on a record (a failed check is in use in real life, so it drops nothing), and the
demo for numbers that pass. Texts are judged as they stand in canonical form (`catalogue.canonical`): trimmed,
half-width, upper case. Division codes are judged by shape alone, since abolished ones stay valid; no clock is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from operator import mul

_LETTERS = "0-9A-HJ-NPQRTUWXY"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_WEIGHTS = tuple(pow(2, 17 - i, 11) for i in range(17))
_CITIZEN_CHECKS = "10X98765432"
#: Compiled once, and characters looked up as bytes: every record of a pull passes here.
_CREDIT_SHAPE = re.compile(f"[{_LETTERS}]{{18}}")
_ORGANISATION_SHAPE = re.compile("[0-9A-Z]{8}[0-9X]")
_DIVISION_SHAPE = re.compile("[1-9][0-9]{5}")
_OUTSIDE = 255
# Sequences of the 15-digit form that were kept for people born before 1900.
_CENTENARIANS = frozenset({"996", "997", "998", "999"})


class Reason(StrEnum):
    """Why a number does not hold, as the stable code of a record's warning."""

    LENGTH = "length"
    CHARACTER = "character"
    DIVISION = "division"
    DATE = "date"
    CHECK = "check"
    ORGANISATION_CHECK = "organisation_check"

    @property
    def sentence(self) -> str:
        """The reason in words, without the number itself."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.LENGTH: "the number of characters is not the standard's",
    Reason.CHARACTER: "a character stands where the standard does not allow it",
    Reason.DIVISION: "the division part is not six digits that begin with 1 to 9",
    Reason.DATE: "the birth date is no date of the calendar",
    Reason.CHECK: "the check character is not the one that the other characters give",
    Reason.ORGANISATION_CHECK: "the check character of the organisation code inside is wrong",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a number holds, and the first rule that it breaks where it does not."""

    valid: bool
    reason: Reason | None = None


_VALID = Verdict(valid=True)


def _fault(reason: Reason) -> Verdict:
    return Verdict(valid=False, reason=reason)


def _weighted(values: Sequence[int], weights: Sequence[int]) -> int:
    if len(values) != len(weights):
        raise ValueError("not the number of characters that the weights are for")
    return sum(map(mul, values, weights))


def _table(alphabet: str) -> bytes:
    """Every byte's place in the alphabet, or `_OUTSIDE`."""
    return bytes(alphabet.find(chr(byte)) if chr(byte) in alphabet else _OUTSIDE for byte in range(256))


_CREDIT_VALUES = _table(_CREDIT_ALPHABET)
_ORGANISATION_VALUES = _table(_ORGANISATION_ALPHABET)


def _values(text: str, table: bytes) -> bytes:
    """The characters' places; ValueError where one is outside the alphabet."""
    values = text.encode("ascii", "replace").translate(table)
    if _OUTSIDE in values:
        raise ValueError("a character is outside the alphabet")
    return values


def credit_code(text: str) -> Verdict:
    """统一社会信用代码 (GB 32100-2015): shape, division, own check character, then the organisation code's inside."""
    if len(text) != 18:
        return _fault(Reason.LENGTH)
    if not _CREDIT_SHAPE.fullmatch(text):
        return _fault(Reason.CHARACTER)
    if not _is_division(text[2:8]):
        return _fault(Reason.DIVISION)
    if text[17] != _credit_check(text[:17]):
        return _fault(Reason.CHECK)
    inside = organisation_code(text[8:17])
    return _VALID if inside.valid else _fault(Reason.ORGANISATION_CHECK)


def credit_code_with_check_character(first17: str) -> str:
    """The 17 characters with the check character behind them; ValueError where one is outside the alphabet."""
    return first17 + _credit_check(first17)


def _credit_check(first17: str) -> str:
    return _CREDIT_ALPHABET[-_weighted(_values(first17, _CREDIT_VALUES), _CREDIT_WEIGHTS) % 31]


def organisation_code(text: str) -> Verdict:
    """组织机构代码 (GB 11714): nine characters, with or without the hyphen before the last."""
    code = text[:8] + text[9:] if text[8:9] == "-" else text
    if len(code) != 9:
        return _fault(Reason.LENGTH)
    if not _ORGANISATION_SHAPE.fullmatch(code):
        return _fault(Reason.CHARACTER)
    return _VALID if code[8] == _organisation_check(code[:8]) else _fault(Reason.CHECK)


def organisation_code_with_check_character(first8: str) -> str:
    """The eight characters with the check character behind them, no hyphen; ValueError outside 0–9 and A–Z."""
    return first8 + _organisation_check(first8)


def _organisation_check(first8: str) -> str:
    return "0123456789X"[-_weighted(_values(first8, _ORGANISATION_VALUES), _ORGANISATION_WEIGHTS) % 11]


def citizen_number(text: str) -> Verdict:
    """公民身份号码 (GB 11643-1999) of 18 characters, or the older one of 15 digits, which has no check character.

    Residence permits (81, 82, 83) and foreigners' permanent residence cards share the rule; passports do not.
    """
    if len(text) not in (15, 18):
        return _fault(Reason.LENGTH)
    if not re.fullmatch("[0-9]{15}|[0-9]{17}[0-9X]", text):
        return _fault(Reason.CHARACTER)
    if not _is_division(text[:6]):
        return _fault(Reason.DIVISION)
    first17 = text[:17] if len(text) == 18 else _first17(text)
    if not _is_birth_date(first17[6:14]):
        return _fault(Reason.DATE)
    return _VALID if len(text) == 15 or text[17] == _citizen_check(first17) else _fault(Reason.CHECK)


def residence_permit(text: str) -> Verdict:
    """港澳台居民居住证: a citizen number of 18 characters whose division is 810000, 820000 or 830000."""
    if len(text) != 18:
        return _fault(Reason.LENGTH)
    found = citizen_number(text)
    if found.valid and text[:6] not in ("810000", "820000", "830000"):
        return _fault(Reason.DIVISION)
    return found


def citizen_number_with_check_character(first17: str) -> str:
    """The 17 digits with the check character behind them; ValueError where one is no digit."""
    return first17 + _citizen_check(first17)


def upgrade_15_to_18(number: str) -> str:
    """The 18-character form of a citizen number of 15 digits; ValueError where it is not a valid one."""
    if len(number) != 15 or not citizen_number(number).valid:
        raise ValueError("not a citizen number of 15 digits")
    return citizen_number_with_check_character(_first17(number))


def _first17(number: str) -> str:
    century = "18" if number[12:] in _CENTENARIANS else "19"
    return number[:6] + century + number[6:]


def _citizen_check(first17: str) -> str:
    return _CITIZEN_CHECKS[_weighted([int(c) for c in first17], _CITIZEN_WEIGHTS) % 11]


def _is_birth_date(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= 1800
    except ValueError:  # how the calendar says no
        return False


def _is_division(digits: str) -> bool:
    return _DIVISION_SHAPE.fullmatch(digits) is not None


def division_code(text: str) -> Verdict:
    """行政区划代码 (GB/T 2260, GB/T 10114): the shape of 6, 9 or 12 digits; whether it is in force is not asked."""
    if len(text) not in (6, 9, 12):
        return _fault(Reason.LENGTH)
    if not re.fullmatch("[0-9]+", text):
        return _fault(Reason.CHARACTER)
    return _VALID if _is_division(text[:6]) else _fault(Reason.DIVISION)


def project_code(text: str) -> Verdict:
    """项目代码 of 24 characters: year, division (000000 for the centre), industry, kind, sequence, with hyphens."""
    if len(text) != 24:
        return _fault(Reason.LENGTH)
    shape = re.fullmatch("(?:19|20)[0-9]{2}-[0-9]{6}-[0-9]{2}-[0-9]{2}-[0-9]{6}", text)
    return _VALID if shape else _fault(Reason.CHARACTER)
