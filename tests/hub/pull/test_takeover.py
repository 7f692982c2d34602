"""The real stores under two writers: one stops anywhere for so long that another takes its leases, then it goes on.

What it read is old by then. It can neither commit nor overwrite what its successor wrote; the log stays without a hole
and makes the records that are there.
"""

import asyncio
import threading
import time

import pytest

from hub.pull.leases import Overtaken
from hub.pull.model import Step, after
from hub.pull.protocol import Batch, Desk, write
from hub.pull.report import Outcome
from tests.hub.pull.office import Hub, replayed, row

#: Where the first writer holds both leases and has read what is old by the time it goes on.
STEPS = (
    Step.FETCH, Step.LEASE, Step.RECOVER, Step.COMPARE, Step.QUARANTINE, Step.MOMENTS, Step.LOG, Step.COMMIT, Step.APPLY,
    Step.APPLIED,
)  # fmt: skip
PLACES = [after(step) for step in STEPS]


class Stopped:
    """A pull in a thread of its own that stops at a place of its walk until it is let go."""

    def __init__(self, folder, place):
        self._folder, self._place = folder, place
        self._there, self._go = threading.Event(), threading.Event()
        self._tally = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        assert self._there.wait(30), "it never came there"
        return self

    def __exit__(self, *_):
        self._go.set()
        self._thread.join(30)

    def goes_on(self):
        self._go.set()
        self._thread.join(30)
        return self._tally

    def _run(self):
        hub = Hub(self._folder)
        self._tally = asyncio.run(hub.pull(reached=self._reached, holder="first"))
        hub.close()

    def _reached(self, name):
        if name == self._place and not self._there.is_set():
            self._there.set()
            self._go.wait(30)


async def names(hub):
    return dict(await hub.values("name"))


@pytest.mark.parametrize("place", PLACES)
async def test_a_writer_whose_leases_were_taken_can_neither_commit_nor_overwrite(hub, place):
    hub.send(row("A1", name="一"), row("A2", name="一"))
    await hub.pull()
    hub.send(row("A1", name="二"), row("A2", name="二"), row("A3", name="二"))
    with Stopped(hub.folder, place) as first:
        hub.store_seconds = time.time() + 1000
        hub.send(row("A1", name="三"), row("A2", name="三"), row("A4", name="三"))
        assert (await hub.pull(holder="second")).good
        before = await hub.changes()
        tally = first.goes_on()
    assert tally.outcome is Outcome.OVERTAKEN, tally
    assert await names(hub) == {"A1": "三", "A2": "三", "A4": "三"}
    assert await hub.changes() == before, "a committed entry changed"
    assert replayed(before) == {i.handle: i for i in (await hub.images()).values()}
    assert (await hub.pull(full=True)).operations.total() == 0


@pytest.mark.parametrize("place", PLACES[1:])
async def test_a_writer_that_lost_only_the_lease_of_the_resource_does_its_batch_again(hub, place):
    """Its binding is still its own, so what it read still counts: after the other's changes."""
    hub.send(row("A1"), row("A2"))
    await hub.pull()
    hub.send(row("A1", name="二"), row("A2"), row("A3"))
    with Stopped(hub.folder, place) as first:
        await expire(hub, "licence")
        await write(Desk(hub.worker, hub.resource, "second"), Batch())
        tally = first.goes_on()
    assert tally.good, tally
    assert await names(hub) == {"A1": "二", "A2": "许可证A2", "A3": "许可证A3"}
    assert [op for op, _ in (await hub.told())[2:]] == ["UPDATED", "CREATED"]
    assert replayed(await hub.changes()) == {i.handle: i for i in (await hub.images()).values()}
    state = await hub.control.state("licence")
    assert state.applied == state.watermark == 4


async def expire(hub, resource):
    """The lease's time is over, whoever has it."""
    sql = "UPDATE control_leases SET expires = 0 WHERE resource = ?"
    await hub._control.write(lambda connection: connection.execute(sql, (resource,)))


async def test_what_a_dead_writer_logged_but_did_not_commit_is_replaced(hub):
    hub.send(row("A1"), row("A2"), row("A3"))
    with pytest.raises(KeyboardInterrupt):
        await hub.pull(reached=interrupt_at(after(Step.LOG)))
    assert (await hub.control.state("licence")).watermark == 0
    hub.send(row("B1"))
    assert (await hub.pull()).good
    assert await hub.told() == [("CREATED", "B1")]


async def test_a_binding_lost_before_the_first_write_is_said_at_once(hub):
    async def lost():
        raise Overtaken("somebody else")

    with pytest.raises(Overtaken):
        await write(Desk(hub.worker, hub.resource, "first", lost), Batch())
    assert await hub.control.lease("licence", "second", 5), "the resource was given back"


def interrupt_at(place):
    def reached(name):
        if name == place:
            raise KeyboardInterrupt

    return reached
