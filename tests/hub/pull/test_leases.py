"""Leases: waited for, renewed while a department takes its time, and given back however the work ends."""

import asyncio
from dataclasses import replace

import pytest

from hub.pull.leases import Busy, Overtaken, held, leased
from tests.hub.pull.office import Hub


async def test_a_lease_is_given_back_when_the_work_is_done_and_when_it_fails(hub):
    async with leased(hub.worker, "licence", "one"):
        assert await hub.control.lease("licence", "two", 5) is None
    with pytest.raises(ValueError, match="work"):
        async with leased(hub.worker, "licence", "one"):
            raise ValueError("work")
    assert await hub.control.lease("licence", "two", 5)


async def test_a_lease_that_another_has_is_waited_for(hub):
    other = await hub.control.lease("licence", "two", 60)

    async def give_back():
        await asyncio.sleep(0.05)
        await hub.control.release(other)

    giving = asyncio.create_task(give_back())
    async with leased(hub.worker, "licence", "one") as lease:
        assert lease.fence > other.fence
    await giving


async def test_patience_ends(hub):
    await hub.control.lease("licence", "two", 60)
    with pytest.raises(Busy, match="licence is being written by somebody else"):
        async with leased(replace(hub.worker, patience=0.0), "licence", "one"):
            pass


async def test_the_lease_of_a_binding_outlives_its_seconds_while_it_is_held(tmp_path):
    hub = Hub(tmp_path, lease_seconds=0.3)
    async with held(hub.worker, "b") as hold:
        first = hold.lease.expires
        async with asyncio.timeout(30):
            while (await hub.control.renew(hold.lease, 0.3)).expires < first + 0.6:
                assert await hub.control.lease("binding:b", "two", 5) is None
                await asyncio.sleep(0.05)
        await hold.confirm()
    assert await hub.control.lease("binding:b", "two", 5)
    hub.close()


async def test_a_binding_that_was_taken_over_is_not_confirmed(hub):
    async with held(hub.worker, "b") as hold:
        hub.store_seconds = hold.lease.expires + 1
        assert await hub.control.lease("binding:b", "two", 60)
        with pytest.raises(Overtaken):
            await hold.confirm()
    assert await hub.control.lease("binding:b", "three", 5) is None, "its new holder keeps it"
