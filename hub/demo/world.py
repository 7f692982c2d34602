"""The world that the demo departments share: people, legal persons and licences that fit together, from one seed.

Pure: seed and today are passed in. Who and what stands at a place of its list follows from the seed and the place
alone, so that a small world is the beginning of a large one, and only dates move with today. About one record in a
hundred carries the dirt of real life; each department adds that of its own manner.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.resources import files
from random import Random

from catalogue.identifiers import (
    citizen_number_with_check_character,
    credit_code_with_check_character,
    organisation_code_with_check_character,
)

WORDS = tomllib.loads(files("hub.demo").joinpath("words.toml").read_text(encoding="utf-8"))
ORGANISATION_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LEGAL_PERSONS, LICENCES = 10_000, 50_000
LICENCES_EACH = LICENCES // LEGAL_PERSONS
DIRT = 0.01
#: The first legal persons and their licences never change: documents show them.
SHOWN = 20
#: How far from its own place a record looks for the person or company that it is about.
NEAR = 40
#: Spreads places over codes; it has no factor in common with 31, so that no code comes twice.
SPREAD = 548_507_443


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who represents companies or holds licences."""

    number: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class LegalPerson:
    """One registration, clean; `capital` is in 万元 as text, `status` in the department's words."""

    uscc: str
    name: str
    representative: Person
    capital: str
    established: date
    term_to: date | None
    status: str
    division: str
    address: str
    industry: str
    scope: str

    @property
    def single(self) -> bool:
        """Whether it is somebody's individual business (个体工商户)."""
        return self.uscc.startswith("92")


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence, clean; `holder_kind` in the department's words."""

    id: str
    type_code: str
    type_name: str
    number: str
    level: str
    holder_kind: str
    holder_code: str
    holder_name: str
    issuer: str
    issued: date
    valid_to: date | None
    status: str
    scope: str


class World:
    """Everything that was made from `seed` as seen on `today`; `scale` 1 gives the sizes of the issue's demo."""

    def __init__(self, seed: int, today: date, scale: float = 1.0) -> None:
        self._seed, self.today = seed, today
        count = max(10, int(LEGAL_PERSONS * scale))
        self.people = [self.person(place) for place in range(count)]
        self.legal_persons = [self.legal_person(place) for place in range(count)]
        self.licences = [self.licence(place) for place in range(count * LICENCES_EACH)]

    @property
    def shown(self) -> frozenset[str]:
        """The codes of the legal persons that stay as they are."""
        return frozenset(company.uscc for company in self.legal_persons[:SHOWN])

    def person(self, place: int) -> Person:
        """Whoever stands at that place."""
        pick = self._pick("person", place)
        surname = pick.choice(WORDS["compound_surnames"]) if pick.random() < 0.02 else pick.choice(WORDS["surnames"])
        born = date(1955, 1, 1) + timedelta(days=pick.randrange(365 * 48))
        division = pick.choice(WORDS["divisions"])["code"]
        number = citizen_number_with_check_character(f"{division}{born:%Y%m%d}{pick.randrange(1, 999):03d}")
        name = surname + "".join(pick.choices(WORDS["given"], k=pick.choice((1, 2, 2))))
        return Person(number, name, f"13{pick.randrange(10**8, 10**9)}")

    def legal_person(self, place: int) -> LegalPerson:
        """The registration at that place, one in five an individual business, represented by somebody near."""
        pick = self._pick("legal person", place)
        division, trade = pick.choice(WORDS["divisions"]), pick.choice(WORDS["trades"])
        established = self.today - timedelta(days=pick.randrange(30, 9000))
        brand = "".join(pick.choices(WORDS["brands"], k=2))
        single = pick.random() < 0.2
        name = (
            f"{division['name'][-3:]}{brand}{trade['name']}店"
            if single
            else f"{division['city']}{brand}{trade['name']}有限公司"
        )
        return LegalPerson(
            _uscc("92" if single else "91", division["code"], self._seed + place), name,
            self.people[_near(place, pick)], str(pick.choice((10, 50, 100, 200, 500, 1000, 3000.5))), established,
            None if pick.random() < 0.6 else established + timedelta(days=3650 + pick.randrange(7300)),
            pick.choices(("存续", "吊销", "注销", "迁出"), (92, 3, 4, 1))[0],
            division["code"], address(division["name"], pick), trade["industry"], trade["scope"],
        )  # fmt: skip

    def licence(self, place: int) -> Licence:
        """The licence at that place, of a company or one time in ten of a person."""
        pick = self._pick("licence", place)
        kind = pick.choice(WORDS["licence_types"])
        middle, number = place // LICENCES_EACH, place + 1
        owner, company = self.people[_near(middle, pick)], self.legal_persons[_near(middle, pick)]
        personal = pick.random() < 0.1
        issued = self.today - timedelta(days=pick.randrange(1, 1700))
        until = issued + timedelta(days=365 * kind["years"]) if kind["years"] else None
        return Licence(
            f"{kind['issuer'][:8]}.{kind['code']}.{number:08d}", kind["code"], kind["name"],
            f"{kind['code']}{issued:%Y}{number:07d}", pick.choice(kind.get("levels", [""])),
            "自然人" if personal else "法人", owner.number if personal else company.uscc,
            owner.name if personal else company.name, kind["issuer"], issued, until,
            pick.choices(("有效", "注销", "吊销"), (96, 3, 1))[0], company.scope,
        )  # fmt: skip

    def moved(self, company: LegalPerson, pick: Random) -> LegalPerson:
        """The company with another address or representative: what changes while the demo runs."""
        if pick.random() < 0.5:
            division = next(d for d in WORDS["divisions"] if d["code"] == company.division)
            return replace(company, address=address(division["name"], pick))
        return replace(company, representative=pick.choice(self.people))

    def _pick(self, kind: str, place: int) -> Random:
        return Random(f"{self._seed} {kind} {place}")  # noqa: S311  # a demo's data need no cryptography


def address(division: str, pick: Random) -> str:
    """An address in the division."""
    return f"{division}{pick.choice(WORDS['roads'])}{pick.randrange(1, 400)}{pick.choice(WORDS['lots'])}"


def _near(place: int, pick: Random) -> int:
    """A place at or a little before that one: it exists in every world that has the record itself."""
    return pick.randrange(max(0, place - NEAR), place + 1)


def _uscc(kind: str, division: str, number: int) -> str:
    """A unified social credit code, another for every number below 31⁶."""
    letters, rest = "", number * SPREAD % 31**6
    for _ in range(6):
        rest, digit = divmod(rest, 31)
        letters += ORGANISATION_LETTERS[digit]
    return credit_code_with_check_character(kind + division + organisation_code_with_check_character(f"MA{letters}"))
