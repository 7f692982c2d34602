"""Runs a plan: one store or connector call a step and level, whatever the number of records.

Step 6 of walk 1 (a question). Steps that do not depend on each other run side by side. A step that fails costs its own
field: null, and one problem that says where. Every rule was decided and bound before; here rows are read, joined and
written down by response key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from catalogue.model import Mode, Resource
from catalogue.names import type_name
from catalogue.rules import TRUE, Value, Where, both, holds
from catalogue.snapshot import Snapshot
from hub.engine.bind import Bound, Ids, Keys, Newest, Paged
from hub.engine.cursors import PageCursors
from hub.engine.history import Histories, planned_change
from hub.engine.links import Links
from hub.engine.live import Answered, Found, Live
from hub.engine.pages import Connection, Planned, asked_page, columns_of, cut
from hub.engine.plan import At, ByKey, History, Link, Many, Nodes, One, Plan, Root, Selection, Shown, SubjectOf, Verify
from hub.engine.read import Problem, Read
from hub.engine.references import Decide, searched
from hub.engine.subjects import SubjectAsked, about, may_ask, names, subject_resources
from hub.engine.verify import Verifications, claims_of, columns_for, judged
from hub.errors import Code, DeadlineExceeded, HubError
from hub.operations.records import SubjectResource
from hub.records.handles import Handles
from hub.records.model import Page, Query, Row, RowPage, Search
from hub.records.ports import ChangeLog, RecordReader
from hub.schema.build import TYPE
from hub.schema.resource_types import searchable
from hub.seal import Seal

Key = tuple[Value, ...]
Following = Callable[[Key | None], object]
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")

NOTHING = RowPage((), has_next=False, has_previous=False)
#: What costs only the field that it befalls; anything else refuses the operation.
OWN_FIELD = frozenset({Code.STORE_UNAVAILABLE, Code.SOURCE_UNAVAILABLE, Code.SOURCE_TIMEOUT, Code.NOT_GRANTED})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What running a plan needs: stores, the decisions of the request, its time."""

    snapshot: Snapshot
    reader: RecordReader
    log: ChangeLog
    live: Live
    handles: Handles
    cursors: PageCursors
    feed_seal: Seal
    decide: Decide
    now: datetime


class Rows:
    """One run of one plan."""

    def __init__(self, around: Surroundings, plan: Plan, bound: Bound) -> None:
        self._around, self._plan, self._bound = around, plan, bound
        self._verifications = Verifications(plan, bound, self._to_verify)
        self._links = Links(around.snapshot, around.reader, around.decide, around.now)
        self.read = Read()

    async def all(self) -> Planned:
        """The planned value of every root field by response key; nouns and refused fields are not among them."""
        found = await _together([self._guarded(step.at, self._root(step)) for step in self._plan.roots])
        return {step.at.key: value for step, value in zip(self._plan.roots, found, strict=True)}

    async def records(self, selection: Selection, rows: Sequence[Row], shown: Sequence[Shown]) -> list[Planned]:
        """What the selection makes of records that were read elsewhere (a feed's).

        What is found out about each of them itself goes into its own `shown`.
        """
        self._note(selection.resource, rows)
        return await self._made(selection, rows, shown)

    async def made(self, selection: Selection, rows: Sequence[Row]) -> list[Planned]:
        """What the selection makes of each row, links followed for all of them at once."""
        return await self._made(selection, rows, [self.read.shown] * len(rows))

    async def _made(self, selection: Selection, rows: Sequence[Row], shown: Sequence[Shown]) -> list[Planned]:
        planned: list[Planned] = [
            {key: write(row, noted) for key, write in selection.values} for row, noted in zip(rows, shown, strict=True)
        ]
        self.read.made += len(rows)
        if rows:
            self.read.items.setdefault(selection.resource.name, set()).update(selection.shown)
            followed = [self._follow(link, rows, planned) for link in selection.links]
            await _together([*followed, *(self._remember(each, rows, planned) for each in selection.histories)])
        return planned

    async def _root(self, step: Root) -> object:
        match step:
            case One():
                return await self._one(step)
            case ByKey():
                return await self._by_key(step)
            case Many():
                return await self._many(step)
            case Nodes():
                return await self._nodes(step)
            case SubjectOf():
                return await self._subject(step)
            case Verify():
                return await self._verify(step)

    async def _one(self, step: One) -> object:
        found = await self._looked_up(step)
        return next(iter(found.values()), None)

    async def _by_key(self, step: ByKey) -> object:
        found = await self._looked_up(step)
        return [found.get(key) for key in self._keys(step.at).values]

    async def _looked_up(self, step: One | ByKey) -> dict[Key, Planned]:
        """The records behind the keys, each made once. A declared key may stand in several records, as nothing stops a
        source: the one with the first handle is the answer, and only that one was read.
        """
        answered = await self._keyed(step.resource, self._keys(step.at), columns_of([step.selection], None))
        kept = _firsts(self._told(step.at, answered))
        self._note(step.resource, kept.values())
        return dict(zip(kept, await self.made(step.selection, list(kept.values())), strict=True))

    async def _keyed(self, resource: Resource, keys: Keys, columns: Iterable[str]) -> Answered:
        """The records behind the keys."""
        values = tuple(dict.fromkeys(keys.values))
        if resource.mode is Mode.LIVE:
            return await self._around.live.fetch(resource, keys.by, values, self._around.decide(resource.name).rows)
        found: Found = {}
        for row in await self._around.reader.lookup(self._query(resource, (*columns, *keys.by)), keys.by, values):
            found.setdefault(tuple(row[name] for name in keys.by), []).append(row)
        return Answered(found, ())

    async def _verify(self, step: Verify) -> object:
        """What is said of the given values, of each record in the order asked."""
        claims, name = claims_of(self._bound, step), step.resource.name
        answered = await self._verifications.read(step, claims)
        firsts, decision = _firsts(self._told(step.at, answered)), self._around.decide(name)
        asked = list(zip(claims.keys.values, claims.given, strict=True))
        said = [judged(step.resource, decision, given, firsts.get(key)) for key, given in asked]
        rows = (firsts[key] for key in claims.keys.values if key in firsts)
        self.read.compared.setdefault(name, {}).update((str(row["_handle"]), row) for row in rows)
        self.read.asked[name] += len(asked)
        self.read.items.setdefault(name, set()).update(f"?{item}" for given in claims.given for item in given)
        planned = [{key: each.get(item) for key, item in step.fields} for each in said]
        return planned if step.many else planned[0]

    async def _to_verify(self, resource: Resource, keys: Keys, items: Iterable[str]) -> Answered:
        columns = columns_for(resource, self._around.decide(resource.name), items)
        return await self._keyed(resource, keys, columns)

    async def _many(self, step: Many, rule: Where = TRUE) -> object:
        paged = self._bound.paged(step)
        query = await self._paged_query(step.resource, step.shape.selections, paged, rule)
        found, total = await _both(
            self._around.reader.page(query, asked_page(paged.window)),
            self._around.reader.count(query) if paged.totals else None,
        )
        assert found is not None
        page = cut(paged.window, found)
        self._note(step.resource, page.rows)
        made = [await self.made(selection, page.rows) for selection in step.shape.selections]
        return Connection(step.shape, step.resource.name, paged, self._around.cursors).planned(page, made, total)

    async def _nodes(self, step: Nodes) -> object:
        """One lookup a resource; an id that is none, or of a record that is not visible, answers null."""
        ids = self._bound.arguments[step.at.number]
        assert isinstance(ids, Ids)
        handles: dict[str, list[str]] = {}
        for place in ids.values:
            if place is not None and self._around.snapshot.resource(place[0]).mode is Mode.SYNCED:
                handles.setdefault(place[0], []).append(place[1])
        pairs = await _together([self._by_handle(step, name, listed) for name, listed in handles.items()])
        found = {(name, handle): planned for name, by_handle in pairs for handle, planned in by_handle.items()}
        answers = [found.get(place) if place else None for place in ids.values]
        return answers if step.many else answers[0]

    async def _by_handle(self, step: Nodes, name: str, handles: list[str]) -> tuple[str, dict[str, Planned]]:
        resource = self._around.snapshot.resource(name)
        selection = step.selections.get(name) or step.other(name, self._around.decide)
        query = self._query(resource, columns_of([selection], None))
        values = [(handle,) for handle in dict.fromkeys(handles)]
        rows = await self._around.reader.lookup(query, ("_handle",), values)
        self._note(resource, rows)
        made = await self.made(selection, rows)
        typed = {TYPE: type_name(name)}
        return name, {str(row["_handle"]): planned | typed for row, planned in zip(rows, made, strict=True)}

    async def _subject(self, step: SubjectOf) -> object:
        """Counts, and pages of the records about the subject; NOT_GRANTED was said where nothing may be asked by it."""
        asked = self._bound.arguments[step.at.number]
        assert isinstance(asked, SubjectAsked)
        self.read.subjects.append(self._around.handles.subject(asked.kind, asked.id_type, asked.code))
        counts = await self._counts(asked) if step.counts else []
        pages = await _together([self._guarded(page.at, self._about(page, asked)) for page in step.pages])
        return {
            **dict.fromkeys(step.kinds, asked.kind),
            **dict.fromkeys(step.counts, counts),
            **dict.fromkeys(step.nulls),
            **{page.at.key: found for page, found in zip(step.pages, pages, strict=True)},
        }

    async def _counts(self, asked: SubjectAsked) -> list[SubjectResource]:
        open_to = subject_resources(self._around.snapshot, asked, self._around.decide)
        hashed = self._around.handles.subject(asked.kind, asked.id_type, asked.code)
        counts = await self._around.reader.about([self._query(resource, ()) for resource in open_to], hashed)
        self.read.counts.update({name: count for name, count in counts.items() if count})
        return [SubjectResource(resource=name, count=counts[name]) for name in sorted(counts) if counts[name]]

    async def _about(self, page: Many, asked: SubjectAsked) -> object:
        """A page of the records about the subject: refused where the client may not ask this resource by it."""
        if names(page.resource, asked) and not may_ask(page.resource, asked, self._around.decide):
            message = f"{page.resource.name} may not be asked by subjects of the kind {asked.kind}"
            raise HubError(Code.NOT_GRANTED, message, resource=page.resource.name)
        return await self._many(page, about(page.resource, asked))

    async def _follow(self, link: Link, rows: Sequence[Row], planned: Sequence[Planned]) -> None:
        """One link for all rows: fills its response key in each planned row."""
        parents = [self._parent(link, row) for row in rows]
        wanted = list(dict.fromkeys(parent for parent in parents if parent is not None))
        values = await self._guarded(link.at, self._followed(link, wanted))
        for parent, row in zip(parents, planned, strict=True):
            row[link.at.key] = None if values is None else values(parent)

    async def _followed(self, link: Link, parents: list[Key]) -> Following:
        if link.target.mode is Mode.LIVE:
            return await self._followed_live(link, parents)
        if link.selection is not None:
            return await self._followed_one(link, link.selection, parents)
        return await self._followed_many(link, parents)

    async def _followed_live(self, link: Link, parents: list[Key]) -> Following:
        assert link.selection is not None
        by = tuple(linked for _, linked in link.end.on)
        rule = both(self._around.decide(link.target.name).rows, link.end.target_when or TRUE)
        fetched = self._around.live.fetch(link.target, by, parents, rule) if parents else None
        found = self._told(link.at, await fetched) if fetched else {}
        flat = [row for rows in found.values() for row in rows]
        self._note(link.target, flat)
        made = iter(await self.made(link.selection, flat))
        lists = {parent: [next(made) for _ in rows] for parent, rows in found.items()}
        return lambda parent: lists.get(parent, []) if parent is not None else []

    def _told(self, at: At, answered: Answered) -> Found:
        """What the departments say; each that says nothing is a problem of the field, which is null if all are."""
        told = answered.refused if answered.found is not None else answered.refused[1:]
        self.read.problems += [Problem(at, error) for error in told]
        if answered.found is None:
            raise answered.refused[0]
        return answered.found

    async def _followed_one(self, link: Link, selection: Selection, parents: list[Key]) -> Following:
        by = tuple(linked for _, linked in link.end.on)
        query = self._query(link.target, (*columns_of([selection], None), *by), link.end.target_when or TRUE)
        pages = await self._around.reader.follow(query, by, parents, Page(1)) if parents else {}
        firsts = {parent: page.rows[0] for parent, page in pages.items() if page.rows}
        self._note(link.target, firsts.values())
        made = await self.made(selection, list(firsts.values()))
        found = dict(zip(firsts, made, strict=True))
        return lambda parent: found.get(parent) if parent is not None else None

    async def _followed_many(self, link: Link, parents: list[Key]) -> Following:
        assert link.shape is not None
        shape, paged = link.shape, self._bound.paged(link)
        by = tuple(linked for _, linked in link.end.on)
        rule = link.end.target_when or TRUE
        query = await self._paged_query(link.target, shape.selections, paged, rule, by)
        found, totals = await _both(
            self._around.reader.follow(query, by, parents, asked_page(paged.window)) if parents else None,
            self._around.reader.counts(query, by, parents) if parents and paged.totals else None,
        )
        pages = {parent: cut(paged.window, (found or {}).get(parent, NOTHING)) for parent in parents}
        flat = [row for page in pages.values() for row in page.rows]
        self._note(link.target, flat)
        made = [iter(await self.made(selection, flat)) for selection in shape.selections]
        connection = Connection(shape, link.target.name, paged, self._around.cursors)
        planned: dict[Key | None, Planned] = {}
        for parent, page in pages.items():
            own = [[next(part) for _ in page.rows] for part in made]
            planned[parent] = connection.planned(page, own, (totals or {}).get(parent, 0))
        nothing = connection.planned(NOTHING, [[] for _ in made], 0)
        return lambda parent: planned.get(parent, nothing)

    async def _remember(self, history: History, rows: Sequence[Row], planned: Sequence[Planned]) -> None:
        """The history of all rows: fills its response key in each planned row."""
        listed = await self._guarded(history.at, self._remembered(history, rows))
        for number, row in enumerate(planned):
            row[history.at.key] = None if listed is None else listed[number]

    async def _remembered(self, history: History, rows: Sequence[Row]) -> list[list[Planned]]:
        around, newest = self._around, self._bound.arguments[history.at.number]
        assert isinstance(newest, Newest)
        name = history.resource.name
        histories = Histories(around.log, around.feed_seal, around.snapshot, around.decide(name))
        listed = await histories.of(rows, newest.first)
        events = [event for changes in listed for event in changes]
        flat = [planned_change(history.fields, event) for event in events]
        records = [event.record for event in events if event.record is not None]
        self.read.past.setdefault(name, []).extend(records)
        for key, selection in history.records:
            made = iter(await self.made(selection, records))
            for change, event in zip(flat, events, strict=True):
                change[key] = None if event.record is None else next(made)
        each = iter(flat)
        return [[next(each) for _ in changes] for changes in listed]

    def _parent(self, link: Link, row: Row) -> Key | None:
        """The row's side of the link; None where it has none, or the link's condition does not hold for it."""
        if link.end.when is not None and not holds(link.end.when, row, self._around.now):
            return None
        values = tuple(row[own] for own, _ in link.end.on)
        return None if None in values else values

    def _keys(self, at: At) -> Keys:
        found = self._bound.arguments[at.number]
        assert isinstance(found, Keys)
        return found

    def _query(self, resource: Resource, columns: Iterable[str], where: Where = TRUE) -> Query:
        rule = both(self._around.decide(resource.name).rows, where)
        return Query(resource, rule, self._around.now, tuple(dict.fromkeys(columns)))

    async def _paged_query(
        self, resource: Resource, selections: Sequence[Selection], paged: Paged, rule: Where, by: Sequence[str] = ()
    ) -> Query:
        """The query of a connection: the client's row rule, its own condition and that of the link are one."""
        decision = self._around.decide(resource.name)
        condition = await self._links.resolve(resource.name, paged.where)
        names = tuple(item.name for item in searchable(resource))
        return Query(
            resource,
            both(decision.rows, rule, condition),
            self._around.now,
            tuple(dict.fromkeys((*columns_of(selections, paged), *by))),
            paged.order,
            Search(paged.search, searched(names, decision)) if paged.search is not None else None,
        )

    def _note(self, resource: Resource, rows: Iterable[Row]) -> None:
        """Remember what leaves: for quota and audit."""
        known = self.read.records.setdefault(resource.name, {})
        for row in rows:
            known[str(row["_handle"])] = row

    async def _guarded(self, at: At, work: Awaitable[T]) -> T | None:
        """The work's value; where it fails, null and a problem, and everything else goes on."""
        try:
            return await work
        except HubError as error:
            if error.code not in OWN_FIELD and not isinstance(error, DeadlineExceeded):
                raise
            self.read.problems.append(Problem(at, error))
            return None


def _firsts(found: Found) -> dict[Key, Row]:
    """Of several records with one key the one with the first handle."""
    return {key: min(rows, key=lambda row: str(row["_handle"])) for key, rows in found.items() if rows}


async def _together(work: Sequence[Awaitable[T]]) -> list[T]:
    """The values of all, side by side; one alone needs no task."""
    if len(work) == 1:
        return [await work[0]]
    return list(await asyncio.gather(*work))


async def _both(one: Awaitable[A] | None, other: Awaitable[B] | None) -> tuple[A | None, B | None]:
    if one is None or other is None:
        return (await one if one else None), (await other if other else None)
    return await asyncio.gather(one, other)
