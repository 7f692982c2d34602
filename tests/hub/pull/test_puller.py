"""The puller: what is due is pulled, time passes, and a department that is down costs only its own records."""

import asyncio
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hub.pull.model import Step
from hub.pull.protocol import LogDamaged
from hub.pull.puller import Puller
from tests.hub.pull.office import Hub, binding_to, row


@pytest.fixture
def puller(hub):
    """A puller whose seconds are counted by hand."""
    hub.seconds = 0.0
    hub.binding = replace(hub.binding, poll=60.0)
    hub.worker = replace(hub.worker, elapsed=lambda: hub.seconds)

    async def snapshot():
        return hub.snapshot

    return Puller(hub.worker, snapshot)


async def look(puller):
    await puller.look()
    await puller.settle()


async def runs(hub, binding="licences_csv"):
    return [run.outcome for run in reversed(await hub.ledger.runs(binding, 100))]


async def test_a_binding_never_pulled_is_pulled_and_then_when_its_time_comes(hub, puller):
    hub.send(row("A1"))
    for seconds in (0, 59, 1, 30):
        hub.after(seconds=seconds)
        await look(puller)
    assert await runs(hub) == ["done", "done"]


async def test_a_department_that_is_down_keeps_its_place_and_is_left_alone_longer_each_time(hub, puller):
    tried = []
    for second in range(40):
        hub.seconds = float(second)
        before = len(await runs(hub))
        await look(puller)
        if len(await runs(hub)) > before:
            tried.append(second)
    assert tried == [0, 2, 6, 14, 30]
    hub.send(row("A1"))
    hub.seconds = 62.0
    await look(puller)
    assert (await runs(hub))[-1] == "done"
    assert list(await hub.images()) == ["A1"]


async def test_the_others_go_on_while_one_is_down(hub, puller):
    hub.others = (binding_to(hub.folder, "county_csv", poll=60.0),)
    hub.send(row("B1"), name="county_csv")
    await look(puller)
    assert (await runs(hub), await runs(hub, "county_csv")) == (["unavailable"], ["done"])
    assert list(await hub.images()) == ["B1"]


async def test_a_fault_in_one_binding_is_reported_and_costs_no_other(hub, puller, caplog):
    hub.others = (binding_to(hub.folder, "county_csv", poll=60.0, timezone="Nowhere/Land", columns=()),)
    hub.others = (replace(hub.others[0], system="unknown"),)
    hub.send(row("A1"))
    with caplog.at_level(logging.INFO, "hub"):
        await look(puller)
    assert await runs(hub) == ["done"]
    assert "county_csv" in caplog.text
    assert "KeyError" in caplog.text


async def test_a_binding_stopped_by_drift_is_not_tried_again_by_itself(hub, puller):
    hub.send(row("A1"))
    await look(puller)
    hub.after(seconds=60)
    hub.send_text("code,other\nA1,x\n")
    for _ in range(3):
        hub.after(seconds=600)
        hub.seconds += 600
        await look(puller)
    assert await runs(hub) == ["done", "drifted"]


async def test_a_whole_read_is_made_once_a_day_so_that_what_is_gone_is_noticed(hub, puller):
    hub.send(row("A1"))
    await look(puller)
    for _ in range(25):
        hub.after(hours=1)
        await look(puller)
    full = [run.full for run in reversed(await hub.ledger.runs("licences_csv", 100))]
    assert [n for n, whole in enumerate(full) if whole] == [0, 24]


async def test_moments_are_passed_by_the_clock_alone(hub, puller):
    hub.send(row("A1", valid_to="2026-03-10"))
    await look(puller)
    os.remove(hub.folder / "licences_csv.csv")
    hub.after(days=20)
    hub.seconds += 10
    await look(puller)
    assert await hub.told() == [("CREATED", "A1"), ("MOMENT", "A1")]


async def test_what_a_dead_writer_committed_is_applied_without_a_new_pull(hub, puller):
    hub.send(row("A1"))

    def die(name):
        if name == Step.APPLY:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await hub.pull(reached=die)
    os.remove(hub.folder / "licences_csv.csv")
    assert await hub.images() == {}
    await look(puller)
    assert list(await hub.images()) == ["A1"]


async def test_a_committed_change_that_is_not_in_the_log_is_an_error_and_not_skipped(hub):
    hub.send(row("A1"))

    def die(name):
        if name == Step.APPLY:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await hub.pull(reached=die)
    await hub.log.drop("licence", 1, 1)
    with pytest.raises(LogDamaged, match="change 1 of epoch 1 is committed, but not in the log"):
        await hub.pull()


async def test_a_store_that_fails_is_reported_and_asked_again(tmp_path, caplog):
    small = Hub(tmp_path, records_pages=60)
    small.send(*[row(f"A{n:04d}", name="名" * 100) for n in range(1000)])

    async def snapshot():
        return small.snapshot

    with caplog.at_level(logging.INFO, "hub"):
        await look(Puller(small.worker, snapshot))
    assert "store_unavailable" in caplog.text
    assert "full" in caplog.text
    small.close()


async def test_it_runs_until_it_is_cancelled_and_gives_its_bindings_back(hub, puller):
    hub.send(*[row(f"A{n}") for n in range(2000)])
    running = asyncio.create_task(puller.run())
    async with asyncio.timeout(30):
        while not await hub.control.states():
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await hub.control.lease("binding:licences_csv", "another", 1)


def start(folder):
    store = f"sqlite:///{folder}"
    environment = {**os.environ, "HUB_CATALOGUE": store, "HUB_RECORDS": store}
    command, root = [sys.executable, "-m", "hub.pull.puller"], Path(__file__).parents[3]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=root)


def test_the_child_ends_when_its_standard_input_closes(tmp_path):
    child = start(tmp_path)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors.decode()


def test_a_child_whose_store_cannot_be_opened_says_so_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    child = start(tmp_path / "file")
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 2
    assert len(errors.decode().splitlines()) == 1
