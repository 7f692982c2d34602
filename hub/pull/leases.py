"""Taking, keeping and giving back a lease. Steps 1, 6 and 15 of walk 2 (a change).

A lease of a resource lasts one batch; the lease of a binding lasts a whole pull and is renewed by a task while the
department takes its time. What a lost lease means for what was written is the change protocol's matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from hub.control.ports import Control, Lease
from hub.errors import Fenced, StoreUnavailable
from hub.pull.model import Step, Worker

FIRST_WAIT = 0.01
LONGEST_WAIT = 0.25
RENEWALS_A_LEASE = 3


class Busy(Exception):
    """Another holder has had the lease for longer than this one would wait."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is being written by somebody else")


class Overtaken(Exception):
    """Another pull of the binding has begun since: what this one read is no longer the newest."""


@asynccontextmanager
async def leased(worker: Worker, resource: str, holder: str) -> AsyncIterator[Lease]:
    """The lease of a resource for one batch."""
    lease = await worker.step(Step.LEASE, _take, worker, resource, holder)
    try:
        yield lease
    except BaseException:
        with suppress(StoreUnavailable):  # what went wrong before is the news; the lease ends by itself
            await worker.stores.control.release(lease)
        raise
    await worker.step(Step.RELEASE, worker.stores.control.release, lease)


@asynccontextmanager
async def held(worker: Worker, binding: str) -> AsyncIterator[Hold]:
    """The lease of a binding, renewed until the pull ends: one pull a binding at a time."""
    lease = await worker.step(Step.HOLD, _take, worker, f"binding:{binding}", worker.holder)
    hold = Hold(worker.stores.control, lease, worker.lease_seconds)
    renewing = asyncio.create_task(hold.keep())
    try:
        yield hold
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        with suppress(StoreUnavailable):  # it ends by itself
            await worker.stores.control.release(lease)


class Hold:
    """A lease that is kept alive beside the work it protects."""

    def __init__(self, control: Control, lease: Lease, seconds: float) -> None:
        self.lease = lease
        self._control, self._seconds = control, seconds

    async def confirm(self) -> None:
        """Overtaken where somebody else has it now. Asked under the lease of the resource, before anything is read.

        So nothing that was read under a lost binding can follow what its new holder wrote.
        """
        try:
            await self._control.renew(self.lease, self._seconds)
        except Fenced as error:
            raise Overtaken(str(error)) from error

    async def keep(self) -> None:
        """Renew until cancelled or lost. A store that does not answer is asked again: it may yet be ours."""
        while True:
            await asyncio.sleep(self._seconds / RENEWALS_A_LEASE)
            try:
                await self._control.renew(self.lease, self._seconds)
            except StoreUnavailable:
                continue  # the pull's own writes report it
            except Fenced:
                return  # `confirm` says so before the next write


async def _take(worker: Worker, name: str, holder: str) -> Lease:
    """Ask until it is given; Busy once patience has run out."""
    loop = asyncio.get_running_loop()
    end, wait = loop.time() + worker.patience, FIRST_WAIT
    while (lease := await worker.stores.control.lease(name, holder, worker.lease_seconds)) is None:
        if loop.time() >= end:
            raise Busy(name)
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)
    return lease
