"""A Source round any Source that keeps to its system's limits: deadline, repeats, rate, calls at a time, breaker.

Both walks call sources through it. What of it is about the system (breaker, rate, places) is one `Guard` a system and
process, shared by all its bindings. Only what changes nothing is repeated; a pull goes on from the last checkpoint that
it handed out. Clock, sleep and chance are passed in; the limits themselves are read by `connectors.limits`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from catalogue.model import Binding, System
from connectors.breaker import Breaker, Pace, Verdict
from connectors.limits import limits_of
from connectors.source import (
    BadRow,
    FileSource,
    Offer,
    Source,
    SourceBroken,
    SourceError,
    SourceFile,
    SourceMisconfigured,
    SourcePage,
    SourceRow,
    SourceTimeout,
    SourceUnavailable,
)

T = TypeVar("T")
Ask = Callable[[], Awaitable[T]]

#: Seconds before the first repeat, and before any: the longest that they grow to by doubling. Half of it is chance.
FIRST_BACKOFF = 0.2
LONGEST_BACKOFF = 10.0
#: Characters of one row; a longer one costs itself alone, and not the hub's memory in every step after.
LARGEST_ROW = 4 * 1024 * 1024
#: Seconds that closing waits for what is still running.
CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Time:
    """What waiting needs: seconds that only grow, a sleep, and a chance in [0, 1) that sets repeats apart."""

    elapsed: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]


class Refused(SourceUnavailable):
    """The hub did not ask: the system is left alone after failures, or as many calls as it may get are on their way."""


def backoff(repeat: int, chance: float) -> float:
    """Seconds before the repeat of that number (0 is the first): doubling, the upper half of it by chance."""
    most: float = min(FIRST_BACKOFF * 2 ** min(repeat, 20), LONGEST_BACKOFF)
    return most * (1 + chance) / 2


def verdict_of(error: SourceError) -> Verdict:
    """A system that says when to come back is there; one that answers what cannot be used, too."""
    return Verdict.BAD if error.retryable and error.retry_after is None else Verdict.UNSAID


class Guard:
    """The state of one system in this process, through which every call to it goes."""

    def __init__(self, system: System, time: Time) -> None:
        self.system = system
        self.limits = limits_of(system)
        self._time = time
        self._breaker = Breaker(self.limits.breaker_failures, self.limits.breaker_seconds)
        self._pace = Pace(self.limits.calls_per_second)
        self._places = asyncio.Semaphore(self.limits.calls_at_once)
        self._running: set[asyncio.Future[Any]] = set()

    async def call(self, seconds: float, ask: Ask[T], may_repeat: Callable[[], bool] = lambda: True) -> T:
        """What `ask` gives, asked again where that helps, all within so many seconds. Fails with SourceErrors only."""
        until, repeat = self._time.elapsed() + seconds, 0
        while True:
            try:
                return await self._once(until, ask)
            except SourceError as error:
                pause = self._pause(error, repeat, until)
                if pause is None or not may_repeat():
                    raise
            await self._time.sleep(pause)
            repeat += 1

    def _pause(self, error: SourceError, repeat: int, until: float) -> float | None:
        """How long to wait before asking again; None where that would not help or not be in time."""
        if not error.retryable or isinstance(error, Refused) or repeat >= self.limits.retries:
            return None
        pause = backoff(repeat, self._time.chance()) if error.retry_after is None else error.retry_after
        return pause if self._time.elapsed() + pause < until else None

    async def _once(self, until: float, ask: Ask[T]) -> T:
        """One call: a place, its turn, then the question; its verdict is the breaker's."""
        self._refuse_while_open()
        task = await self._started(until, ask)
        ticket, verdict = self._breaker.enter(self._time.elapsed()), Verdict.UNSAID
        try:
            result = await self._answer(until, task)
            verdict = Verdict.GOOD
        except SourceError as error:
            verdict = verdict_of(error)
            raise
        finally:
            self._breaker.leave(ticket, verdict, self._time.elapsed())
        return result

    async def _started(self, until: float, ask: Ask[T]) -> asyncio.Task[T]:
        """The question on its way. It keeps its place until it has ended, also where nobody waits for it any more."""
        await self._take_place(until)
        try:
            await self._await_turn(until)
            self._refuse_while_open()  # it may have opened meanwhile
        except BaseException:
            self._places.release()
            raise
        task = asyncio.ensure_future(_coroutine(ask))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Future[Any]) -> None:
        self._running.discard(task)
        self._places.release()
        if not task.cancelled():
            task.exception()  # seen, also where nobody waits for it any more

    async def _answer(self, until: float, task: asyncio.Task[T]) -> T:
        """What the task gives. Where it is late it is cancelled and left behind: it may be slow to heed even that."""
        name = self.system.name
        try:
            await asyncio.wait((task,), timeout=max(until - self._time.elapsed(), 0))
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not task.done():
            task.cancel()
            raise SourceTimeout(name, f"{self.system.title} did not answer in time")
        if task.cancelled():
            raise SourceBroken(name, "the connector gave up by itself")
        try:
            return task.result()
        except SourceError:
            raise
        except TimeoutError as error:
            raise SourceTimeout(name, f"{self.system.title} did not answer in time") from error
        except Exception as error:  # isolation: a fault of one connector is the fault of that source alone
            raise SourceBroken(name, f"the connector failed: {type(error).__name__}: {error}") from error

    def _refuse_while_open(self) -> None:
        wait = self._breaker.wait(self._time.elapsed())
        if wait is not None:
            message = "it failed several times in a row and is left alone for a while"
            raise Refused(self.system.name, message, retry_after=round(wait, 3))

    async def _take_place(self, until: float) -> None:
        try:
            async with asyncio.timeout(max(until - self._time.elapsed(), 0)):
                await self._places.acquire()
        except TimeoutError as error:
            message = f"{self.limits.calls_at_once} calls to it are on their way and none has ended in time"
            raise Refused(self.system.name, message) from error

    async def _await_turn(self, until: float) -> None:
        now = self._time.elapsed()
        turn = self._pace.turn(now, until)
        if turn is None:
            message = f"it is asked no more than {self.limits.calls_per_second:g} times a second"
            raise Refused(self.system.name, message, retry_after=round(self._pace.free_at - now, 3))
        if turn:
            await self._time.sleep(turn)


async def _coroutine(ask: Ask[T]) -> T:
    return await ask()


class Guards:
    """The guards of one process. A system whose entry in the catalogue changed gets a new one."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self._guards: dict[str, Guard] = {}

    def of(self, system: System) -> Guard:
        """The system's guard; SourceMisconfigured where its limits cannot be used."""
        found = self._guards.get(system.name)
        if found is None or found.system != system:
            found = self._guards[system.name] = Guard(system, self._time)
        return found

    def guarded(self, source: Source, system: System, binding: Binding) -> GuardedSource:
        """The source with its system's limits kept; it is closed with it."""
        return GuardedSource(source, self.of(system), always_resumes=not binding.complete)


class GuardedSource:
    """A Source that keeps to the limits of its system; whoever uses it knows of none.

    Without `always_resumes` only a read from the beginning goes on from a checkpoint within itself: behind the others
    a source may send rows once more, which in a list of everything would count as keys that stand twice.
    """

    def __init__(self, source: Source, guard: Guard, *, always_resumes: bool) -> None:
        self._source, self._guard, self._always_resumes = source, guard, always_resumes
        self._running: set[asyncio.Task[Any]] = set()

    async def check(self) -> None:
        """The source's `check`, within the seconds of a page."""
        await self._call(self._guard.limits.page_seconds, self._source.check)

    async def shape(self) -> tuple[str, ...]:
        """The source's `shape`, within the seconds of a page."""
        return await self._call(self._guard.limits.page_seconds, self._source.shape)

    async def discover(self) -> tuple[Offer, ...]:
        """The source's `discover`, within the seconds of a page."""
        return await self._call(self._guard.limits.page_seconds, self._source.discover)

    async def pull(self, cursor: str | None) -> AsyncGenerator[SourcePage, None]:
        """The source's pages, each within the seconds of a page; read on where the stream broke and can be read on."""
        stream = _Stream(self._source, cursor, self._always_resumes or cursor is None)
        try:
            while (page := await self._page(stream)) is not None:
                yield _bounded(page)
        finally:
            await stream.close()

    async def fetch(self, by: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> list[SourceRow]:
        """The source's `fetch`, within the system's deadline."""
        rows = await self._call(self._guard.limits.deadline, partial(self._source.fetch, by, values))
        if any(_is_too_large(row.values) for row in rows):
            raise SourceBroken(self._guard.system.name, f"a row has more than {LARGEST_ROW} characters")
        return rows

    @asynccontextmanager
    async def file(self, reference: str) -> AsyncIterator[SourceFile]:
        """The source's file, opened within the system's deadline; whoever reads it keeps time for its parts."""
        source = self._source
        if not isinstance(source, FileSource):
            raise SourceMisconfigured(self._guard.system.name, "it gives no files")
        opening, file = await self._call(self._guard.limits.deadline, partial(_opened, source, reference))
        try:
            yield file
        finally:
            await opening.__aexit__(None, None, None)

    async def close(self) -> None:
        """Wait a little for calls on their way, then close the source, in its own time where that takes long."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=CLOSE_SECONDS)
        closing = asyncio.ensure_future(self._source.close())
        await asyncio.wait((closing,), timeout=CLOSE_SECONDS)
        if closing.done():
            closing.result()

    async def _page(self, stream: _Stream) -> SourcePage | None:
        return await self._call(self._guard.limits.page_seconds, stream.next, lambda: stream.resumable)

    async def _call(self, seconds: float, ask: Ask[T], may_repeat: Callable[[], bool] = lambda: True) -> T:
        return await self._guard.call(seconds, partial(self._watched, ask), may_repeat)

    async def _watched(self, ask: Ask[T]) -> T:
        """The question, as one of those that closing waits for. The guard runs it in a task of its own."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            return await ask()
        finally:
            self._running.discard(task)


async def _opened(source: FileSource, reference: str) -> tuple[AbstractAsyncContextManager[SourceFile], SourceFile]:
    """The file with what closes it again."""
    opening = source.file(reference)
    return opening, await opening.__aenter__()


class _Stream:
    """The pages of one pull, opened again at the last checkpoint where they broke off."""

    def __init__(self, source: Source, cursor: str | None, resumes: bool) -> None:
        self._source, self._place, self._resumes = source, cursor, resumes
        self._pages: AsyncIterator[SourcePage] | None = None
        self.resumable = True

    async def next(self) -> SourcePage | None:
        """The next page. Pages that failed or were cancelled on their way are not asked again: theirs is over."""
        pages = self._pages or self._source.pull(self._place)
        self._pages = None
        page = await anext(pages, None)
        self._pages = pages
        if page is not None:
            self._place, self.resumable = page.cursor, self._resumes and page.cursor is not None
        return page

    async def close(self) -> None:
        """End pages that were not read to their end, so that files and cursors are given back now."""
        close: Callable[[], Coroutine[Any, Any, None]] | None = getattr(self._pages, "aclose", None)
        if close is not None:
            await close()


def _bounded(page: SourcePage) -> SourcePage:
    """The page without rows that are too large; each is told of in its place."""
    if not any(isinstance(row, SourceRow) and _is_too_large(row.values) for row in page.rows):
        return page
    return replace(page, rows=tuple(_row(row) for row in page.rows))


def _row(row: SourceRow | BadRow) -> SourceRow | BadRow:
    if isinstance(row, BadRow) or not _is_too_large(row.values):
        return row
    return BadRow(row.position, f"the row has more than {LARGEST_ROW} characters", "")


def _is_too_large(values: Mapping[str, object]) -> bool:
    return sum([len(value) for value in values.values() if isinstance(value, str | bytes)]) > LARGEST_ROW
