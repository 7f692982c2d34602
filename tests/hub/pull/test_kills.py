"""Killed with SIGKILL anywhere and run again, records, log and marks are the same as if nothing had happened."""

import asyncio
import random
import shutil
import time
from dataclasses import replace

import pytest

from hub.pull.model import STEPS
from hub.records.model import Walk
from tests.hub.pull import victim
from tests.hub.pull.office import replayed


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch):
    victim.small_pages(monkeypatch.setattr)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which the second pull is due; copied for every kill."""
    made = tmp_path_factory.mktemp("begun")
    asyncio.run(victim.begun(made))
    return made


@pytest.fixture(scope="module")
def victims():
    """Whom to kill."""
    started = victim.Victims()
    yield started
    started.close()


async def dump(hub):
    """Everything that must be the same: not fences, not the ids of runs, not a file's fingerprint."""
    state = await hub.control.state("licence")
    records = await hub.records.walk(Walk(hub.resource, 0, state.watermark, 1000))
    log = [replace(change, fence=0) for change in await hub.changes()]
    binding = await hub.ledger.binding("licences_csv")
    set_aside = await hub.ledger.quarantined(binding.cleared, None, 100)
    return {
        "records": records,
        "log": log,
        "state": replace(state, fence=0),
        "binding": replace(binding, checkpoint=None, cleared=None),
        "quarantine": [(q.position, q.reason, q.raw) for q in set_aside],
    }


async def undisturbed(folder, tmp_path):
    """The events of a pull that nobody kills, and what it comes to."""
    copy = tmp_path / "undisturbed"
    shutil.copytree(folder, copy)
    hub, events = victim.opened(copy), []
    assert (await victim.second_pull(hub, events.append)).good
    found = await dump(hub)
    hub.close()
    return events, found


async def run_again(copy):
    """A second process does it all again once the dead one's leases have run out; what it comes to."""
    hub = victim.opened(copy)
    hub.store_seconds = time.time() + 1000
    assert (await victim.second_pull(hub)).good
    found = await dump(hub)
    assert replayed(await hub.changes()) == {image.handle: image for _, image in found["records"]}
    assert (await hub.pull()).read == 0, "the file was read to its end, and has not changed"
    hub.close()
    return found


async def test_killed_at_every_step_and_between_and_run_again_everything_is_the_same(folder, tmp_path, victims):
    events, expected = await undisturbed(folder, tmp_path)
    assert set(events) == set(STEPS)
    assert {str(change.operation) for change in expected["log"]} == {"CREATED", "UPDATED", "DELETED", "MOMENT"}
    assert len(expected["quarantine"]) == 3
    for number in one_of_each(events):
        copy = tmp_path / str(number)
        shutil.copytree(folder, copy)
        assert victims.killed_at(copy, number), f"nobody died at event {number}, {events[number]}"
        assert await run_again(copy) == expected, f"killed at event {number}, {events[number]}"
        shutil.rmtree(copy)


def one_of_each(events):
    """Every name once: the first at its first event, the second at its second, and so round the walk."""
    found = {name: [n for n, event in enumerate(events) if event == name] for name in STEPS}
    return [numbers[place % len(numbers)] for place, numbers in enumerate(found.values())]


@pytest.mark.slow
async def test_killed_at_every_event_of_the_walk_and_run_again_everything_is_the_same(folder, tmp_path, victims):
    events, expected = await undisturbed(folder, tmp_path)
    for number, name in enumerate(events):
        copy = tmp_path / str(number)
        shutil.copytree(folder, copy)
        assert victims.killed_at(copy, number)
        assert await run_again(copy) == expected, f"killed at event {number}, {name}"
        shutil.rmtree(copy)


async def test_killed_20_times_at_random_and_run_again_everything_is_the_same(folder, tmp_path, victims):
    await kill_at_random(folder, tmp_path, victims, 20)


@pytest.mark.slow
async def test_killed_200_times_at_random_and_run_again_everything_is_the_same(folder, tmp_path, victims):
    await kill_at_random(folder, tmp_path, victims, 200)


async def kill_at_random(folder, tmp_path, victims, times):
    """SIGKILL from outside, at any moment of the walk, also several times in one folder before one comes through."""
    _, expected = await undisturbed(folder, tmp_path)
    chance = random.Random(20260301)
    deaths = 0
    while deaths < times:
        copy = tmp_path / f"random {deaths}"
        shutil.copytree(folder, copy)
        for _ in range(chance.choice((1, 1, 2, 3))):
            seconds = chance.uniform(0, 0.08)
            deaths += victims.killed_after(copy, lambda seconds=seconds: time.sleep(seconds))
        assert await run_again(copy) == expected
        shutil.rmtree(copy)
