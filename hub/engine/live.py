"""Live resources: asked at the department's system at question time, never kept (step 6 of walk 1, a question).

One call a binding and step, however many values, all bindings side by side. Values are asked for in each spelling that
a source may keep and matched in canonical form. The row rule is applied before any value is used. A system that does
not answer before its deadline costs only what it would have said: SOURCE_UNAVAILABLE and SOURCE_TIMEOUT name it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import orjson

from catalogue.canonical import spellings
from catalogue.model import Binding, Resource, System
from catalogue.rules import Value, Where, holds, stored_time
from catalogue.snapshot import Snapshot
from connectors.source import Source, SourceError, SourceMisconfigured, SourceRow, SourceTimeout
from hub.errors import Code, HubError
from hub.pull.difference import Offered
from hub.pull.images import Imager
from hub.records.handles import Handles
from hub.records.image_json import warnings_listed
from hub.records.model import Image, Row

#: A link to a live resource is a bounded list.
MOST_LISTED = 100

OpenSource = Callable[[System, Binding], Source]
Found = dict[tuple[Value, ...], list[Row]]


@dataclass(frozen=True, slots=True)
class Answered:
    """The records by tuple, and what the bindings that failed said of it. `found` is None where all of them did."""

    found: Found | None
    refused: tuple[HubError, ...]


@dataclass(frozen=True, slots=True)
class Live:
    """Asks live resources for one request."""

    snapshot: Snapshot
    handles: Handles
    open_source: OpenSource
    now: datetime

    async def fetch(
        self, resource: Resource, by: tuple[str, ...], values: Sequence[tuple[Value, ...]], rows: Where
    ) -> Answered:
        """The records whose items `by` equal one of the tuples and that meet the row rule, by tuple.

        A record that comes twice (in two spellings, from two bindings of one identity) counts once, as it came first.
        """
        bindings = self.snapshot.bindings_of(resource.name)
        asked = _spelt(resource, by, values)
        answers = await asyncio.gather(*(self._ask(resource, binding, by, asked) for binding in bindings))
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
        self, resource: Resource, binding: Binding, by: tuple[str, ...], asked: Sequence[tuple[str, ...]]
    ) -> list[Row] | HubError:
        """One binding's rows, or why it has none."""
        system = self.snapshot.catalogue.systems[binding.system]
        try:
            columns = _columns(binding, by)
            async with asyncio.timeout(system.deadline), _opened(self.open_source, system, binding) as source:
                raw = await source.fetch(columns, asked)
            return self._mapped(resource, binding, raw)
        except TimeoutError:
            late = SourceTimeout(system.name, f"{system.title} did not answer within {system.deadline:g} s")
            return self._refused(late, binding)
        except SourceError as error:
            return self._refused(error, binding)

    def _mapped(self, resource: Resource, binding: Binding, raw: Sequence[SourceRow]) -> list[Row]:
        """Rows that can be records; what the department sends without a key is nobody's answer."""
        imager = Imager(resource, binding, self.snapshot.catalogue.code_lists, self.handles)
        at = stored_time(self.now)
        offered = (imager.offer(row, at) for row in raw)
        return [_row(resource, each.image) for each in offered if isinstance(each, Offered)]

    def _refused(self, error: SourceError, binding: Binding) -> HubError:
        code = Code.SOURCE_TIMEOUT if isinstance(error, SourceTimeout) else Code.SOURCE_UNAVAILABLE
        department = self.snapshot.department_of(binding.name)
        extensions: dict[str, object] = {"source": error.source, "retryable": error.retryable}
        if error.retry_after is not None:
            extensions["retryAfter"] = error.retry_after
        if department is not None:
            extensions["department"] = department.name
        return HubError(code, f"{error.source}: {_told(error)}", **extensions)


@asynccontextmanager
async def _opened(open_source: OpenSource, system: System, binding: Binding) -> AsyncIterator[Source]:
    source = open_source(system, binding)
    try:
        yield source
    finally:
        await source.close()


def _told(error: SourceError) -> str:
    """What a client learns: who is at fault and whether to retry, not how the department's system is built."""
    return "does not answer as it should" if not error.retryable else "does not answer now"


def _columns(binding: Binding, by: tuple[str, ...]) -> tuple[str, ...]:
    sources: Mapping[str, str | None] = {column.item: column.source for column in binding.columns}
    columns = tuple(sources.get(name) for name in by)
    if None in columns:
        raise SourceMisconfigured(binding.system, f"{binding.name} maps no column to {' and '.join(by)}")
    return tuple(str(column) for column in columns)


def _spelt(resource: Resource, by: tuple[str, ...], values: Sequence[tuple[Value, ...]]) -> list[tuple[str, ...]]:
    """The tuples in every combination of the spellings of their values, each once."""
    forms = [resource.item(name).canonical for name in by]
    asked = (
        product(*(spellings(form, "" if each is None else str(each)) for form, each in zip(forms, value, strict=True)))
        for value in values
    )
    return list(dict.fromkeys(spelt for each in asked for spelt in each))


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
