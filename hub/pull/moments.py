"""Moments (时点): the points of time at which records change by themselves. Step 10 of walk 2 (a change); pure.

The resource's mark says up to when moments were emitted; only those in (mark, now] are due. The dates inside a
visibility rule are moments too. A record has one change a point of time, however many rules it stands in. Nothing here
reads a clock: `now` is given, the change protocol writes what is due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalogue.model import DataType, Resource
from catalogue.rules import Compare, Either, Op, Reached, Where, both, instant, latest_reached, stored_time, walk
from hub.pull.difference import Draft
from hub.records.model import Image, Operation


@dataclass(frozen=True, slots=True)
class Point:
    """`item` plus `days`, by the name of the moment or visibility rule that says so first."""

    name: str
    item: str
    days: int
    date: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A point that time has passed, for records whose stored value lies after `low`, up to and with `high`."""

    point: Point
    low: str
    high: str

    def holds(self, image: Image) -> bool:
        """Whether the record has its moment here; never for an absent value."""
        value = image.values.get(self.point.item)
        return isinstance(value, str) and self.low < value <= self.high

    def at(self, image: Image) -> datetime:
        """When the record's moment was. Only where `holds`: 9999-12-31 plus days is no point of time."""
        return instant(str(image.values[self.point.item]), self.point.days)


def points(resource: Resource) -> tuple[Point, ...]:
    """Every point of time at which a record of the resource changes by itself; each (item, days) once."""
    found: dict[tuple[str, int], Point] = {}
    for name, item, days in _named(resource):
        date = resource.item(item).type is DataType.DATE
        found.setdefault((item, days), Point(name, item, days, date))
    return tuple(found.values())


def passed(resource: Resource, mark: str, now: datetime) -> tuple[Window, ...]:
    """The stored values at which time has passed a point since the mark; empty where it has passed none."""
    since, found = instant(mark), []
    for point in points(resource):
        low = latest_reached(since, point.days, date=point.date)
        high = latest_reached(now, point.days, date=point.date)
        if low < high:
            found.append(Window(point, low, high))
    return tuple(found)


def due_rule(windows: Sequence[Window]) -> Where:
    """Which records have a moment in one of the windows."""
    rules = [both(Compare(w.point.item, Op.GT, w.low), Compare(w.point.item, Op.LTE, w.high)) for w in windows]
    return rules[0] if len(rules) == 1 else Either(tuple(rules))


def touches(windows: Sequence[Window], drafts: Sequence[Draft]) -> bool:
    """Whether a draft makes, changes or ends a record that has a moment in one of the windows."""
    return any(
        window.holds(image)
        for window in windows
        for draft in drafts
        for image in (draft.before, draft.after)
        if image is not None
    )


def reached_by(windows: Sequence[Window], image: Image) -> list[Draft]:
    """The changes that time makes to one record in the windows, in the order of time.

    `at` is the moment itself: before is judged just before it, after at it.
    """
    names: dict[datetime, str] = {}
    for window in windows:
        if window.holds(image):
            names.setdefault(window.at(image), window.point.name)
    return [Draft(Operation.MOMENT, image, image, stored_time(at), names[at]) for at in sorted(names)]


def _named(resource: Resource) -> Iterator[tuple[str, str, int]]:
    for moment in resource.moments:
        yield moment.name, moment.item, moment.days
    for rule in resource.visibility:
        for part in walk(rule.hidden_when):
            if isinstance(part, Reached):
                yield rule.name, part.item, part.days
