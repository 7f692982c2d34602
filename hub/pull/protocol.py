"""The change protocol: one batch under one lease, in four separate commits. Steps 6 to 15 of walk 2 (a change).

(a) the changes are appended to the log under the lease's fence, (b) control checks the fence and moves watermark,
checkpoint and moment mark, (c) the committed changes are applied to the records, (d) `applied` moves. A new lease first
applies what was committed and not applied, and only then reads the difference. A lost lease, and a commit whose outcome
is unknown, begin the batch again from there. Pulls, deletions, marks and the clock all write through `write`; nothing
else writes records. `tests/hub/pull/protocol_model.py` is the protocol as a model that holds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from catalogue.model import Resource
from catalogue.rules import instant, stored_time
from hub.control.ports import Commit, Lease, ResourceState
from hub.errors import Fenced, StoreUnavailable
from hub.pull import moments
from hub.pull.difference import Difference, Draft
from hub.pull.leases import leased
from hub.pull.model import Step, Worker
from hub.records.model import Change, Image, Operation

ATTEMPTS = 5
CHUNK = 500


class CommitUnknown(StoreUnavailable):
    """Step (b) may or may not have happened: read the state again before anything else."""


class LogDamaged(Exception):
    """A committed change is not in the log: a person must restore the store."""


async def _free() -> None:
    """What a writer without a binding has to confirm."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One resource that a worker writes, under a name of its own for the lease.

    `confirm` raises where what is to be written was read under a right that was lost since.
    """

    worker: Worker
    resource: Resource
    holder: str
    confirm: Callable[[], Awaitable[None]] = _free


@dataclass(frozen=True, slots=True)
class Place:
    """A binding's checkpoint, moved in the same commit as the changes that lie before it."""

    binding: str
    checkpoint: str | None


async def _nothing(_: Mapping[str, Image]) -> Difference:
    """What a batch without records comes to."""
    return Difference()


@dataclass(frozen=True, slots=True)
class Batch:
    """A few hundred records, and how they are judged against what is stored of them. `judge` may be asked again.

    `passes_time` is true of the clock's own batch, which holds no records and passes whatever moments are due.
    """

    handles: Sequence[str] = ()
    judge: Callable[[Mapping[str, Image]], Awaitable[Difference]] = _nothing
    place: Place | None = None
    passes_time: bool = False


#: What the clock writes: nothing but the moments that are due, after what a dead writer left.
CLOCK = Batch(passes_time=True)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch, and how many moments were passed on the way."""

    difference: Difference
    moments: int


async def write(desk: Desk, batch: Batch) -> Written:
    """Write one batch, after finishing what a dead writer left.

    Fenced or StoreUnavailable where it could not be done in several attempts; Busy where the lease was not to be had;
    whatever the desk's `confirm` raises.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with leased(desk.worker, desk.resource.name, desk.holder) as lease:
                return await _under(desk, lease, batch)
        except (Fenced, CommitUnknown):
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _under(desk: Desk, lease: Lease, batch: Batch) -> Written:
    step = desk.worker.step
    await desk.confirm()
    state = await step(Step.RECOVER, _recover, desk, lease)
    now = _not_before(state.moments_until, desk.worker.clock())
    found = await _judged(desk, batch)
    passed = await step(Step.MOMENTS, _pass_moments, _Pass(desk, lease, state, now), batch, found)
    if passed is not state:
        found = await _judged(desk, batch)
    changes = numbered(found.drafts, desk.resource.name, lease, passed, now)
    await _write(desk, lease, _commit(desk, passed, changes, batch.place, now), changes)
    return Written(found, passed.watermark - state.watermark)


async def _judged(desk: Desk, batch: Batch) -> Difference:
    if not batch.handles:
        return await batch.judge({})
    stored = await desk.worker.step(Step.COMPARE, desk.worker.stores.writer.images, desk.resource, batch.handles)
    return await desk.worker.step(Step.QUARANTINE, batch.judge, stored)


async def _write(desk: Desk, lease: Lease, commit: Commit | None, changes: Sequence[Change]) -> None:
    """The four commits; a batch that changes nothing and moves nothing makes none."""
    step, stores = desk.worker.step, desk.worker.stores
    if commit is None:
        return
    if changes:
        await step(Step.LOG, stores.log.append, changes)
    await step(Step.COMMIT, _committed, desk, lease, commit)
    if changes:
        await step(Step.APPLY, stores.writer.apply, desk.resource, changes)
        await step(Step.APPLIED, stores.control.applied, lease, commit.watermark)


def _commit(
    desk: Desk, state: ResourceState, changes: Sequence[Change], place: Place | None, now: datetime
) -> Commit | None:
    """Step (b) of the batch, or None where there is nothing to commit."""
    if not changes and place is None:
        return None
    first = state.moments_until is None and bool(moments.points(desk.resource))
    until = stored_time(now) if first else None
    binding, checkpoint = (place.binding, place.checkpoint) if place else (None, None)
    return Commit(changes[-1].seq if changes else state.watermark, binding, checkpoint, until)


async def _committed(desk: Desk, lease: Lease, commit: Commit) -> None:
    try:
        await desk.worker.stores.control.commit(lease, commit)
    except StoreUnavailable as error:
        raise CommitUnknown(error.message) from error


async def _recover(desk: Desk, lease: Lease) -> ResourceState:
    """Apply (applied, watermark] from the log: what a writer committed and did not live to apply."""
    stores, name = desk.worker.stores, desk.resource.name
    state = await stores.control.state(name)
    done = state.applied
    while done < state.watermark:
        changes = await stores.log.read(name, state.epoch, done, state.watermark, CHUNK)
        if not changes:
            raise LogDamaged(f"{name}: change {done + 1} of epoch {state.epoch} is committed, but not in the log")
        await stores.writer.apply(desk.resource, changes)
        done = changes[-1].seq
        await stores.control.renew(lease, desk.worker.lease_seconds)
    if state.applied < state.watermark:
        await stores.control.applied(lease, state.watermark)
    return replace(state, applied=state.watermark)


@dataclass(frozen=True, slots=True)
class _Pass:
    """Time passing over one resource, from its mark to now."""

    desk: Desk
    lease: Lease
    state: ResourceState
    now: datetime


async def _pass_moments(passing: _Pass, batch: Batch, found: Difference) -> ResourceState:
    """Step 10. A batch that is not the clock's passes moments only if it touches a record that has one now.

    So a record's moment comes before what happened to it later, and none comes that was past when it was made.
    """
    mark = passing.state.moments_until
    windows = moments.passed(passing.desk.resource, mark, passing.now) if mark else ()
    if windows and (batch.passes_time or moments.touches(windows, found.drafts)):
        return await _emit_moments(passing, windows)
    return passing.state


async def _emit_moments(passing: _Pass, windows: Sequence[moments.Window]) -> ResourceState:
    """Every moment in (mark, now] under one commit, however many: append in pieces, commit, apply from the log."""
    desk, state, now = passing.desk, passing.state, passing.now
    stores, rule = desk.worker.stores, moments.due_rule(windows)
    last, reached = "", state
    while images := await stores.writer.due(desk.resource, rule, last, CHUNK):
        drafts = [draft for image in images for draft in moments.reached_by(windows, image)]
        await stores.log.append(numbered(drafts, desk.resource.name, passing.lease, reached, now))
        await stores.control.renew(passing.lease, desk.worker.lease_seconds)
        last, reached = images[-1].handle, replace(reached, watermark=reached.watermark + len(drafts))
    await _committed(desk, passing.lease, Commit(reached.watermark, moments_until=stored_time(now)))
    return await _recover(desk, passing.lease)


def numbered(drafts: Sequence[Draft], resource: str, lease: Lease, state: ResourceState, now: datetime) -> list[Change]:
    """Drafts as changes, numbered from the watermark on."""
    at = stored_time(now)
    return [
        Change(
            resource, state.epoch, seq, lease.fence, draft.handle, draft.operation, draft.at or at, draft.before,
            draft.after, draft.moment,
        )
        for seq, draft in enumerate(drafts, state.watermark + 1)
    ]  # fmt: skip


async def has_work(desk: Desk, state: ResourceState) -> bool:
    """Whether writing `CLOCK` would do anything: an unapplied commit, or a moment that is due. Takes no lease."""
    if state.applied < state.watermark:
        return True
    mark = state.moments_until
    windows = moments.passed(desk.resource, mark, _not_before(mark, desk.worker.clock())) if mark else ()
    return bool(windows) and bool(await desk.worker.stores.writer.due(desk.resource, moments.due_rule(windows), "", 1))


def _not_before(mark: str | None, now: datetime) -> datetime:
    """The later of the clock and the mark: time does not run backwards for a resource."""
    return max(now, instant(mark)) if mark else now


def counted(written: Written) -> Mapping[Operation, int]:
    """How many changes of each operation a batch came to, moments included."""
    counts: dict[Operation, int] = {}
    for draft in written.difference.drafts:
        counts[draft.operation] = counts.get(draft.operation, 0) + 1
    return {**counts, Operation.MOMENT: written.moments} if written.moments else counts
