"""How one change looks to one subscriber: pure, the last decision of walk 2 (a change).

A subscriber learns of a change only if a value it may see, a moment it may see, or the record's presence for it changed
(invariant 14). Presence is the row rule and the subscriber's own condition together, judged on the image before and on
the image after; for a moment, before is judged just before it and after at it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import orjson

from auth.decide import Decision, ItemDecision, Outcome
from auth.masks import apply
from catalogue.model import Item
from catalogue.rules import Among, Compare, Either, Every, Linked, Not, Reached, Value, Where, both, holds, instant
from catalogue.snapshot import Snapshot
from hub.engine.project import maskable
from hub.records.model import Change, Image, Operation

INSTANT_BEFORE = timedelta(milliseconds=1)


class View:
    """What one subscriber may see of a resource, and wants to: its decision and its condition under one catalogue.

    `presence` says which records are there for it. `sight` is a digest of what it sees of which records: its copy of
    them stays true by events alone as long as this does not change.
    """

    def __init__(self, snapshot: Snapshot, decision: Decision, where: Where) -> None:
        self.resource = snapshot.resource(decision.resource)
        self.presence = both(decision.rows, where)
        self.sight = _sight(decision, self.presence)
        self._snapshot, self._decision = snapshot, decision

    def operation(self, change: Change) -> Operation | None:
        """What the change is to this subscriber; None where it must not learn of it."""
        now = instant(change.at)
        earlier = now - INSTANT_BEFORE if change.operation is Operation.MOMENT else now
        before, after = self._present(change.before, earlier), self._present(change.after, now)
        if before is None or after is None:
            return Operation.DELETED if before else Operation.CREATED if after else None
        if self._values_differ(before, after) or self._origins_differ(before, after):
            return change.operation
        return change.operation if self._moments(before, earlier) != self._moments(after, now) else None

    def _present(self, image: Image | None, at: datetime) -> Image | None:
        return image if image is not None and holds(self.presence, image.values, at) else None

    def _values_differ(self, before: Image, after: Image) -> bool:
        if before.values == after.values:
            return False
        return any(self._shown(item, before) != self._shown(item, after) for item in self.resource.items)

    def _origins_differ(self, before: Image, after: Image) -> bool:
        """Whether provenance is another: the department, or a warning of an item that is shown as it is."""
        return self._warnings(before) != self._warnings(after) or (
            before.binding != after.binding
            and self._snapshot.department_of(before.binding) != self._snapshot.department_of(after.binding)
        )

    def _warnings(self, image: Image) -> list[object]:
        return [warning for warning in image.warnings if self._plain(warning.item, image)]

    def _moments(self, image: Image, at: datetime) -> list[str]:
        """The moments that the record has reached, among those that the subscriber may see."""
        return [
            moment.name
            for moment in self.resource.moments
            if self._plain(moment.item, image) and holds(Reached(moment.item, moment.days), image.values, at)
        ]

    def _shown(self, item: Item, image: Image) -> tuple[Outcome, Value]:
        """How the item is shown. Masks are for text alone: anything else that would be masked is not shown."""
        decided, value = self._decided(item.name, image), image.values.get(item.name)
        if decided.outcome is Outcome.PLAIN:
            return Outcome.PLAIN, value
        if decided.outcome is Outcome.MASKED and decided.mask and maskable(item):
            return Outcome.MASKED, None if value is None else apply(decided.mask, str(value))
        return Outcome.DENIED, None

    def _plain(self, item: str, image: Image) -> bool:
        return item in self._decision.items and self._decided(item, image).outcome is Outcome.PLAIN

    def _decided(self, item: str, image: Image) -> ItemDecision:
        """The decision about the item of this record: a discriminator's value may pick another one."""
        decided = self._decision.item(item)
        return decided.for_value(image.values.get(decided.varies_by)) if decided.varies_by else decided


def _sight(decision: Decision, presence: Where) -> str:
    shown = [
        (name, _outcome(decided), decided.varies_by, sorted((v, _outcome(d)) for v, d in decided.by_value.items()))
        for name, decided in sorted(decision.items.items())
        if decided.readable
    ]
    return hashlib.sha256(orjson.dumps([shown, _spelled(presence)])).hexdigest()[:16]


def _outcome(decided: ItemDecision) -> str:
    return f"{decided.outcome} {decided.mask or ''}"


def _spelled(where: Where) -> list[object]:
    """The rule in one spelling, whatever its classes are called: digests outlive a version of the program."""
    match where:
        case Compare(item, op, value):
            return ["compare", item, op, value]
        case Reached(item, days):
            return ["reached", item, days]
        case Every(parts):
            return ["every", *map(_spelled, parts)]
        case Either(parts):
            return ["either", *map(_spelled, parts)]
        case Not(part):
            return ["not", _spelled(part)]
        case Among() | Linked():
            raise TypeError("row rules and conditions of feeds read own items only")
