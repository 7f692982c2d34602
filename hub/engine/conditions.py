"""`where` arguments → rules over stored values, with every reference noted (part of step 4 of walk 1, a question).

Links stay in the rule as `Linked` until their keys are known (`hub.engine.links`). A null inside a condition is
refused: a forgotten variable must not mean "no condition".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalogue.model import Item, Moment, Resource
from catalogue.rules import Compare, Either, Every, Linked, Not, Op, Quantifier, Reached, Where, both
from catalogue.snapshot import LinkEnd, Snapshot
from catalogue.where import LiteralError, literal
from hub.engine.references import Reference, Use
from hub.errors import Code, HubError
from hub.schema.meaning import Meanings

MOST_CONDITIONS, MOST_LINKS, MOST_LISTED, DEEPEST = 200, 10, 1_000, 20

Place = tuple[str, ...]


class Conditions:
    """Reads one `where` argument; notes what it refers to in `references`."""

    def __init__(self, snapshot: Snapshot, meanings: Meanings, references: list[Reference]) -> None:
        self._snapshot, self._meanings, self._references = snapshot, meanings, references
        self._conditions = self._links = self._top = 0

    def read(self, resource: Resource, value: Mapping[str, Any], place: Place) -> Where:
        """The rule that the input at `place` writes: all of its fields must hold."""
        self._top = len(place)
        return self._read(resource, value, place)

    def _read(self, resource: Resource, value: Mapping[str, Any], place: Place) -> Where:
        _within("levels in where", len(place) - self._top, DEEPEST)
        parts = [self._part(resource, name, inner, (*place, name)) for name, inner in value.items()]
        return both(*parts)

    def _part(self, resource: Resource, name: str, value: Any, place: Place) -> Where:
        if value is None:
            raise HubError(Code.BAD_INPUT, f"{'.'.join(place)} is null: leave it out, or use isNull")
        match name:
            case "and":
                return Every(tuple(self._read(resource, part, place) for part in value))
            case "or":
                return Either(tuple(self._read(resource, part, place) for part in value))
            case "not":
                return Not(self._read(resource, value, place))
        match self._meanings.named[resource.name][name]:
            case Item() as item:
                return self._item(resource, item, value, place)
            case Moment() as moment:
                return self._moment(resource, moment, value, place)
            case end:
                return self._link(resource, end, value, place)

    def _item(self, resource: Resource, item: Item, value: Mapping[str, Any], place: Place) -> Where:
        self._refer(resource, item.name, Use.WHERE, place)
        return both(*(self._compare(item, Op(op), operand, (*place, op)) for op, operand in value.items()))

    def _compare(self, item: Item, op: Op, operand: Any, place: Place) -> Where:
        self._conditions += 1
        _within("conditions in where", self._conditions, MOST_CONDITIONS)
        if operand is None:
            raise HubError(Code.BAD_INPUT, f"{'.'.join(place)} is null: leave it out, or use isNull")
        if isinstance(operand, list):
            _within(f"values in {'.'.join(place)}", len(operand), MOST_LISTED)
        try:
            return Compare(item.name, op, literal(item, op, operand))
        except LiteralError as error:
            raise HubError(Code.BAD_INPUT, f"{'.'.join(place)} {error}") from error

    def _moment(self, resource: Resource, moment: Moment, value: bool, place: Place) -> Where:
        self._refer(resource, moment.item, Use.WHERE, place)
        reached = Reached(moment.item, moment.days)
        return reached if value else Not(reached)

    def _link(self, resource: Resource, end: LinkEnd, value: Mapping[str, Any], place: Place) -> Where:
        self._refer(resource, end.name, Use.LINKED, place)
        target = self._snapshot.resource(end.target)
        self._references.append(Reference(target.name, (), Use.REACHED, place))
        return both(*(self._quantified(end, target, name, inner, (*place, name)) for name, inner in value.items()))

    def _quantified(self, end: LinkEnd, target: Resource, name: str, value: Any, place: Place) -> Where:
        self._links += 1
        _within("conditions on links", self._links, MOST_LINKS)
        if value is None:
            raise HubError(Code.BAD_INPUT, f"{'.'.join(place)} is null: leave it out")
        return Linked(end.name, Quantifier(name), self._read(target, value, place))

    def _refer(self, resource: Resource, name: str, use: Use, place: Place) -> None:
        self._references.append(Reference(resource.name, (name,), use, place))


def _within(what: str, figure: int, limit: int) -> None:
    if figure > limit:
        raise HubError(Code.DOCUMENT_REFUSED, f"{figure} {what}, the limit is {limit}", figure=figure, limit=limit)
