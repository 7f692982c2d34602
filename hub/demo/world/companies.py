"""Legal persons as market regulation registers them: companies, and one in five an individual business. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hub.demo.world.codes import credit_code
from hub.demo.world.divisions import Division, address, division, division_of
from hub.demo.world.frame import WORDS, Frame, near
from hub.demo.world.people import HOUSEHOLD, Person

COMPANY, SINGLE = "01", "02"
IN_EXISTENCE, REVOKED, CANCELLED, MOVED = "1", "2", "3", "4"
#: Persons for every legal person.
PERSONS_EACH = 2
_ORG_TYPES = ("1130", "1151", "1190", "1153", "1110", "1220")
MARKET_REGULATION = "11350000003600335A"


@dataclass(frozen=True, slots=True)
class LegalPerson:
    """One registration, clean; the capital is in 万元, coded fields hold the codes of the shipped lists."""

    uscc: str
    name: str
    subject_kind: str
    org_type: str
    legal_rep_name: str
    legal_rep_id_type: str
    legal_rep_id: str
    phone: str
    registered_capital: Decimal
    capital_currency: str
    established_on: date
    term_to: date | None
    status: str
    status_on: date
    division_code: str
    address: str
    industry_code: str
    scope: str
    authority_code: str


def legal_person(frame: Frame, place: int, person: Callable[[int], Person]) -> LegalPerson:
    """The registration at that place, represented by the head of a household near."""
    pick = frame.draw("legal person", place)
    where, trade, single = division(pick), pick.choice(WORDS["trades"]), pick.random() < 0.2
    established = frame.day(-pick.randrange(30, 9000))
    status = pick.choices((IN_EXISTENCE, REVOKED, CANCELLED, MOVED), (92, 3, 4, 1))[0]
    owner = person(head_near(near(place, pick)))
    return LegalPerson(
        credit_code("92" if single else "91", where.code, frame.seed + place), _name(where, trade, pick, single=single),
        SINGLE if single else COMPANY, "9500" if single else pick.choices(_ORG_TYPES, (60, 20, 10, 6, 2, 2))[0],
        owner.name, owner.id_type, owner.id_number, owner.phone or f"139{pick.randrange(10**7, 10**8)}",
        Decimal(pick.choice(("2", "5", "10") if single else ("50", "100", "200", "500", "1000", "3000.5"))), "CNY",
        established, None if pick.random() < 0.6 else established + timedelta(days=3650 + pick.randrange(7300)),
        status, _status_on(frame, established, status, pick), where.code, address(where, pick), trade["industry"],
        trade["scope"], MARKET_REGULATION,
    )  # fmt: skip


def head_near(place: int) -> int:
    """The place of the person at the head of a household near the legal person at that place."""
    return place * PERSONS_EACH // HOUSEHOLD * HOUSEHOLD


def represented(company: LegalPerson, owner: Person) -> LegalPerson:
    """The legal person, represented by that person."""
    return replace(
        company, legal_rep_name=owner.name, legal_rep_id_type=owner.id_type, legal_rep_id=owner.id_number,
        phone=owner.phone or company.phone,
    )  # fmt: skip


def moved(company: LegalPerson, pick: Random) -> LegalPerson:
    """The legal person at another address of its county."""
    return replace(company, address=address(division_of(company.division_code), pick))


def of_trade(company: LegalPerson, industry: str) -> LegalPerson:
    """The legal person in that industry, of the kind that its code says."""
    single = company.uscc.startswith("92")
    return replace(
        company, subject_kind=SINGLE if single else COMPANY, org_type="9500" if single else "1130",
        industry_code=industry, scope=next(one["scope"] for one in WORDS["trades"] if one["industry"] == industry),
    )  # fmt: skip


def _name(where: Division, trade: dict[str, str], pick: Random, *, single: bool) -> str:
    brand = pick.choice(WORDS["brands"]) + pick.choice(WORDS["brands"])
    if single:
        return (
            f"{where.full_name}{brand}{trade['shop']}（个体工商户）"
            if pick.random() < 0.3
            else f"{where.full_name}{brand}{trade['shop']}"
        )
    return f"{where.city.removesuffix('市')}{brand}{trade['name']}有限公司"


def _status_on(frame: Frame, established: date, status: str, pick: Random) -> date:
    if status == IN_EXISTENCE:
        return established
    return established + timedelta(days=pick.randrange((frame.today - established).days + 1))
