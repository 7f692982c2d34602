"""Time makes changes too: each moment once, in its turn, and none that was past when the record was made."""

from datetime import UTC, datetime, timedelta

from catalogue.model import Moment
from hub.pull.model import PullOptions
from hub.pull.moments import points
from hub.pull.protocol import CLOCK, Desk, has_work, write
from hub.pull.run import pull
from hub.records.model import Operation
from tests.hub.pull.office import START, binding_to, licence, replayed, row

DAY_30 = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)  # 2026-04-01 00:00 Asia/Shanghai


def desk(hub):
    return Desk(hub.worker, hub.resource, "clock")


async def pass_time(hub, at):
    """The clock's own batch at that time; how many moments it emitted."""
    hub.now = at
    state = await hub.control.state("licence")
    worked = await has_work(desk(hub), state)
    written = await write(desk(hub), CLOCK)
    assert worked == bool(written.moments)
    return written.moments


async def moments(hub):
    return [(c.moment, c.after.values["code"], c.at) for c in await hub.changes() if c.operation is Operation.MOMENT]


def test_a_moment_is_a_point_once_and_the_dates_of_visibility_rules_are_points():
    found = [(p.name, p.item, p.days, p.date) for p in points(licence())]
    assert found == [
        ("expiring", "valid_to", -30, True), ("expired", "valid_to", 0, True), ("ended", "public_to", 0, True),
        ("embargo", "public_from", 0, False),
    ]  # fmt: skip


async def test_a_licence_that_reaches_day_30_makes_exactly_one_change_without_any_at_the_source(hub):
    hub.send(row("A1", valid_to="2026-05-01"), row("LONG"))
    await hub.pull()
    assert await pass_time(hub, DAY_30 - timedelta(milliseconds=1)) == 0
    assert await pass_time(hub, DAY_30) == 1
    for later in (0, 1, 24 * 29):
        assert await pass_time(hub, DAY_30 + timedelta(hours=later)) == 0
    assert await moments(hub) == [("expiring", "A1", "2026-03-31T16:00:00.000Z")]
    change = (await hub.changes())[-1]
    assert change.before == change.after
    assert replayed(await hub.changes())


async def test_what_was_past_at_the_first_load_never_becomes_a_change(hub):
    hub.send(row("A1", valid_to="2020-01-01"), row("A2", valid_to="2026-03-15"))
    await hub.pull()
    assert (await hub.control.state("licence")).moments_until == "2026-03-01T08:00:00.000Z"
    assert await pass_time(hub, START + timedelta(days=365)) == 1
    assert await moments(hub) == [("expired", "A2", "2026-03-14T16:00:00.000Z")]


async def test_an_absent_date_has_no_moment(hub):
    hub.send(*[row(f"A{n}") for n in range(5)])
    await hub.pull()
    assert await pass_time(hub, START + timedelta(days=36500)) == 0


async def test_the_last_day_of_the_calendar_has_no_moment_after_it(hub):
    hub.resource = licence(moments=(Moment("purged", "清除", "valid_to", 30), Moment("ended_on", "结束", "public_to")))
    hub.send(row("A1", valid_to="9999-12-31", public_to="2026-03-10"))
    await hub.pull()
    assert await pass_time(hub, START + timedelta(days=30)) == 1
    assert (await moments(hub))[0][0] == "ended_on"


async def test_a_night_without_a_puller_loses_no_moment_and_they_come_in_the_order_of_time(hub):
    hub.send(row("A1", valid_to="2026-04-10"), row("A2", public_from="2026-03-02 09:30:00", public_to="2026-03-05"))
    await hub.pull()
    assert await pass_time(hub, START + timedelta(days=60)) == 4
    found = await moments(hub)
    assert [m for m in found if m[1] == "A1"] == [
        ("expiring", "A1", "2026-03-10T16:00:00.000Z"), ("expired", "A1", "2026-04-09T16:00:00.000Z"),
    ]  # fmt: skip
    assert [m for m in found if m[1] == "A2"] == [
        ("embargo", "A2", "2026-03-02T01:30:00.000Z"), ("ended", "A2", "2026-03-04T16:00:00.000Z"),
    ]  # fmt: skip


async def test_two_moments_of_a_record_at_one_point_of_time_are_one_change(hub):
    hub.send(row("A1", valid_to="2026-03-10", public_to="2026-03-10"))
    await hub.pull()
    assert await pass_time(hub, START + timedelta(days=30)) == 1
    assert (await moments(hub))[0][0] == "expired"


async def test_more_moments_than_a_batch_are_one_commit(hub, monkeypatch):
    monkeypatch.setattr("hub.pull.protocol.CHUNK", 3)
    hub.send(*[row(f"A{n}", valid_to="2026-03-10") for n in range(10)])
    await hub.pull()
    assert await pass_time(hub, START + timedelta(days=30)) == 10
    assert len({c[1] for c in await moments(hub)}) == 10
    assert replayed(await hub.changes())
    state = await hub.control.state("licence")
    assert (state.watermark, state.applied) == (20, 20)


async def test_a_moment_comes_before_the_renewal_that_was_pulled_after_it(hub):
    hub.send(row("A1", valid_to="2026-03-10"))
    await hub.pull()
    hub.now = START + timedelta(days=20)
    hub.send(row("A1", valid_to="2030-01-01"))
    await hub.pull()
    assert [op for op, _ in await hub.told()] == ["CREATED", "MOMENT", "UPDATED"]
    assert await pass_time(hub, START + timedelta(days=21)) == 0


async def test_a_moment_comes_before_the_deletion_that_was_pulled_after_it(hub):
    hub.send(row("A1", valid_to="2026-03-10"), row("A2"), row("A3"))
    await hub.pull()
    hub.now = START + timedelta(days=20)
    hub.send(row("A2"), row("A3"))
    await hub.pull()
    assert [op for op, code in await hub.told() if code == "A1"] == ["CREATED", "MOMENT", "DELETED"]


async def test_a_record_made_after_its_moment_has_none_even_if_the_clock_had_not_come_so_far(hub):
    hub.send(row("A1"))
    await hub.pull()
    hub.now = START + timedelta(days=20)
    hub.send(row("A1"), row("A2", valid_to="2026-03-10"), row("A3", valid_to="2026-03-25"))
    await hub.pull()
    assert await pass_time(hub, START + timedelta(days=20)) == 0
    assert await pass_time(hub, START + timedelta(days=25)) == 1
    assert [m[1] for m in await moments(hub)] == ["A3"]


async def test_a_pull_that_touches_no_record_with_a_due_moment_leaves_moments_to_the_clock(hub):
    hub.send(row("A1", valid_to="2026-03-10"), row("A2"))
    await hub.pull()
    hub.now = START + timedelta(days=20)
    hub.send(row("A1", valid_to="2026-03-10"), row("A2", name="改名"))
    await hub.pull()
    assert await moments(hub) == []
    assert await pass_time(hub, hub.now) == 1


async def test_a_clock_that_runs_backwards_emits_nothing_twice(hub):
    hub.send(row("A1", valid_to="2026-03-10"))
    await hub.pull()
    assert await pass_time(hub, START + timedelta(days=20)) == 1
    assert await pass_time(hub, START + timedelta(days=5)) == 0
    assert await pass_time(hub, START + timedelta(days=20)) == 0


async def test_the_clock_finishes_what_a_dead_writer_committed(hub):
    hub.send(row("A1"))

    def die(name):
        if name == "apply":
            raise KeyboardInterrupt

    other = binding_to(hub.folder, "licences_csv")
    try:
        await hub.pull(other, reached=die)
    except KeyboardInterrupt:
        pass
    state = await hub.control.state("licence")
    assert (state.watermark, state.applied) == (1, 0)
    assert await hub.images() == {}
    assert await has_work(desk(hub), state)
    await write(desk(hub), CLOCK)
    assert list(await hub.images()) == ["A1"]
    assert (await hub.control.state("licence")).applied == 1


async def test_a_resource_without_moments_keeps_no_mark(hub):
    hub.resource = licence(moments=(), visibility=())
    hub.send(row("A1", valid_to="2026-03-10"))
    assert (await pull(hub.worker, hub.snapshot, hub.binding, PullOptions())).good
    assert (await hub.control.state("licence")).moments_until is None
    assert await pass_time(hub, START + timedelta(days=365)) == 0
