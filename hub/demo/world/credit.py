"""Credit records as the credit office keeps them: four for every legal person, one in ten about a person. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hub.demo.world.companies import MARKET_REGULATION, head_near
from hub.demo.world.frame import WORDS, Frame, near
from hub.demo.world.licences import LICENSING, Holders

RECORDS_EACH = 4
VALID, DISPUTED, REVOKED, REPAIRED = "1", "2", "3", "4"
PERMIT, PENALTY, SERIOUS_LIST = "01", "02", "10"
SLIGHT, ORDINARY, SERIOUS = "1", "2", "3"
PERSON = "03"
_KINDS = tuple(WORDS["credit"])
_WEIGHTS = tuple(kind["weight"] for kind in _KINDS)


@dataclass(frozen=True, slots=True)
class CreditRecord:
    """One credit record, clean; amounts are in 万元, coded fields hold the codes of the shipped lists."""

    record_id: str
    kind: str
    subject_kind: str
    subject_code: str
    subject_name: str
    document_no: str
    category: str | None
    content: str
    basis: str
    fine: Decimal | None
    confiscated: Decimal | None
    severity: str | None
    decided_on: date
    valid_to: date | None
    publicity_to: date
    authority_code: str
    state: str
    repaired_on: date | None


def credit_record(frame: Frame, place: int, subjects: Holders) -> CreditRecord:
    """The record at that place."""
    pick = frame.draw("credit record", place)
    kind: dict[str, Any] = pick.choices(_KINDS, _WEIGHTS)[0]
    text, decided = pick.choice(kind["texts"]), frame.day(-pick.randrange(1, 1400))
    severity = _severity(kind, pick)
    until = decided + timedelta(days=365 * kind["years"])
    state, repaired = _state(frame, decided, severity, pick)
    return CreditRecord(
        f"XY{decided:%Y}3500{place + 1:010d}", kind["kind"], *_subject(place, pick, subjects),
        f"{pick.choice('榕厦泉漳')}市监{'罚' if kind['kind'] == PENALTY else '公'}字〔{decided:%Y}〕{place + 1}号",
        text["category"] or None, text["content"], text["basis"], *_amounts(text["category"], pick),
        severity, decided, until, until, LICENSING if kind["kind"] == PERMIT else MARKET_REGULATION, state, repaired,
    )  # fmt: skip


def _subject(place: int, pick: Random, subjects: Holders) -> tuple[str, str, str]:
    middle = near(place // RECORDS_EACH, pick)
    if pick.random() < 0.1:
        person = subjects.person(head_near(middle))
        return PERSON, person.id_number, person.name
    company = subjects.legal_person(middle)
    return company.subject_kind, company.uscc, company.name


def _severity(kind: dict[str, Any], pick: Random) -> str | None:
    if kind["kind"] == PENALTY:
        return pick.choices((SLIGHT, ORDINARY, SERIOUS), (50, 42, 8))[0]
    return kind["severity"] or None


def _amounts(category: str, pick: Random) -> tuple[Decimal | None, Decimal | None]:
    fine = Decimal(pick.randrange(1, 300)) / 10 if category == "P03" else None
    return fine, Decimal(pick.randrange(1, 5000)) / 1000 if category == "P04" else None


def _state(frame: Frame, decided: date, severity: str | None, pick: Random) -> tuple[str, date | None]:
    state = pick.choices((VALID, DISPUTED, REVOKED, REPAIRED), (92, 3, 2, 3))[0] if severity else VALID
    if state != REPAIRED:
        return state, None
    return state, decided + timedelta(days=pick.randrange((frame.today - decided).days + 1))
