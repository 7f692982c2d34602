"""Pulls from a source that misbehaves: a named error of that source alone, the place kept, nothing deleted, and its
health noted; live systems are probed."""

import asyncio
import logging
import time
from dataclasses import replace

import pytest

from catalogue.model import Catalogue, Mode
from catalogue.snapshot import Snapshot
from connectors.hostile import HostileSource, Manners
from connectors.resilience import LARGEST_ROW, Time
from connectors.source import SourceBroken, SourceMisconfigured, SourceTimeout, SourceUnavailable
from hub.control.ports import Condition
from hub.pull.health import PROBE_EVERY
from hub.pull.puller import Puller
from hub.pull.report import Outcome
from hub.sources import Sources
from tests.hub.pull.office import HEAD, licence, row


@pytest.fixture
def office(hub):
    """The department's system as a source of ten rows in pages of two, behind its guard; time is real and short."""
    hub.seconds = 0.0
    source = HostileSource("office", HEAD, [row(f"A{n}") for n in range(10)], page=2)
    sources = Sources(lambda _system, _binding: source, Time(time.monotonic, asyncio.sleep, lambda: 0.0))
    hub.stores = replace(hub.stores, open_source=sources.open)
    hub.worker = replace(hub.worker, stores=hub.stores, elapsed=lambda: hub.seconds)
    hub.binding = replace(hub.binding, poll=60.0)
    return source


@pytest.fixture
def puller(hub):
    hub.limits = {}

    async def snapshot():
        return with_limits(hub)

    return Puller(hub.worker, snapshot)


def with_limits(hub):
    """The catalogue with the system's limits as the test sets them."""
    entries = hub.snapshot.catalogue
    system = replace(entries.systems["office"], options=hub.limits)
    return Snapshot(1, entries.with_(Catalogue(systems={"office": system})))


def unavailable(retry_after=None):
    return SourceUnavailable("office", "connection refused", retry_after=retry_after)


async def look(puller):
    await puller.look()
    await puller.settle()


async def state(hub):
    found = (await hub.stores.systems.system_states())["office"]
    return found.condition, found.why


async def test_a_stream_that_breaks_once_is_read_on_and_nothing_is_deleted(hub, office):
    await hub.pull()
    office.rows = office.rows[:9]
    office.manners = Manners(breaks_after=3, breaks=[unavailable()])
    hub.after(hours=1)
    tally = await hub.pull(full=True)
    assert (tally.outcome, tally.read, tally.quarantined.total()) == (Outcome.DONE, 9, 0)
    assert len(await hub.images()) == 10
    assert (await hub.ledger.binding("licences_csv")).last_full == "2026-03-01T08:00:00.000Z"
    hub.after(hours=1)
    assert (await hub.pull(full=True)).outcome is Outcome.DONE
    assert len(await hub.images()) == 9


async def test_a_source_that_lies_about_completeness_is_guarded(hub, office):
    await hub.pull()
    office.manners = Manners(leaves_out=6)
    tally = await hub.pull(full=True)
    assert (tally.outcome, tally.missing) == (Outcome.GUARDED, 6)
    assert len(await hub.images()) == 10


@pytest.mark.parametrize(
    ("error", "outcome", "condition"),
    [
        (unavailable(), Outcome.UNAVAILABLE, Condition.DOWN),
        (SourceTimeout("office", "slow"), Outcome.UNAVAILABLE, Condition.LATE),
        (unavailable(retry_after=3600.0), Outcome.UNAVAILABLE, Condition.LATE),
        (SourceMisconfigured("office", "401"), Outcome.MISCONFIGURED, Condition.FAULTY),
        (SourceBroken("office", "HTML"), Outcome.BROKEN, Condition.FAULTY),
    ],
    ids=["down", "slow", "429", "credentials", "HTML"],
)
async def test_a_failure_keeps_place_and_records_and_is_noted_until_it_is_over(hub, office, error, outcome, condition):
    await hub.pull()
    place = (await hub.ledger.binding("licences_csv")).checkpoint
    office.manners = Manners(breaks_after=0, breaks=[error] * 9)
    hub.after(hours=1)
    tally = await hub.pull(full=True)
    assert (tally.outcome, tally.retry_after) == (outcome, error.retry_after or 0.0)
    assert await state(hub) == (condition, type(error).__name__)
    assert (len(await hub.images()), (await hub.ledger.binding("licences_csv")).checkpoint) == (10, place)
    office.manners = Manners()
    hub.after(hours=1)
    assert (await hub.pull()).good
    assert await state(hub) == (Condition.UP, "")


async def test_a_page_that_never_comes_is_a_timeout_of_its_source(hub, office, puller):
    hub.limits = {"page_seconds": "0.05"}
    office.manners = Manners(hangs=True)
    await look(puller)
    assert await state(hub) == (Condition.LATE, "SourceTimeout")
    (run,) = await hub.ledger.runs("licences_csv", 9)
    assert (run.outcome, run.message) == ("unavailable", "office: 办事系统 did not answer in time")


async def test_a_row_that_is_too_large_is_set_aside_alone(hub, office):
    office.manners = Manners(huge=LARGEST_ROW + 1)
    tally = await hub.pull()
    assert tally.outcome is Outcome.DONE
    assert dict(tally.quarantined) == {f"unreadable: the row has more than {LARGEST_ROW} characters": 1}
    assert len(await hub.images()) == 9


async def test_columns_that_nobody_declared_are_drift_and_the_system_is_up(hub, office):
    await hub.pull()
    office.manners = Manners(columns=("x", *HEAD[1:]))
    tally = await hub.pull(full=True)
    assert (tally.outcome, len(await hub.images())) == (Outcome.DRIFTED, 10)
    assert await state(hub) == (Condition.UP, "")


async def test_a_short_wait_that_a_source_asks_for_is_waited_within_the_pull(hub, office):
    office.manners = Manners(errors=[unavailable(retry_after=0.01)])
    assert (await hub.pull()).good


async def test_a_long_one_is_left_to_the_puller_which_comes_back_no_sooner(hub, office, puller):
    office.manners = Manners(errors=[unavailable(retry_after=300.0)])
    await look(puller)
    for hub.seconds in (2.0, 100.0, 299.0):
        await look(puller)
        assert office.calls == ["shape"]
    hub.seconds = 300.0
    await look(puller)
    assert [run.outcome for run in await hub.ledger.runs("licences_csv", 9)] == ["done", "unavailable"]


async def test_a_dry_run_notes_nothing(hub, office):
    await hub.pull(dry_run=True)
    assert await hub.stores.systems.system_states() == {}


@pytest.fixture
def live(hub, office):
    """The resource asked live: nothing is pulled, its system is probed."""
    hub.resource = licence(mode=Mode.LIVE, lookups=(("code",),), moments=(), visibility=(), links=())
    return office


async def test_a_live_system_is_probed_every_so_many_seconds_whatever_it_answers(hub, live, puller, caplog):
    with caplog.at_level(logging.INFO, "hub"):
        await look(puller)
        await look(puller)
        assert (await state(hub), live.calls) == ((Condition.UP, ""), ["check"])
        live.manners = Manners(errors=[unavailable()] * 3)
        hub.seconds += PROBE_EVERY
        hub.after(seconds=PROBE_EVERY)
        await look(puller)
        assert await state(hub) == (Condition.DOWN, "SourceUnavailable")
        hub.seconds += PROBE_EVERY
        hub.after(seconds=PROBE_EVERY)
        await look(puller)
        assert await state(hub) == (Condition.UP, "")
    assert [word for word in ("source_down", "source_up") if word in caplog.text] == ["source_down", "source_up"]
    assert "refused" not in caplog.text
    assert live.closed == 3


async def test_a_probe_that_never_ends_is_late_and_holds_up_nothing_else(hub, live, puller):
    hub.limits = {"page_seconds": "0.05", "retries": "0"}
    live.manners = Manners(hangs=True)
    await look(puller)
    assert await state(hub) == (Condition.LATE, "SourceTimeout")


async def test_each_system_is_probed_once_however_many_bindings_it_has(hub, live, puller):
    hub.others = (replace(hub.binding, name="second"), replace(hub.binding, name="third"))
    await look(puller)
    assert live.calls == ["check"]


async def test_a_refusal_of_the_hub_itself_says_nothing_of_the_system(hub, office, puller):
    hub.limits = {"breaker_failures": "1", "retries": "0"}
    office.manners = Manners(errors=[SourceTimeout("office", "slow")])
    await look(puller)
    hub.seconds += 2
    hub.after(seconds=2)
    await look(puller)
    assert [run.message for run in await hub.ledger.runs("licences_csv", 9)] == [
        "office: it failed several times in a row and is left alone for a while", "office: slow",
    ]  # fmt: skip
    found = (await hub.stores.systems.system_states())["office"]
    assert (found.condition, found.checked_at) == (Condition.LATE, "2026-03-01T08:00:00.000Z")
