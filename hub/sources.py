"""The departments' systems that this process talks to: the one place that holds opened sources and their breakers.

The live step of walk 1 (a question) asks sources that are kept open here for as long as the catalogue has the binding
as it was when they were opened; walk 2 (a change) opens its own here, under the same guards. Nothing is opened before
it is first asked. What limits a system is `connectors.resilience`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from catalogue.model import Binding, Mode, System
from catalogue.snapshot import Snapshot
from connectors.resilience import Guards, Time
from connectors.source import Offer, Source, SourceError, SourceMisconfigured, SourcePage, SourceRow
from hub.observe import Event, emit

T = TypeVar("T")
OpenSource = Callable[[System, Binding], Source]


class Sources:
    """The sources of one process. `open_source` opens one and resolves its secrets; it connects to nothing."""

    def __init__(self, open_source: OpenSource, time: Time) -> None:
        self._open_source = open_source
        self._guards = Guards(time)
        self._kept: dict[str, _Bound] = {}
        self._version = 0
        self._closing: set[asyncio.Task[None]] = set()
        self._warming: set[asyncio.Task[None]] = set()

    async def warm(self, snapshot: Snapshot, seconds: float) -> None:
        """Ask every live source whether it is there, so that no question pays for loading libraries and descriptions.

        Returns after `seconds` at the latest; what is not done by then goes on beside the first questions.
        """
        live = [b for b in snapshot.catalogue.bindings.values() if snapshot.resource(b.resource).mode is Mode.LIVE]
        self._warming = {asyncio.create_task(self._warmed(snapshot, binding)) for binding in live}
        if self._warming:
            await asyncio.wait(self._warming, timeout=seconds)

    async def _warmed(self, snapshot: Snapshot, binding: Binding) -> None:
        system = snapshot.catalogue.systems[binding.system]
        try:
            opened = await asyncio.to_thread(self._open_source, system, binding)  # imports the connector off the loop
            await opened.close()
            await self.of(snapshot, binding).check()
        except SourceError as error:
            emit(Event.SOURCE_FAILED, source=system.name, binding=binding.name, error=type(error).__name__)

    def open(self, system: System, binding: Binding) -> Source:
        """A source of the caller's own, to be closed by it: for pulls and probes."""
        return self._guards.guarded(self._open_source(system, binding), system, binding)

    def of(self, snapshot: Snapshot, binding: Binding) -> Source:
        """The source that is kept for the binding, not to be closed by the caller.

        SourceMisconfigured where its system's limits cannot be used; what else is wrong with it shows when it is asked.
        """
        self.follow(snapshot)
        system = snapshot.catalogue.systems[binding.system]
        kept = self._kept.get(binding.name)
        if kept is not None and kept.system == system and kept.binding == binding:
            return kept.source
        opened = Kept(partial(self._open_source, system, binding))
        bound = _Bound(system, binding, self._guards.guarded(opened, system, binding))
        if snapshot.version < self._version:  # a question that began before the catalogue changed
            opened.retire()
        else:
            self._kept[binding.name] = bound
        return bound.source

    def follow(self, snapshot: Snapshot) -> None:
        """Close what the catalogue no longer has as it was opened; calls on their way end undisturbed."""
        if snapshot.version <= self._version:
            return
        self._version = snapshot.version
        for name, bound in list(self._kept.items()):
            if not bound.stands_in(snapshot):
                del self._kept[name]
                self._close(bound)

    async def close(self) -> None:
        """Close everything that is open."""
        for task in self._warming:
            task.cancel()
        for bound in self._kept.values():
            self._close(bound)
        self._kept.clear()
        while self._closing:
            await asyncio.wait(set(self._closing))
            await asyncio.sleep(0)  # let them leave the set

    def _close(self, bound: _Bound) -> None:
        task = asyncio.create_task(_closed(bound))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A kept source with the entries that it was opened for."""

    system: System
    binding: Binding
    source: Source

    def stands_in(self, snapshot: Snapshot) -> bool:
        entries = snapshot.catalogue
        return (
            entries.bindings.get(self.binding.name) == self.binding
            and entries.systems.get(self.system.name) == self.system
        )


async def _closed(bound: _Bound) -> None:
    try:
        await bound.source.close()
    except Exception as error:  # noqa: BLE001  # isolation: one source that cannot be closed is not the others' fault
        emit(Event.SOURCE_FAILED, source=bound.system.name, binding=bound.binding.name, error=type(error).__name__)


@dataclass(slots=True, eq=False)
class _Opened:
    """One opened source: how many wait for it, and whether it closes with the last of them."""

    source: Source
    waiting: int = 0
    retired: bool = False


class Kept:
    """A Source that is opened when first asked, and again, its secrets read anew, where it calls itself misconfigured.

    Credentials that changed are taken up so, once a call: one that fails freshly opened needs a person. It serves
    questions; a pull opens its own.
    """

    def __init__(self, open_source: Callable[[], Source]) -> None:
        self._open_source = open_source
        self._now: _Opened | None = None
        self._retired = False

    async def check(self) -> None:
        """The source's `check`."""
        await self._ask(lambda source: source.check())

    async def shape(self) -> tuple[str, ...]:
        """The source's `shape`."""
        return await self._ask(lambda source: source.shape())

    async def discover(self) -> tuple[Offer, ...]:
        """The source's `discover`."""
        return await self._ask(lambda source: source.discover())

    async def pull(self, cursor: str | None) -> AsyncIterator[SourcePage]:
        """The source's pages, from one source to the end."""
        opened = self._opened()
        opened.waiting += 1
        try:
            async for page in opened.source.pull(cursor):
                yield page
        finally:
            await _given_back(opened)

    async def fetch(self, by: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> list[SourceRow]:
        """The source's `fetch`."""
        return await self._ask(lambda source: source.fetch(by, values))

    def retire(self) -> None:
        """From now on close what is opened as soon as nobody waits for it."""
        self._retired = True

    async def close(self) -> None:
        """Retire, and close what nobody waits for."""
        self.retire()
        if self._now is not None:
            await self._give_up(self._now)

    async def _ask(self, question: Callable[[Source], Awaitable[T]]) -> T:
        fresh = self._now is None
        try:
            return await self._once(question)
        except SourceMisconfigured:
            if fresh:
                raise
        return await self._once(question)

    async def _once(self, question: Callable[[Source], Awaitable[T]]) -> T:
        opened = self._opened()
        try:
            return await _asked(opened, question)
        except SourceMisconfigured:
            await self._give_up(opened)
            raise

    def _opened(self) -> _Opened:
        if self._now is not None:
            return self._now
        opened = _Opened(self._open_source(), retired=self._retired)
        self._now = None if self._retired else opened
        return opened

    async def _give_up(self, opened: _Opened) -> None:
        """Ask this one no more; it is closed by whoever is the last to wait for it."""
        if self._now is opened:
            self._now = None
        if not opened.retired:
            opened.retired = True
            if not opened.waiting:
                await opened.source.close()


async def _asked(opened: _Opened, question: Callable[[Source], Awaitable[T]]) -> T:
    opened.waiting += 1
    try:
        return await question(opened.source)
    finally:
        await _given_back(opened)


async def _given_back(opened: _Opened) -> None:
    opened.waiting -= 1
    if opened.retired and not opened.waiting:
        await opened.source.close()
