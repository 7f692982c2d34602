"""Codes that pass their checks: credit codes, citizen numbers, licence identifiers. A number gives one code, never two.

The rules are those of `catalogue.identifiers`; here numbers are spread over them so that neighbours look unlike.
"""

from __future__ import annotations

from datetime import date

from catalogue.identifiers import (
    citizen_number_with_check_character,
    credit_code_with_check_character,
    organisation_code_with_check_character,
)

_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODES = 31**6
#: Has no factor in common with 31 nor with `_SEQUENCES`, so that no code comes twice.
_SPREAD = 548_507_443
_SEQUENCES = 499
_MOD_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def credit_code(kind: str, division: str, number: int) -> str:
    """A unified social credit code of the two-character kind, another for every number below 31⁶."""
    letters, rest = "", number * _SPREAD % _CODES
    for _ in range(6):
        rest, digit = divmod(rest, 31)
        letters += _LETTERS[digit]
    return credit_code_with_check_character(kind + division + organisation_code_with_check_character(f"MA{letters}"))


def birthday_and_sequence(number: int, first: date, days: int) -> tuple[date, int]:
    """A birthday among `days` from `first`, and a sequence 0 to 498: another pair for every number below days × 499."""
    day, sequence = divmod(number * _SPREAD % (days * _SEQUENCES), _SEQUENCES)
    return date.fromordinal(first.toordinal() + day), sequence


def citizen_number(division: str, born: date, sequence: int, *, male: bool) -> str:
    """A citizen identity number; odd sequences are men's."""
    return citizen_number_with_check_character(f"{division}{born:%Y%m%d}{sequence * 2 + (1 if male else 2):03d}")


def licence_identifier(type_code: str, issuer: str, number: int, version: int = 1) -> str:
    """电子证照标识: root, type, issuer, number, version, and the check character of ISO 7064 MOD 37,36 behind them."""
    text = f"{type_code}.{issuer}.{number:08d}.{version:03d}"
    return f"1.2.156.3005.2.{text}.{_check(text)}"


def renewed_identifier(identifier: str) -> str:
    """The identifier of the licence that follows the one of that identifier: its next version."""
    type_code, issuer, number, version, _ = identifier.split(".")[-5:]
    return licence_identifier(type_code, issuer, int(number), int(version) + 1)


def _check(text: str) -> str:
    product = 36
    for character in text.replace(".", ""):
        product = ((product + _MOD_36.index(character)) % 36 or 36) * 2 % 37
    return _MOD_36[(37 - product) % 36]
