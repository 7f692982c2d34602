"""Licences as the licensing office keeps them: five for every legal person, one time in ten a person's. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from hub.demo.world.codes import licence_identifier
from hub.demo.world.companies import LegalPerson, head_near
from hub.demo.world.frame import WORDS, Frame, near
from hub.demo.world.people import Person

LEGAL_HOLDER = "001"
LICENCES_EACH = 5
VALID, EXPIRED, REVOKED, CANCELLED = "01", "02", "04", "05"
LICENSING = "11350000003590122P"
TYPES: dict[str, dict[str, Any]] = {kind["code"]: kind for kind in WORDS["licence_types"]}
_CODES, _WEIGHTS = tuple(TYPES), tuple(kind["weight"] for kind in TYPES.values())


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence, clean; `valid_to` None means 长期, coded fields hold the codes of the shipped lists."""

    licence_id: str
    kind: str
    type_code: str
    type_name: str
    number: str
    level: str
    holder_kind: str
    holder_code: str
    holder_name: str
    issuer_code: str
    issued_on: date
    valid_from: date
    valid_to: date | None
    status: str
    scope: str
    previous_id: str | None
    process_no: str | None
    file_digest: str | None


@dataclass(frozen=True, slots=True)
class Holders:
    """Who may hold a licence: what stands at a place of the world's lists."""

    person: Callable[[int], Person]
    legal_person: Callable[[int], LegalPerson]


def licence(frame: Frame, place: int, holders: Holders) -> Licence:
    """The licence at that place, not yet renewed; which case issued it, the world adds."""
    pick = frame.draw("licence", place)
    kind = TYPES[pick.choices(_CODES, _WEIGHTS)[0]]
    issued = frame.day(-pick.randrange(1, 1800))
    until = years_on(issued, kind["years"]) if kind["years"] else None
    status = pick.choices((VALID, CANCELLED, REVOKED), (96, 3, 1))[0]
    holder_kind, holder_code, holder_name = _holder(near(place // LICENCES_EACH, pick), pick.random() < 0.1, holders)
    return Licence(
        licence_identifier(kind["code"], LICENSING, place + 1), kind["kind"], kind["code"], kind["name"],
        f"{kind['code']}{LICENSING[2:8]}{place + 1:08d}", pick.choice(kind.get("levels", ("",))),
        holder_kind, holder_code, holder_name, LICENSING, issued, issued, until,
        EXPIRED if status == VALID and until is not None and until <= frame.today else status, kind["scope"],
        None, None, None,
    )  # fmt: skip


def _holder(middle: int, personal: bool, holders: Holders) -> tuple[str, str, str]:
    if personal:
        person = holders.person(head_near(middle))
        return person.id_type, person.id_number, person.name
    company = holders.legal_person(middle)
    return LEGAL_HOLDER, company.uscc, company.name


def years_on(day: date, years: int) -> date:
    """The same day so many years later (or, negative, before); from 29 February, 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # how the calendar says that the year has no such day
        return date(day.year + years, 3, 1)
