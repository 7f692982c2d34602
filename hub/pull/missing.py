"""What a complete read did not list is deleted, or held for a person's word. Step 16 of walk 2 (a change).

Only a read that lists everything comes here, after its last row was written. The records are deleted in batches under
the change protocol, each judged again under its lease: one that another binding took over stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.pull.difference import Difference, deletions
from hub.pull.guards import Missing, deletion_verdict
from hub.pull.protocol import Batch
from hub.pull.walk import BATCH, Walk
from hub.records.model import Image, Operation

HANDLES_AT_ONCE = 5000
#: More unreadable rows than this, and the rest of them count as new: then a person decides.
KNOWN_UNREADABLE = 10_000


class Guarded(Exception):
    """The deletion guard's verdict. Everything else that the pull did stands."""


async def delete_missing(walk: Walk) -> None:
    """Delete what is gone at the source; Guarded where a person must say so first."""
    count = await _note_missing(walk)
    walk.tally.missing = count
    verdict = deletion_verdict(await _judged(walk, count), walk.binding.delete_share)
    if verdict is not None and not walk.options.allow_delete:
        raise Guarded(verdict)
    if walk.hold is not None:
        await _delete(walk)
    elif count:
        walk.tally.operations[Operation.DELETED] = count


async def _note_missing(walk: Walk) -> int:
    """Compare the handles that the binding feeds with those that were met, a piece at a time."""
    count, last = 0, ""
    while handles := await walk.worker.stores.writer.handles(walk.resource, walk.binding.name, last, HANDLES_AT_ONCE):
        count, last = count + walk.seen.note_missing(handles), handles[-1]
    return count


async def _judged(walk: Walk, count: int) -> Missing:
    if not count:
        return Missing(0, 0)
    present = await walk.worker.stores.writer.count_of(walk.resource, walk.binding.name)
    known = []
    if walk.state.cleared is not None:
        known = await walk.worker.stores.ledger.quarantined(walk.state.cleared, None, KNOWN_UNREADABLE)
    return Missing(count, present, walk.seen.unreadable_beyond(row.raw for row in known))


async def _delete(walk: Walk) -> None:
    last = ""
    while handles := walk.seen.missing(last, BATCH):

        async def judge(stored: Mapping[str, Image], handles: list[str] = handles) -> Difference:
            return deletions(handles, stored, walk.binding.name)

        await walk.put(Batch(handles, judge))
        last = handles[-1]
