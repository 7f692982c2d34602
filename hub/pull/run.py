"""Walk 2, a change: from a department's page of rows to committed changes. It reads top-down, a line a step.

     1 hold the binding    2 begin the run   3 open the source, see its shape   4 fetch a page   5 map it
     6 lease the resource  7 recover         8 compare      9 quarantine       10 moments
    11 log (a)            12 commit (b)     13 apply (c)   14 applied (d)      15 release
    16 delete what a complete read did not list            17 end

Fetching and mapping hold no lease of the resource. A binding that lists everything moves its checkpoint at the end of a
read, since only a read from one beginning proves what is missing; one that sends changes moves it page by page. A dry
run goes the same way without a lease and writes nothing.
"""

from __future__ import annotations

import resource as process
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, nullcontext
from dataclasses import replace

from catalogue.model import Binding
from catalogue.rules import stored_time
from catalogue.snapshot import Snapshot
from connectors.source import (
    Source,
    SourceBroken,
    SourceError,
    SourceMisconfigured,
    SourcePage,
    SourceShapeChanged,
    SourceTimeout,
    SourceUnavailable,
)
from hub.control.ports import BindingState, Run
from hub.errors import Fenced
from hub.pull.guards import DRIFT, drift_verdict, stopped_by_drift
from hub.pull.health import note
from hub.pull.images import Imager
from hub.pull.leases import Busy, Hold, Overtaken, held
from hub.pull.missing import Guarded, delete_missing
from hub.pull.model import PullOptions, Step, Worker
from hub.pull.page import write_page
from hub.pull.protocol import Batch
from hub.pull.report import Outcome, Tally
from hub.pull.seen import Seen
from hub.pull.walk import Walk
from hub.records.joins import joined

_OUTCOMES: Mapping[type[SourceError], Outcome] = {
    SourceUnavailable: Outcome.UNAVAILABLE,
    SourceTimeout: Outcome.UNAVAILABLE,
    SourceMisconfigured: Outcome.MISCONFIGURED,
    SourceShapeChanged: Outcome.DRIFTED,
    SourceBroken: Outcome.BROKEN,
}
_READ = frozenset({Outcome.DONE, Outcome.GUARDED})


class Paused(Exception):
    """A person paused the binding; the message is the reason given."""


async def pull(worker: Worker, snapshot: Snapshot, binding: Binding, options: PullOptions) -> Tally:
    """Pull one binding of a synced resource. What is wrong with its source stands in the tally's outcome and message.

    StoreUnavailable where the hub's own store fails: what was committed stands, and the next pull goes on from there.
    """
    tally, began = Tally(binding.name, binding.resource, options.dry_run), worker.elapsed()
    try:
        async with _walk(worker, snapshot, binding, options, tally) as walk:  # 1
            await worker.step(Step.BEGIN, _begin, walk)  # 2
            last = await _read(walk)  # 3 to 16
            _measure(tally, worker.elapsed() - began)
            await worker.step(Step.END, _end, walk, last)  # 17
    except Busy as error:
        tally.ended(Outcome.BUSY, str(error), retryable=True)
    except Paused as error:
        tally.ended(Outcome.PAUSED, str(error))
    except Overtaken as error:
        tally.ended(Outcome.OVERTAKEN, str(error), retryable=True)
    _measure(tally, worker.elapsed() - began)
    return tally


@asynccontextmanager
async def _walk(
    worker: Worker, snapshot: Snapshot, binding: Binding, options: PullOptions, tally: Tally
) -> AsyncIterator[Walk]:
    """Step 1: the binding held until the pull ends; a dry run holds nothing."""
    holding: AbstractAsyncContextManager[Hold | None] = nullcontext() if options.dry_run else held(worker, binding.name)
    with closing(Seen()) as seen:
        async with holding as hold:
            at, state = stored_time(worker.clock()), BindingState(binding.name)
            yield Walk(worker, snapshot, binding, options, tally, seen, state, at, hold)


async def _begin(walk: Walk) -> None:
    """Step 2: where the binding stands, room for its resource, and a run in the ledger."""
    stores, binding = walk.worker.stores, walk.binding
    walk.state = await stores.ledger.binding(binding.name)
    if walk.state.paused and not stopped_by_drift(walk.state):
        raise Paused(walk.state.paused)
    # Asked for, needed to prove what is missing, or the first time.
    walk.whole = walk.options.full or walk.options.allow_delete or walk.state.checkpoint is None
    if walk.hold is not None:
        await _make_room(walk)
        walk.tally.run = f"{binding.name}:{walk.hold.lease.fence}"
        await stores.ledger.start(_run(walk))


async def _make_room(walk: Walk) -> None:
    """Before a pull and after it: indexes wait until there are records."""
    await walk.worker.stores.writer.prepare(walk.resource, joined(walk.snapshot, walk.resource.name))


async def _read(walk: Walk) -> SourcePage | None:
    """Steps 3 to 16, and how they ended. The last page where the source was read to its end."""
    try:
        last = await _pages(walk)  # 3 to 15
        if last and last.complete and walk.binding.complete:
            await walk.worker.step(Step.MISSING, delete_missing, walk)  # 16
    except SourceError as error:
        outcome = next((o for kind, o in _OUTCOMES.items() if isinstance(error, kind)), Outcome.BROKEN)
        walk.tally.ended(outcome, f"{error.source}: {error}", retryable=error.retryable)
        walk.tally.retry_after, walk.failure = error.retry_after or 0.0, error
    except Guarded as verdict:
        walk.tally.ended(Outcome.GUARDED, str(verdict))
    except (Busy, Fenced) as error:
        walk.tally.ended(Outcome.BUSY, str(error), retryable=True)
    else:
        walk.tally.ended(Outcome.DONE)
        return last
    return None


async def _pages(walk: Walk) -> SourcePage | None:
    """Steps 3 to 15, page by page; the last page."""
    last = None
    codes = walk.snapshot.catalogue.code_lists
    imager = Imager(walk.resource, walk.binding, codes, walk.worker.stores.handles)
    async with _source(walk, walk.binding) as source:
        await walk.worker.step(Step.OPEN, _check, walk, source)  # 3
        pages = source.pull(None if walk.whole else walk.state.checkpoint)
        try:
            while (page := await walk.worker.step(Step.FETCH, _next, pages)) is not None:  # 4
                await write_page(walk, imager, page)  # 5 to 15
                last = page
        finally:
            await _closed(pages)
    return last


@asynccontextmanager
async def _source(walk: Walk, binding: Binding) -> AsyncIterator[Source]:
    """A source opened for the binding, and given back."""
    source = walk.worker.stores.open_source(walk.snapshot.catalogue.systems[binding.system], binding)
    try:
        yield source
    finally:
        await source.close()


async def _check(walk: Walk, source: Source) -> None:
    """Step 3: the source answers, and its shape is the accepted one; on the first pull, whatever it is."""
    shape = await _shape(walk, source)
    if drift := drift_verdict(walk.state.shape, shape):
        raise SourceShapeChanged(walk.binding.system, drift)
    await source.check()
    walk.state = replace(walk.state, shape=shape)


async def _shape(walk: Walk, source: Source) -> tuple[str, ...]:
    """The source's columns. A source may refuse to name them while one that the binding reads is gone: that is drift
    where all were there before, so it is asked again without naming any.
    """
    try:
        return await source.shape()
    except SourceMisconfigured:
        if not walk.state.shape:
            raise
        async with _source(walk, replace(walk.binding, columns=())) as free:
            shape = await free.shape()
        if drift_verdict(walk.state.shape, shape) is None:
            raise
        return shape


async def _next(pages: AsyncIterator[SourcePage]) -> SourcePage | None:
    return await anext(pages, None)


async def _closed(pages: AsyncIterator[SourcePage]) -> None:
    """End a generator that was not read to its end, so that its files and cursors are given back now."""
    close = getattr(pages, "aclose", None)
    if close is not None:
        await close()


async def _end(walk: Walk, last: SourcePage | None) -> None:
    """Step 17: what is known of system and binding, then the place, then the run: killed between, it is read again."""
    if walk.hold is None:
        return
    stores = walk.worker.stores
    await _make_room(walk)
    await walk.hold.confirm()
    if walk.failure is not None or walk.tally.outcome in _READ:
        await note(walk.worker, walk.binding.system, walk.failure)
    await stores.ledger.save_binding(_state(walk, last))
    if last is not None and walk.binding.complete and (place := walk.place(last.cursor)):
        await walk.put(Batch(place=place))
    await stores.ledger.finish(replace(_run(walk), ended=stored_time(walk.worker.clock())))


def _state(walk: Walk, last: SourcePage | None) -> BindingState:
    """The binding's state after the pull."""
    tally, state = walk.tally, walk.state
    success = walk.at if tally.outcome in _READ else state.last_success
    if tally.outcome is Outcome.DRIFTED:
        return replace(state, last_error=tally.message, paused=DRIFT + tally.message)
    if tally.outcome is not Outcome.DONE:
        return replace(state, last_success=success, last_error=tally.message)
    state = replace(state, last_success=success, last_error=None, paused=None)
    whole = last is not None and last.complete and walk.binding.complete
    return replace(state, last_full=walk.at, cleared=tally.run) if whole else state


def _run(walk: Walk) -> Run:
    tally = walk.tally
    outcome = tally.outcome.value if tally.outcome else "running"
    return Run(
        tally.run, walk.binding.name, walk.at, walk.whole, None, outcome, tally.counts(), tally.message
    )  # fmt: skip


def _measure(tally: Tally, seconds: float) -> None:
    """Time and memory of the whole process so far (Linux counts kilobytes)."""
    tally.seconds = seconds
    tally.peak_mib = process.getrusage(process.RUSAGE_SELF).ru_maxrss // 1024
