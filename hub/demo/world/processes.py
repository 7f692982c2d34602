"""Cases of the service hall with their steps and materials: three for every legal person.

The first issues a licence, the second uses one as a paper, the third is about anything. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from hub.demo.world.companies import SINGLE, LegalPerson, head_near
from hub.demo.world.frame import CAST_ROOM, WORDS, Frame, at, near
from hub.demo.world.licences import LEGAL_HOLDER, LICENCES_EACH, Licence
from hub.demo.world.matters import Material, Matter
from hub.demo.world.people import Person

PROCESSES_EACH = 3
RECEIVED, ACCEPTED, SUPPLEMENT, DONE, RETURNED = "01", "03", "04", "06", "07"
GRANTED, REFUSED = "1", "2"
NATURAL_PERSON, ENTERPRISE, UNINCORPORATED = "1", "2", "5"
#: Kinds of matters that persons apply for.
PERSONAL = ("05", "20")
SUBMITTED, SHARED, CHECKED = "1", "2", "3"


@dataclass(frozen=True, slots=True)
class Process:
    """One case, clean; times are aware, coded fields hold the codes of the shipped lists."""

    process_no: str
    matter_code: str
    applicant_kind: str
    applicant_code: str
    applicant_name: str
    project_code: str | None
    phase: str | None
    parent_no: str | None
    lead_code: str | None
    department_code: str
    channel: str
    priority: str
    state: str
    accepted_at: datetime
    promised_by: datetime
    finished_at: datetime | None
    result: str | None
    result_licence: str | None


@dataclass(frozen=True, slots=True)
class ProcessStep:
    """One step of a case; key process_no and seq (from 1)."""

    process_no: str
    seq: int
    step_name: str
    kind: str
    department_code: str
    handler: str
    started_at: datetime
    due_at: datetime
    ended_at: datetime | None
    opinion: str | None


@dataclass(frozen=True, slots=True)
class SubmittedMaterial:
    """One paper of a case; key process_no and material_code."""

    process_no: str
    material_code: str
    obtained: str
    licence_id: str | None
    file_digest: str | None
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What cases are about: what stands at a place of the world's lists."""

    person: Callable[[int], Person]
    legal_person: Callable[[int], LegalPerson]
    licence: Callable[[int], Licence]
    matter: Callable[[int], Matter]
    matter_issuing: Callable[[str], Matter]


def number(place: int) -> str:
    """The case number at that place."""
    return f"3500{place + 1:012d}"


def issuing_place(licence_place: int) -> int | None:
    """The place of the case that issued the licence at that place; None where it is older than the service hall."""
    middle, rest = divmod(licence_place, LICENCES_EACH)
    return middle * PROCESSES_EACH if rest == 0 and middle >= CAST_ROOM else None


def process(frame: Frame, place: int, around: Surroundings) -> Process:
    """The case at that place."""
    middle, rest = divmod(place, PROCESSES_EACH)
    if rest == 0 and middle >= CAST_ROOM:
        return _issuing(frame, place, around)
    pick = frame.draw("process", place)
    used = used_licence(place, around)
    matter = around.matter(pick.randrange(max(30, place // 100)))
    middle = near(place // PROCESSES_EACH, pick)
    applicant = _applicant_of(used) if used else _applicant(middle, around, personal=matter.kind in PERSONAL)
    state, accepted, finished = _course(frame, pick)
    project = _project(pick, place) if pick.random() < 0.06 else None
    return Process(
        number(place), matter.matter_code, *applicant, project, pick.choice("12345") if project else None,
        number(place - 1) if place % PROCESSES_EACH == 2 and pick.random() < 0.1 else None,
        matter.department_code if project else None, matter.department_code,
        pick.choices("12345", (40, 40, 15, 3, 2))[0], pick.choices("123", (94, 5, 1))[0],
        state, accepted, accepted + timedelta(days=matter.promised_days), finished,
        None if state != DONE else pick.choices((GRANTED, REFUSED), (95, 5))[0], None,
    )  # fmt: skip


def _course(frame: Frame, pick: Random) -> tuple[str, datetime, datetime | None]:
    """State, when it was accepted, when it ended: what is still open was accepted not long ago."""
    state = pick.choices((RECEIVED, ACCEPTED, SUPPLEMENT, DONE, RETURNED), (5, 12, 3, 77, 3))[0]
    over = state in (DONE, RETURNED)
    accepted = at(frame.day(-pick.randrange(1, 900 if over else 20)), pick.randrange(9, 17), pick.randrange(60))
    return state, accepted, accepted + timedelta(hours=pick.randrange(1, 20)) if over else None


def _issuing(frame: Frame, place: int, around: Surroundings) -> Process:
    """The case that ended in a licence."""
    pick, licence = frame.draw("process", place), around.licence(place // PROCESSES_EACH * LICENCES_EACH)
    matter = around.matter_issuing(licence.type_code)
    finished = at(licence.issued_on, pick.randrange(10, 17), pick.randrange(60))
    accepted = finished - timedelta(days=pick.randrange(1, matter.promised_days + 1))
    return Process(
        number(place), matter.matter_code, *_applicant_of(licence), None, None, None, None, matter.department_code,
        pick.choices("123", (40, 45, 15))[0], "1", DONE, accepted, accepted + timedelta(days=matter.promised_days),
        finished, GRANTED, licence.licence_id,
    )  # fmt: skip


def used_licence(place: int, around: Surroundings) -> Licence | None:
    """The licence that the case at that place uses as a paper."""
    middle, rest = divmod(place, PROCESSES_EACH)
    return around.licence(middle * LICENCES_EACH + 1) if rest == 1 and middle >= CAST_ROOM else None


def _applicant_of(licence: Licence) -> tuple[str, str, str]:
    kind = ENTERPRISE if licence.holder_kind == LEGAL_HOLDER else NATURAL_PERSON
    return (UNINCORPORATED if licence.holder_code.startswith("92") else kind), licence.holder_code, licence.holder_name


def _applicant(middle: int, around: Surroundings, *, personal: bool) -> tuple[str, str, str]:
    if personal:
        person = around.person(head_near(middle))
        return NATURAL_PERSON, person.id_number, person.name
    company = around.legal_person(middle)
    return UNINCORPORATED if company.subject_kind == SINGLE else ENTERPRISE, company.uscc, company.name


def _project(pick: Random, place: int) -> str:
    return f"20{pick.randrange(22, 27)}-350102-47-01-{place % 1_000_000:06d}"


def steps(frame: Frame, place: int, case: Process) -> Iterator[ProcessStep]:
    """The case's two steps: accepted, decided; the second is open while the case is."""
    pick = frame.draw("process step", place)
    first_end = case.accepted_at + timedelta(minutes=pick.randrange(5, 55))
    for seq, name, started, due, ended in (
        (1, "受理", case.accepted_at, case.accepted_at + timedelta(days=1), first_end),
        (2, "决定", first_end, case.promised_by, case.finished_at),
    ):
        handler = pick.choice(WORDS["surnames"]) + pick.choice(WORDS["given"])
        opinion = pick.choice(WORDS["opinions"]["list"]) if ended else None
        yield ProcessStep(case.process_no, seq, name, "1", case.department_code, handler, started, due, ended, opinion)


def submitted(
    frame: Frame, place: int, case: Process, asked: Sequence[Material], used: Licence | None
) -> Iterator[SubmittedMaterial]:
    """The case's one or two materials; the first of a case that uses a licence is that licence."""
    pick = frame.draw("submitted material", place)
    checked = case.accepted_at + timedelta(minutes=pick.randrange(1, 30))
    for seq, material in enumerate(asked[: pick.randrange(1, 3)]):
        licence = used if seq == 0 else None
        obtained = SHARED if licence else _obtained(material, pick)
        identifier = licence.licence_id if licence else None
        yield SubmittedMaterial(case.process_no, material.material_code, obtained, identifier, None, checked)


def _obtained(material: Material, pick: Random) -> str:
    return SUBMITTED if material.replaced_by is None else pick.choice((SHARED, CHECKED))
