"""The cast: hand-made stories (`cast.toml`) made into records; what they leave out is as the generator makes it.

Its records stand first in every list. Departments serve them clean and do not change them by themselves. Pure.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from importlib.resources import files
from typing import Any, TypeVar

from hub.demo.world import companies, credit, licences, people, processes
from hub.demo.world.cast_matters import MatterOfCast, matter_of_cast
from hub.demo.world.codes import licence_identifier
from hub.demo.world.companies import LegalPerson
from hub.demo.world.credit import CreditRecord
from hub.demo.world.divisions import address, division_of
from hub.demo.world.documents import digest, document
from hub.demo.world.frame import Frame, at
from hub.demo.world.licences import Licence
from hub.demo.world.people import Person
from hub.demo.world.processes import Process

Table = Mapping[str, Any]
T = TypeVar("T")
_GIVEN: Mapping[str, Any] = tomllib.loads(files("hub.demo.world").joinpath("cast.toml").read_text(encoding="utf-8"))
MATTERS: tuple[MatterOfCast, ...] = tuple(matter_of_cast(table) for table in _GIVEN["matters"])
#: Where the persons begin who represent what names no representative.
_OTHERS = 30


@dataclass(frozen=True, slots=True)
class Stories:
    """What the five questions ask for, by name."""

    applicant: str
    bid_on: date
    bidders: tuple[str, ...]
    household_no: str
    expiring_type: str
    expiring_issuer: str
    carriers: tuple[str, ...]


class Cast:
    """The cast as seen on a day. Each list is the beginning of the world's list of the same name."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    @cached_property
    def stories(self) -> Stories:
        """Codes and dates of the stories."""
        given = _GIVEN["stories"]
        lists = {name: tuple(given[name]) for name in ("bidders", "carriers")}
        return Stories(**{**given, **lists, "bid_on": self._frame.day(given["bid_on"])})

    @cached_property
    def persons(self) -> tuple[Person, ...]:
        """The persons."""
        return self._each("persons", self._person)

    @cached_property
    def legal_persons(self) -> tuple[LegalPerson, ...]:
        """The companies."""
        return self._each("legal_persons", self._legal_person)

    @cached_property
    def licences(self) -> tuple[Licence, ...]:
        """The licences, each with the digest of its file."""
        return self._each("licences", self._licence)

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The licences' files by their digests."""
        return {digest(content): content for content in map(face, self.licences)}

    @cached_property
    def credit_records(self) -> tuple[CreditRecord, ...]:
        """The credit records."""
        return self._each("credit_records", self._credit_record)

    @cached_property
    def processes(self) -> tuple[Process, ...]:
        """The cases."""
        return self._each("processes", self._process)

    def used_licence(self, place: int) -> Licence | None:
        """The licence that the case at that place of the cast uses as a paper."""
        key = _GIVEN["processes"][place].get("licence")
        return self.licences[_place("licences", key)] if key else None

    def _each(self, name: str, make: Callable[[int, Table], T]) -> tuple[T, ...]:
        return tuple(make(place, table) for place, table in enumerate(_GIVEN[name]))

    def _person(self, place: int, table: Table) -> Person:
        number = table["id_number"]
        made = people.person(self._frame, place)
        return replace(
            made, id_number=number, name=table["name"], phone=table["phone"] or None,
            sex="1" if int(number[16]) % 2 else "2", birth_date=date.fromisoformat(number[6:14]), ethnicity="01",
            household_no=table["household_no"], head_relation=table["head_relation"], household_division=number[:6],
            marital_status=table["marital_status"], life_status="1", death_date=None,
            **self._home(table["household_no"], number[:6]),
        )  # fmt: skip

    def _home(self, household: str, division: str) -> dict[str, str]:
        lives = address(division_of(division), self._frame.draw("home", int(household)))
        return {"household_address": lives, "residence_address": lives}

    def _legal_person(self, place: int, table: Table) -> LegalPerson:
        """Whoever represents it, if nobody is named, represents nothing else of the cast."""
        key, division = table.get("representative"), table["division_code"]
        other = _OTHERS + place * people.HOUSEHOLD
        owner = self.persons[_place("persons", key)] if key else people.person(self._frame, other)
        made = companies.legal_person(self._frame, place, lambda _: owner)
        established, status = self._frame.day(table["established_on"]), table.get("status", companies.IN_EXISTENCE)
        settled = replace(
            made, uscc=table["uscc"], name=table["name"], division_code=division, established_on=established,
            address=table.get("address") or address(division_of(division), self._frame.draw("cast address", place)),
            status=status, status_on=self._frame.day(table.get("status_on", table["established_on"])), term_to=None,
        )  # fmt: skip
        return companies.of_trade(settled, table["trade"])

    def _licence(self, place: int, table: Table) -> Licence:
        kind, issuer = licences.TYPES[table["type_code"]], table.get("issuer_code", licences.LICENSING)
        issued, previous = self._frame.day(table["issued_on"]), table.get("previous")
        made = Licence(
            _licence_id(place, table), kind["kind"], kind["code"], kind["name"],
            f"{kind['code']}{issuer[2:8]}{place + 1:08d}", table.get("level", ""), *self._holder(table["holder"]),
            issuer, issued, issued, self._frame.day(table["valid_to"]) if "valid_to" in table else None,
            table.get("status", licences.VALID), kind["scope"],
            _licence_id(_place("licences", previous), table) if previous else None, None, None,
        )  # fmt: skip
        return replace(made, file_digest=digest(face(made)))

    def _holder(self, key: str) -> tuple[str, str, str]:
        if key in _keys("persons"):
            person = self.persons[_place("persons", key)]
            return person.id_type, person.id_number, person.name
        company = self.legal_persons[_place("legal_persons", key)]
        return licences.LEGAL_HOLDER, company.uscc, company.name

    def _credit_record(self, place: int, table: Table) -> CreditRecord:
        subject = self.legal_persons[_place("legal_persons", table["subject"])]
        ends = self._frame.day(table["publicity_to"])
        return CreditRecord(
            f"XYCAST3500{place + 1:08d}", table["kind"], subject.subject_kind, subject.uscc, subject.name,
            table["document_no"], table.get("category"), table["content"], table["basis"],
            Decimal(table["fine"]) if "fine" in table else None, None, table.get("severity"),
            self._frame.day(table["decided_on"]), ends, ends, companies.MARKET_REGULATION,
            table.get("state", credit.VALID), self._frame.day(table["repaired_on"]) if "repaired_on" in table else None,
        )  # fmt: skip

    def _process(self, place: int, table: Table) -> Process:
        matter = MATTERS[_place("matters", table["matter"])].matter
        accepted = at(self._frame.day(table["accepted_at"]), 10)
        return Process(
            processes.number(place), matter.matter_code, *self._applicant(table["applicant"]), None, None, None, None,
            matter.department_code, "1", "1", table["state"], accepted,
            accepted + timedelta(days=matter.promised_days), None, None, None,
        )  # fmt: skip

    def _applicant(self, key: str) -> tuple[str, str, str]:
        kind, code, name = self._holder(key)
        return processes.ENTERPRISE if kind == licences.LEGAL_HOLDER else processes.NATURAL_PERSON, code, name


def face(licence: Licence) -> bytes:
    """The file of a licence, with its digest left out of account."""
    return document((
        licence.type_name, f"编号：{licence.number}", f"持证主体：{licence.holder_name}", f"许可内容：{licence.scope}",
        f"有效期至：{licence.valid_to:%Y年%m月%d日}" if licence.valid_to else "有效期：长期",
    ))  # fmt: skip


def _licence_id(place: int, table: Table) -> str:
    return licence_identifier(table["type_code"], table.get("issuer_code", licences.LICENSING), place + 1)


def _keys(name: str) -> list[str | None]:
    return [table.get("key") for table in _GIVEN[name]]


def _place(name: str, key: str) -> int:
    return _keys(name).index(key)
