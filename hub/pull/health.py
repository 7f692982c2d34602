"""How departments' systems do, as pulls find out on their way and probes of live systems on theirs, for `/status`.

The puller probes every system that feeds a live resource, since nothing is pulled from it; walk 2 (a change) tells what
it met in step 17. A word says how the system does, not how one binding of it stands: that is the binding's own state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from catalogue.model import Binding, Mode
from catalogue.rules import stored_time
from catalogue.snapshot import Snapshot
from connectors.resilience import Refused
from connectors.source import SourceError, SourceShapeChanged, SourceTimeout
from hub.control.ports import Condition
from hub.observe import Event, emit
from hub.pull.model import Worker

#: Seconds between two probes of one system, and those that one may take.
PROBE_EVERY = 30.0
PROBE_SECONDS = 10.0


def condition_of(error: SourceError | None) -> Condition:
    """What an error says of its system; None and a shape that changed come from one that answers as it should."""
    if error is None or isinstance(error, SourceShapeChanged):
        return Condition.UP
    if isinstance(error, SourceTimeout) or error.retry_after is not None:
        return Condition.LATE
    return Condition.DOWN if error.retryable else Condition.FAULTY


async def note(worker: Worker, system: str, error: SourceError | None) -> None:
    """Keep what was found out now; where the hub refused to ask, nothing was."""
    if isinstance(error, Refused):
        return
    condition = condition_of(error)
    why = "" if condition is Condition.UP else type(error).__name__
    if await worker.stores.systems.note_system(system, condition, why, stored_time(worker.clock())):
        if why:
            emit(Event.SOURCE_DOWN, source=system, condition=condition.value, error=why)
        else:
            emit(Event.SOURCE_UP, source=system)


def probed(snapshot: Snapshot) -> Iterator[Binding]:
    """One binding of every system that feeds a live resource: the first."""
    seen: set[str] = set()
    for binding in snapshot.catalogue.bindings.values():
        if snapshot.resource(binding.resource).mode is Mode.LIVE and binding.system not in seen:
            seen.add(binding.system)
            yield binding


async def probe(worker: Worker, snapshot: Snapshot, binding: Binding) -> None:
    """Reach the binding's system once and note how it does."""
    error: SourceError | None = None
    try:
        await _checked(worker, snapshot, binding)
    except SourceError as raised:
        error = raised
    except TimeoutError:
        error = SourceTimeout(binding.system, f"the probe got no answer within {PROBE_SECONDS:g} s")
    await note(worker, binding.system, error)


async def _checked(worker: Worker, snapshot: Snapshot, binding: Binding) -> None:
    source = worker.stores.open_source(snapshot.catalogue.systems[binding.system], binding)
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await source.check()
    finally:
        await source.close()
