"""Live departments over time: kept open, left alone while they fail, asked in their own writing; the rest goes on."""

import asyncio
import json
import logging
from dataclasses import replace

import pytest

from catalogue.model import Catalogue
from catalogue.snapshot import Snapshot
from connectors.hostile import HostileSource, Manners
from connectors.source import SourceBroken, SourceMisconfigured, SourceUnavailable
from hub.engine.live import Reading
from hub.schema.build import build
from tests.hub.engine.catalogue import POLICE_BINDING
from tests.hub.engine.world import ANNA, BERT, HANDLES

ONE = f'{{ person(idNumber: "{ANNA}") {{ name }} }}'
ALSO = f'{{ companies(first: 2) {{ nodes {{ uscc }} }} person(idNumber: "{ANNA}") {{ name }} }}'


@pytest.fixture
def police(world):
    """The police's system, as badly mannered as a test declares; `world.opened` says how often it was opened."""
    columns = ("sfzh", "zjlx", "xm", "hh", "csrq")
    made = HostileSource("police", columns, world.police.people)
    world.opened = 0

    def open_source(_system, _binding):
        world.opened += 1
        return made

    world.sources._open_source = open_source
    return made


def change(world, **system):
    """Publish the police's system with other fields."""
    changed = replace(world.snapshot.catalogue.systems["police"], **system)
    world.snapshot = Snapshot(
        world.snapshot.version + 1, world.snapshot.catalogue.with_(Catalogue(systems={"police": changed}))
    )
    world.built = build(world.snapshot)


def codes(answer):
    return [(e["extensions"]["code"], e["extensions"]["source"]) for e in answer.errors]


async def test_a_source_is_opened_once_for_many_questions_and_closed_at_the_end(world, police):
    for _ in range(3):
        assert (await world.data(ONE))["person"] == {"name": "张**"}
    await asyncio.gather(*(world.ask(ONE) for _ in range(5)))
    assert (world.opened, police.closed) == (1, 0)
    await world.sources.close()
    assert police.closed == 1


async def test_a_changed_system_is_opened_anew_and_the_old_source_closed_behind_its_last_call(world, police):
    await world.data(ONE)
    police.manners = Manners(drips=0.05)
    slow = asyncio.create_task(world.ask(ONE))
    while police.calls.count("fetch") < 2:
        await asyncio.sleep(0)
    change(world, deadline=0.3)
    world.sources.follow(world.snapshot)
    assert police.closed == 0
    assert (await slow).data["person"] == {"name": "张**"}
    await world.data(ONE)
    assert (world.opened, police.closed) == (2, 1)


async def test_a_catalogue_that_leaves_the_binding_as_it_was_keeps_its_source(world, police):
    await world.data(ONE)
    world.publish(world.snapshot.resource("company"))
    await world.data(ONE)
    assert (world.opened, police.closed) == (1, 0)


async def test_a_question_that_began_before_a_change_closes_what_it_opens(world, police):
    before = world.snapshot
    change(world, deadline=0.3)
    await world.data(ONE)
    source = world.sources.of(before, POLICE_BINDING)
    assert len(await source.fetch(("sfzh",), [(ANNA,)])) == 1
    assert (world.opened, police.closed) == (2, 1)


async def test_credentials_that_changed_are_read_anew_once_within_the_question(world, police):
    await world.data(ONE)
    police.manners = Manners(errors=[SourceMisconfigured("police", "401")])
    assert (await world.data(ONE))["person"] == {"name": "张**"}
    assert (world.opened, police.closed) == (2, 1)


async def test_credentials_that_stay_wrong_are_tried_freshly_once_a_question_and_named(world, police):
    police.manners = Manners(errors=[SourceMisconfigured("police", "401")] * 5)
    for opened in (1, 2, 3):
        answer = await world.ask(ONE)
        assert codes(answer) == [("SOURCE_UNAVAILABLE", "police")]
        assert answer.errors[0]["extensions"]["retryable"] is False
        assert (world.opened, police.closed) == (opened, opened)


async def test_a_hung_department_costs_its_field_and_no_more_time_than_its_deadline(world, police):
    police.manners = Manners(hangs=True)
    async with asyncio.timeout(20):  # a hundred deadlines; tests/connectors/test_resilience.py counts them exactly
        answer = await world.ask(ALSO)
    assert (len(answer.data["companies"]["nodes"]), answer.data["person"]) == (2, None)
    assert codes(answer) == [("SOURCE_TIMEOUT", "police")]


async def test_a_department_that_keeps_failing_is_left_alone_and_asked_again_later(world, police):
    change(world, options={"breaker_failures": "3", "breaker_seconds": "0.2", "retries": "0"})
    police.manners = Manners(errors=[SourceUnavailable("police", "refused")] * 3)
    for _ in range(5):
        answer = await world.ask(ONE)
        assert codes(answer) == [("SOURCE_UNAVAILABLE", "police")]
    assert len(police.calls) == 3
    assert 0 < answer.errors[0]["extensions"]["retryAfter"] <= 0.2
    async with asyncio.timeout(10):
        while (answer := await world.ask(ONE)).errors:
            assert answer.errors[0]["extensions"]["retryable"] is True
    assert answer.data["person"] == {"name": "张**"}
    assert len(police.calls) == 4


async def test_a_department_that_failed_for_a_moment_is_asked_again_within_the_question(world, police):
    police.manners = Manners(errors=[SourceUnavailable("police", "reset", retry_after=0.01)])
    assert (await world.data(ONE))["person"] == {"name": "张**"}


async def test_limits_that_cannot_be_used_cost_the_field_alone(world, police):
    change(world, options={"retries": "many"})
    answer = await world.ask(ALSO)
    assert (len(answer.data["companies"]["nodes"]), codes(answer)) == (2, [("SOURCE_UNAVAILABLE", "police")])


async def test_columns_that_nobody_declared_and_rows_that_are_too_large_are_no_answer(world, police):
    police.manners = Manners(columns=("a", "b", "c", "d", "e"))
    assert (await world.data(ONE))["person"] is None
    police.manners = Manners(huge=5_000_000)
    assert codes(await world.ask(ONE)) == [("SOURCE_UNAVAILABLE", "police")]


async def test_what_a_department_failed_with_is_an_event_without_its_words(world, police, caplog):
    police.manners = Manners(errors=[SourceBroken("police", f"no number {ANNA}")])
    with caplog.at_level(logging.INFO, "hub"):
        await world.ask(ONE)
    (told,) = [json.loads(r.message) for r in caplog.records if "source_failed" in r.message]
    assert told == {
        "event": "source_failed", "source": "police", "binding": "police:person", "error": "SourceBroken",
    }  # fmt: skip


async def test_a_reading_is_compiled_once_a_catalogue_version(world, police):
    await world.data(ONE)
    readings = world.engine._workshop.readings
    first = readings.of(world.snapshot, POLICE_BINDING, HANDLES)
    assert readings.of(world.snapshot, POLICE_BINDING, HANDLES) is first
    change(world, deadline=0.3)
    assert readings.of(world.snapshot, POLICE_BINDING, HANDLES) is not first


async def test_a_date_is_asked_for_as_the_department_writes_it(world, police):
    columns = tuple(
        replace(column, formats=("%d.%m.%Y", "%Y年%m月%d日")) if column.item == "birth_date" else column
        for column in POLICE_BINDING.columns
    )
    changed = replace(POLICE_BINDING, columns=columns)
    world.snapshot = Snapshot(9, world.snapshot.catalogue.with_(Catalogue(bindings={changed.name: changed})))
    reading = Reading(world.snapshot, changed, HANDLES)
    assert reading.written(("birth_date", "id_number"), [("1949-12-31", BERT)])[0] == ("31.12.1949", BERT)
    police.rows = [row | {"csrq": "1949年12月31日"} for row in police.rows]
    source = world.sources.of(world.snapshot, changed)
    by = ("birth_date",)
    raw = await source.fetch(reading.columns(by), reading.written(by, [("1949-12-31",)]))
    assert {row["birth_date"] for row in reading.rows(raw, "2026-01-01T00:00:00.000Z")} == {"1949-12-31"}


async def test_a_starting_process_asks_each_live_system_once_before_the_first_question(world, police):
    await world.sources.warm(world.snapshot, 5.0)
    opened = world.opened
    assert (await world.data(ONE))["person"] == {"name": "张**"}
    assert world.opened == opened


async def test_a_live_system_that_hangs_or_is_down_holds_up_no_start(world, police):
    police.manners = Manners(hangs=True)
    await world.sources.warm(world.snapshot, 0.05)
    police.manners = Manners()
    assert (await world.data(ONE))["person"] == {"name": "张**"}
    await world.sources.close()
