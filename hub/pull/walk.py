"""One pull on its way: what the steps of walk 2 share, and the one door through which they write.

`run` says the order of the steps, `page` and `missing` what they write. Here is neither order nor rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from catalogue.model import Binding, Resource
from catalogue.snapshot import Snapshot
from connectors.source import SourceError
from hub.control.ports import BindingState
from hub.pull.difference import Refused
from hub.pull.leases import Hold
from hub.pull.model import PullOptions, Step, Worker
from hub.pull.protocol import Batch, Desk, Place, Written, counted, write
from hub.pull.quarantine import Bad, kept, raw_text
from hub.pull.report import Tally
from hub.pull.seen import Seen

#: Records of one batch: one lease, four commits.
BATCH = 500


@dataclass(slots=True)
class Walk:
    """One pull. `state` is the binding's as it will be kept, `at` the stored time at which reading began.

    `hold` is None in a dry run, which writes nothing. `whole` says that it reads from the beginning, `failure` what the
    source failed with.
    """

    worker: Worker
    snapshot: Snapshot
    binding: Binding
    options: PullOptions
    tally: Tally
    seen: Seen
    state: BindingState
    at: str
    hold: Hold | None
    whole: bool = False
    failure: SourceError | None = None

    @property
    def resource(self) -> Resource:
        """The resource that the binding feeds."""
        return self.snapshot.resource(self.binding.resource)

    @property
    def desk(self) -> Desk:
        """Where its batches are written, under a lease holder of its own."""
        assert self.hold is not None, "a dry run writes nothing"
        return Desk(self.worker, self.resource, f"{self.worker.holder}/{self.binding.name}", self.hold.confirm)

    def place(self, cursor: str | None) -> Place | None:
        """The checkpoint to move to; None where it stands there already."""
        return None if cursor == self.state.checkpoint else Place(self.binding.name, cursor)

    async def put(self, batch: Batch) -> Written:
        """Write a batch and count it; a dry run only compares. Overtaken where another pull of the binding began."""
        if self.hold is None:
            stored = await self.worker.step(
                Step.COMPARE, self.worker.stores.writer.images, self.resource, batch.handles
            )
            written = Written(await batch.judge(stored), 0)
        else:
            written = await write(self.desk, batch)
            if batch.place is not None:
                self.state = replace(self.state, checkpoint=batch.place.checkpoint)
        self._count(written)
        return written

    async def set_aside(self, bad: Sequence[Bad], refused: Sequence[Refused]) -> None:
        """Keep the rows of a batch that cannot become records, before its checkpoint can move past them."""
        rows = [*bad, *(_bad(row) for row in refused)]
        if rows and self.hold is not None:
            quarantined = [kept(row, self.tally.run, self.binding.name, self.at) for row in rows]
            await self.worker.stores.ledger.quarantine(quarantined)

    def _count(self, written: Written) -> None:
        self.tally.operations.update(counted(written))
        self.tally.unchanged += written.difference.unchanged
        self.tally.quarantined.update(_bad(row).reason for row in written.difference.refused)


def _bad(refused: Refused) -> Bad:
    offered = refused.offered
    return Bad(offered.position, refused.code, refused.words, raw_text(offered.row), has_key=True)
