"""The hub's own marks (标记): dispute, correction, repair, end of publication. A change like any other of walk 2.

A mark overrides items of one record, under the same lease, sequence and protocol as every pull. It wins until the
source sends its value, or a person closes it. Who said so and why stands in the ledger as a run of `hub:marks`. Whether
that person may is asked before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from catalogue.canonical import canonical
from catalogue.model import Resource
from catalogue.rules import Value, stored_time
from hub.control.ports import Run
from hub.errors import Code, HubError
from hub.pull.difference import Difference, Draft, marked, unmarked
from hub.pull.leases import Hold, held
from hub.pull.model import Worker
from hub.pull.protocol import Batch, Desk, write
from hub.records.model import Image, Operation

MARKS = "hub:marks"


class MarkKind(StrEnum):
    """Why a record is marked; `closed` is a person's word that earlier marks end."""

    DISPUTE = "dispute"
    CORRECTION = "correction"
    REPAIR = "repair"
    END_OF_PUBLICATION = "end_of_publication"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is marked: values in stored form by item (for `closed` only the items count), by whom and why."""

    kind: MarkKind
    handle: str
    values: Mapping[str, Value]
    by: str
    reason: str


async def put_mark(worker: Worker, resource: Resource, mark: Mark) -> bool:
    """Mark one record; False where it stood so already. BAD_INPUT where record or item cannot be marked."""
    values = _checked(resource, mark.values)
    async with held(worker, MARKS) as hold:
        return await _entered(worker, mark, hold, lambda: _write(worker, resource, mark, values))


def _checked(resource: Resource, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values, comparable. Keys and subjects say which record this is and whose: only the source corrects them."""
    columns = [(column.item, column.discriminator) for column in resource.subjects]
    fixed = {*resource.key, *(name for pair in columns for name in pair if name)}
    names = {item.name for item in resource.items}
    for name in values:
        if name not in names or name in fixed:
            why = "is part of its key or subject" if name in fixed else "is no item of it"
            raise HubError(Code.BAD_INPUT, f"{resource.name}.{name} {why} and cannot be marked")
    return {name: _canonical(resource, name, value) for name, value in values.items()}


def _canonical(resource: Resource, name: str, value: Value) -> Value:
    return canonical(resource.item(name).canonical, value) if isinstance(value, str) else value


async def _entered(worker: Worker, mark: Mark, hold: Hold, work: Callable[[], Awaitable[bool]]) -> bool:
    """The work, entered in the ledger before and after."""
    at, ledger = stored_time(worker.clock()), worker.stores.ledger
    run = Run(f"{MARKS}:{hold.lease.fence}", MARKS, at, full=False, message=f"{mark.by}: {mark.reason}")
    await ledger.start(run)
    done = await work()
    ended = stored_time(worker.clock())
    await ledger.finish(replace(run, ended=ended, outcome=mark.kind.value, counts={"corrected": int(done)}))
    return done


async def _write(worker: Worker, resource: Resource, mark: Mark, values: Mapping[str, Value]) -> bool:
    async def judge(stored: Mapping[str, Image]) -> Difference:
        before = stored.get(mark.handle)
        if before is None:
            raise HubError(Code.BAD_INPUT, f"{resource.name} has no record {mark.handle}")
        after = _under(before, mark.kind, values)
        return Difference(() if after.same_as(before) else (Draft(Operation.CORRECTED, before, after),))

    desk = Desk(worker, resource, f"{worker.holder}/{MARKS}")
    return bool((await write(desk, Batch([mark.handle], judge))).difference.drafts)


def _under(before: Image, kind: MarkKind, values: Mapping[str, Value]) -> Image:
    """The record with these marks added or closed; a mark that says what the source says is none."""
    kept = {item: value for item, value in before.marks.items() if item not in values}
    if kind is not MarkKind.CLOSED:
        kept.update(values)
    source = unmarked(before)
    holding = {item: value for item, value in kept.items() if source.values.get(item) != value}
    return marked(source, holding) if holding else source
