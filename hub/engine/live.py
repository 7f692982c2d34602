"""Live resources: asked at the department's system at question time, never kept (step 6 of walk 1, a question).

One call a binding and step, however many values, all bindings side by side. Values are asked for in each way that the
binding says its source may write them and matched in stored form. The row rule is applied before any value is used. A
system that does not answer before its deadline costs only what it would have said: SOURCE_UNAVAILABLE and
SOURCE_TIMEOUT name it. What keeps to deadlines and limits is the source that `hub.sources` gives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from zoneinfo import ZoneInfo

import orjson

from catalogue.model import Binding, Column, Resource
from catalogue.rules import Value, Where, holds, stored_time
from catalogue.snapshot import Snapshot
from connectors.resilience import Refused
from connectors.source import SourceError, SourceMisconfigured, SourceRow, SourceTimeout
from connectors.written import Write, writer
from hub.engine.memory import Memory
from hub.errors import Code, HubError
from hub.observe import Event, emit
from hub.pull.difference import Offered
from hub.pull.images import Imager
from hub.records.handles import Handles
from hub.records.image_json import warnings_listed
from hub.records.model import Image, Row
from hub.sources import Sources

#: A link to a live resource is a bounded list.
MOST_LISTED = 100

Found = dict[tuple[Value, ...], list[Row]]


@dataclass(frozen=True, slots=True)
class Answered:
    """The records by tuple, and what the bindings that failed said of it. `found` is None where all of them did."""

    found: Found | None
    refused: tuple[HubError, ...]


class Reading:
    """How one binding is asked and its rows are read; compiled once a catalogue version.

    SourceMisconfigured where the binding cannot be followed.
    """

    def __init__(self, snapshot: Snapshot, binding: Binding, handles: Handles) -> None:
        self.resource, self.binding = snapshot.resource(binding.resource), binding
        self._imager = Imager(self.resource, binding, snapshot.catalogue.code_lists, handles)
        self._columns: Mapping[str, Column] = {column.item: column for column in binding.columns}
        self._writers: dict[str, Write] = {}

    def columns(self, by: tuple[str, ...]) -> tuple[str, ...]:
        """The source's columns of those items."""
        found = [self._columns.get(name) for name in by]
        sources = tuple(column.source for column in found if column is not None and column.source is not None)
        if len(sources) != len(by):
            raise SourceMisconfigured(self.binding.system, f"{self.binding.name} maps no column to {' and '.join(by)}")
        return sources

    def written(self, by: tuple[str, ...], values: Sequence[tuple[Value, ...]]) -> list[tuple[str, ...]]:
        """The tuples in every combination of the ways in which their values may be written, each once."""
        writers = [self._writer(name) for name in by]
        asked = (product(*(write(each) for write, each in zip(writers, value, strict=True))) for value in values)
        return list(dict.fromkeys(spelt for each in asked for spelt in each))

    def rows(self, raw: Sequence[SourceRow], at: str) -> list[Row]:
        """Rows that can be records; what the department sends without a key is nobody's answer."""
        offered = (self._imager.offer(row, at) for row in raw)
        return [_row(self.resource, each.image) for each in offered if isinstance(each, Offered)]

    def _writer(self, name: str) -> Write:
        found = self._writers.get(name)
        if found is None:
            item, column = self.resource.item(name), self._columns[name]
            found = self._writers[name] = writer(item, column, ZoneInfo(self.binding.timezone))
        return found


class Readings:
    """The compiled readings of one process, the least lately used forgotten first."""

    def __init__(self, remembered: int = 1000) -> None:
        self._known: Memory[Reading] = Memory(remembered)

    def of(self, snapshot: Snapshot, binding: Binding, handles: Handles) -> Reading:
        """The reading of the binding in that version of the catalogue."""
        name = (snapshot.version, binding.name)
        return self._known.get(name) or self._known.keep(name, Reading(snapshot, binding, handles))


@dataclass(frozen=True, slots=True)
class Live:
    """Asks live resources for one request."""

    snapshot: Snapshot
    handles: Handles
    readings: Readings
    sources: Sources
    now: datetime

    async def fetch(
        self, resource: Resource, by: tuple[str, ...], values: Sequence[tuple[Value, ...]], rows: Where
    ) -> Answered:
        """The records whose items `by` equal one of the tuples and that meet the row rule, by tuple.

        A record that comes twice (in two spellings, from two bindings of one identity) counts once, as it came first.
        """
        bindings = self.snapshot.bindings_of(resource.name)
        answers = await asyncio.gather(*(self._ask(binding, by, values) for binding in bindings))
        refused = tuple(answer for answer in answers if isinstance(answer, HubError))
        if refused and len(refused) == len(bindings):
            return Answered(None, refused)
        wanted = set(values)
        found: dict[tuple[Value, ...], dict[Value, Row]] = {}
        for row in (row for answer in answers if not isinstance(answer, HubError) for row in answer):
            place = tuple(row.get(name) for name in by)
            if place in wanted and holds(rows, row, self.now):
                found.setdefault(place, {}).setdefault(row["_handle"], row)
        return Answered({place: list(rows.values())[:MOST_LISTED] for place, rows in found.items()}, refused)

    async def _ask(
        self, binding: Binding, by: tuple[str, ...], values: Sequence[tuple[Value, ...]]
    ) -> list[Row] | HubError:
        """One binding's rows, or why it has none."""
        try:
            reading = self.readings.of(self.snapshot, binding, self.handles)
            source = self.sources.of(self.snapshot, binding)
            raw = await source.fetch(reading.columns(by), reading.written(by, values))
        except SourceError as error:
            return self._refused(error, binding)
        return reading.rows(raw, stored_time(self.now))

    def _refused(self, error: SourceError, binding: Binding) -> HubError:
        code = Code.SOURCE_TIMEOUT if isinstance(error, SourceTimeout) else Code.SOURCE_UNAVAILABLE
        if not isinstance(error, Refused):
            emit(Event.SOURCE_FAILED, source=error.source, binding=binding.name, error=type(error).__name__)
        department = self.snapshot.department_of(binding.name)
        extensions: dict[str, object] = {"source": error.source, "retryable": error.retryable}
        if error.retry_after is not None:
            extensions["retryAfter"] = error.retry_after
        if department is not None:
            extensions["department"] = department.name
        return HubError(code, f"{error.source}: {_told(error)}", **extensions)


def _told(error: SourceError) -> str:
    """What a client learns: who is at fault and whether to retry, not how the department's system is built."""
    return "does not answer as it should" if not error.retryable else "does not answer now"


def _row(resource: Resource, image: Image) -> Row:
    row: dict[str, Value] = {item.name: image.values.get(item.name) for item in resource.items}
    return row | {
        "_handle": image.handle,
        "_seq": 0,
        "_binding": image.binding,
        "_as_of": image.as_of,
        "_pulled_at": image.pulled_at,
        "_warnings": orjson.dumps(warnings_listed(image.warnings)).decode(),
        "_marks": None,
    }
