"""Subjects (主体) as questions ask for them: who may ask by them, and which records are about them. Pure.

Steps 4 to 6 of walk 1 (a question). A subject is a kind, an identity type and a canonical code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalogue.canonical import canonical
from catalogue.model import Canonical, Identifier, Mode, Resource, SubjectRef
from catalogue.rules import Compare, Either, Op, Where, both
from catalogue.snapshot import Snapshot
from connectors.mapping import RULES
from hub.engine.references import Decide
from hub.errors import Code, HubError


@dataclass(frozen=True, slots=True)
class SubjectAsked:
    """A subject by its canonical code."""

    kind: str
    id_type: str
    code: str


@dataclass(frozen=True, slots=True)
class _Codes:
    """How the codes of one identity type are kept, and the standards that columns declare for them."""

    form: Canonical | None
    standards: frozenset[Identifier]


def asked_for(snapshot: Snapshot, kind: str, id_type: str | None, code: str) -> SubjectAsked:
    """The subject that the arguments mean; BAD_INPUT where the catalogue knows no such kind or the type is open."""
    known = _id_types(snapshot, kind)
    if not known:
        raise HubError(Code.BAD_INPUT, f"the catalogue knows no subjects of the kind {kind!r}")
    if id_type is None:
        id_type = _meant(known, code)
    if id_type is None:
        raise HubError(Code.BAD_INPUT, f"subject of the kind {kind} takes idType: one of {', '.join(sorted(known))}")
    form = known[id_type].form if id_type in known else Canonical.CODE
    return SubjectAsked(kind, id_type, canonical(form, code))


def subject_refs(resource: Resource) -> list[tuple[str, str | None, SubjectRef]]:
    """(item, discriminator's value or None, what it names) for every subject column of the resource."""
    return [(column.item, value, ref) for column in resource.subjects for value, ref in column.refs]


def subject_resources(snapshot: Snapshot, asked: SubjectAsked, decide: Decide) -> list[Resource]:
    """The synced resources that name such subjects and that the client may ask by them."""
    return [
        resource
        for resource in snapshot.resources.values()
        if resource.mode is Mode.SYNCED and names(resource, asked) and may_ask(resource, asked, decide)
    ]


def names(resource: Resource, asked: SubjectAsked) -> bool:
    """Whether records of the resource can be about subjects of the kind."""
    return any(ref.kind == asked.kind for _, _, ref in subject_refs(resource))


def may_ask(resource: Resource, asked: SubjectAsked, decide: Decide) -> bool:
    """By right, or because the items that name such subjects are plain for such records anyway."""
    decision = decide(resource.name)
    if decision.refusal is not None:
        return False
    columns = [(item, value) for item, value, ref in subject_refs(resource) if ref.kind == asked.kind]
    return decision.lookup or all(decision.item(item).for_value(value).outcome == "plain" for item, value in columns)


def about(resource: Resource, asked: SubjectAsked) -> Where:
    """The rule that records about the subject meet."""
    parts: list[Where] = []
    for column in resource.subjects:
        for value, ref in column.refs:
            if (ref.kind, ref.id_type) == (asked.kind, asked.id_type):
                named = Compare(column.item, Op.EQ, asked.code)
                parts.append(
                    both(named, Compare(column.discriminator, Op.EQ, value)) if column.discriminator else named
                )
    return parts[0] if len(parts) == 1 else Either(tuple(parts))


def _id_types(snapshot: Snapshot, kind: str) -> dict[str, _Codes]:
    """The identity types under which columns name subjects of the kind ('' for none)."""
    found: dict[str, _Codes] = {}
    for resource in snapshot.resources.values():
        for item, _, ref in subject_refs(resource):
            if ref.kind == kind:
                known = found[ref.id_type].standards if ref.id_type in found else frozenset()
                standards = known | ({ref.identifier} if ref.identifier else set())
                found[ref.id_type] = _Codes(resource.item(item).canonical, standards)
    return found


def _meant(known: Mapping[str, _Codes], code: str) -> str | None:
    """The identity type of a code that is given without one: the only one that there is, or the only one by whose
    standard the code holds (a citizen number is one; a passport's says nothing). None where that leaves a choice.
    """
    holding = [
        id_type
        for id_type, codes in known.items()
        if any(RULES[standard](canonical(codes.form, code)).valid for standard in codes.standards)
    ]
    candidates = list(known) if len(known) == 1 else holding
    return candidates[0] if len(candidates) == 1 else None
