"""Matters and what belongs to them: flow steps, situations, materials, form fields and result types. Pure.

The first places repeat the words' list once; the rest are the same matters of other counties' offices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.demo.world.codes import credit_code
from hub.demo.world.divisions import CENTRES, Division
from hub.demo.world.frame import WORDS, Frame
from hub.demo.world.licences import LICENSING, TYPES

_BASES: tuple[dict[str, Any], ...] = tuple(WORDS["matters"])
#: Every world has at least so many.
FEWEST = 50
IN_USE = "1"


@dataclass(frozen=True, slots=True)
class Matter:
    """One matter, clean."""

    matter_code: str
    base_code: str
    handling_code: str
    name: str
    kind: str
    list_kind: str
    department_code: str
    level: str
    promised_days: int
    state: str
    successor_code: str | None


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One step of a matter's flow; key matter_code and seq (from 1)."""

    matter_code: str
    seq: int
    name: str
    department_code: str
    role: str
    days: int
    kind: str
    prerequisite_matter: str | None


@dataclass(frozen=True, slots=True)
class Situation:
    """One answer to a question that tells an applicant's situation."""

    situation_code: str
    matter_code: str
    question: str
    option: str
    parent_code: str | None


@dataclass(frozen=True, slots=True)
class Material:
    """One paper that a matter asks for; `replaced_by` names the shared item (resource.item) that spares it."""

    material_code: str
    matter_code: str
    situation_code: str | None
    name: str
    necessity: str
    source: str
    medium: str
    licence_type_code: str | None
    replaced_by: str | None
    sample: str | None


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a matter's form; `filled_from` names the shared item (resource.item) that fills it."""

    field_code: str
    matter_code: str
    label: str
    type: str
    filled_from: str | None


@dataclass(frozen=True, slots=True)
class ResultType:
    """What a matter ends in; key matter_code and result_code."""

    matter_code: str
    result_code: str
    name: str
    licence_type_code: str | None
    validity: str
    delivery: str


def matter(frame: Frame, place: int) -> Matter:
    """The matter at that place."""
    round_, number = divmod(place, len(_BASES))
    base, where = _BASES[number], CENTRES[(round_ - 1) % len(CENTRES)]
    department = LICENSING if round_ == 0 else credit_code("11", where.code, frame.seed + place)
    base_code = f"{base['kind']}{number + 1:04d}{where.code if round_ else '350000'}"
    code = f"{department}{base_code}{1 if round_ == 0 else 4}"
    return Matter(
        code, base_code, f"{code}01", base["name"] + _of(round_, where), base["kind"],
        "04" if base["kind"] == "20" else "01", department, "2" if round_ == 0 else "4", base["days"], IN_USE, None,
    )  # fmt: skip


def licence_type(place: int) -> str | None:
    """The licence type that the matter at that place issues."""
    code: str | None = _BASES[place % len(_BASES)].get("licence")
    return code


def issuing(type_code: str) -> int:
    """The place of the first matter that issues licences of that type."""
    return next(place for place, base in enumerate(_BASES) if base.get("licence") == type_code)


def _of(round_: int, where: Division) -> str:
    return f"（{where.full_name}）" if round_ else ""


def flow_steps(one: Matter) -> tuple[FlowStep, ...]:
    """The matter's flow: accepted, examined where it takes long, decided."""
    middle = (("审查", "审查岗", "1"),) if one.promised_days > 5 else ()
    steps = (("受理", "受理岗", "1"), *middle, ("决定", "审批岗", "1"))
    return tuple(
        FlowStep(
            one.matter_code, seq, name, one.department_code, role, max(1, one.promised_days // len(steps)), kind, None
        )
        for seq, (name, role, kind) in enumerate(steps, 1)
    )


def situations(frame: Frame, place: int, one: Matter) -> tuple[Situation, ...]:
    """One situation of the matter."""
    pick = frame.draw("situation", place)
    chosen = pick.choice(WORDS["situations"])
    return (
        Situation(f"{one.matter_code}Q001", one.matter_code, chosen["question"], pick.choice(chosen["options"]), None),
    )


def materials(frame: Frame, place: int, one: Matter) -> tuple[Material, ...]:
    """One to three papers."""
    pick = frame.draw("material", place)
    papers = pick.sample(WORDS["papers"], k=pick.randrange(1, 4))
    return tuple(
        Material(
            f"{one.matter_code}C{seq:03d}", one.matter_code, None, paper["name"], pick.choices("123", (80, 12, 8))[0],
            paper["source"], pick.choice("123"), paper.get("licence"), paper.get("by"), None,
        )
        for seq, paper in enumerate(papers, 1)
    )  # fmt: skip


def form_fields(frame: Frame, place: int, one: Matter) -> tuple[FormField, ...]:
    """One or two fields."""
    pick = frame.draw("form field", place)
    fields = pick.sample(WORDS["fields"], k=pick.randrange(1, 3))
    return tuple(
        FormField(f"{one.matter_code}F{seq:03d}", one.matter_code, field["label"], field["type"], field["from"] or None)
        for seq, field in enumerate(fields, 1)
    )


def result_type(one: Matter, licence_type_code: str | None) -> ResultType:
    """The one result: a licence where the matter issues one, else a decision."""
    kind = TYPES.get(licence_type_code or "")
    if kind is None:
        return ResultType(one.matter_code, "R01", f"{one.name}决定书", None, "长期", "1")
    validity = f"{kind['years']}年" if kind["years"] else "长期"
    return ResultType(one.matter_code, "R01", kind["name"], licence_type_code, validity, "3")
