"""Whatever a source does, a call ends in time, with its answer or with an error of that source. Time is virtual here."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.model import Binding, Column, System
from connectors.contract import COLUMNS, SourceContract
from connectors.hostile import HostileSource, Manners
from connectors.limits import LIMITS, limits_of
from connectors.registry import open_source
from connectors.resilience import (
    CLOSE_SECONDS,
    FIRST_BACKOFF,
    LARGEST_ROW,
    LONGEST_BACKOFF,
    Guards,
    Refused,
    Time,
    backoff,
)
from connectors.source import (
    BadRow,
    SourceBroken,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
    SourceUnavailable,
)
from tests.connectors.virtual_time import run, seconds

ROWS = [{"code": f"k{n}", "name": f"名{n}", "city": "福州", "stamp": "1"} for n in range(7)]
ONE = (("code",), [("k1",)])


def system(deadline=2.0, **options):
    return System("office", "办事系统", "x", "hostile", {k: str(v) for k, v in options.items()}, deadline)


def binding(**fields):
    return Binding(**{"name": "b", "resource": "r", "system": "office", "columns": (Column("code", "code"),), **fields})


def time_of(chance=0.0):
    return Time(seconds, asyncio.sleep, lambda: chance)


def hostile(rows=ROWS, page=2, **manners):
    return HostileSource("office", COLUMNS, rows, Manners(**manners), page)


def guarded(source, declared=None, guards=None, bound=None):
    return (guards or Guards(time_of())).guarded(source, declared or system(), bound or binding())


def down(retry_after=None):
    return SourceUnavailable("office", "connection refused", retry_after=retry_after)


async def ended(work):
    """The error (or None) that the work ends with, and the second at which it does."""
    try:
        await work
    except SourceError as error:
        return error, seconds()
    return None, seconds()


class _Office:
    """A stand of the contract: rows in memory behind a guard."""

    def __init__(self):
        self.rows = None

    def fill(self, rows):
        self.rows = [dict(row) for row in rows]

    def change(self, row):
        self.rows = [row if row["code"] == old["code"] else old for old in self.rows]

    def break_bytes(self, _code):
        return False

    def take_away(self):
        self.rows = None

    def open(self):
        return guarded(HostileSource("office", COLUMNS, self.rows))


class TestGuarded(SourceContract):
    """A source that behaves is the same behind its guard."""

    @pytest.fixture
    def stand(self, monkeypatch):
        monkeypatch.setattr("tests.connectors.test_resilience.seconds", lambda: 0.0)
        return _Office()


@pytest.mark.parametrize("deaf", [0.0, 100.0], ids=["heeds its cancellation", "does not"])
@pytest.mark.parametrize("call", ["fetch", "check", "shape", "discover", "page"])
def test_a_call_that_hangs_ends_at_its_deadline(call, deaf):
    source = hostile(hangs=True, deaf=deaf)
    calls = {
        "fetch": lambda s: s.fetch(*ONE),
        "page": lambda s: anext(s.pull(None)),
    }
    made = guarded(source, system(2.0, page_seconds=3, breaker_failures=1))
    error, at = run(ended(calls.get(call, lambda s: getattr(s, call)())(made)))
    assert isinstance(error, SourceTimeout)
    assert (error.source, error.retryable) == ("office", True)
    assert at == (2.0 if call == "fetch" else 3.0)


def test_an_answer_that_drips_is_cut_at_the_deadline_and_every_page_has_its_own():
    async def slow():
        made = guarded(hostile(drips=2.5), system(2.0, page_seconds=3))
        pages = [page async for page in made.pull(None)]
        return len(pages), seconds(), await ended(made.fetch(*ONE))

    pages, at, (error, later) = run(slow())
    assert (pages, at) == (4, 10.0)
    assert isinstance(error, SourceTimeout)
    assert later == at + 2.0


def test_a_call_that_fails_is_repeated_after_growing_pauses():
    async def asked():
        source = hostile(errors=[down(), SourceTimeout("office", "slow")])
        found = await guarded(source).fetch(*ONE)
        return found[0].values["code"], source.calls, seconds()

    assert run(asked()) == ("k1", ["fetch"] * 3, pytest.approx(FIRST_BACKOFF * 1.5))


def test_pauses_double_up_to_the_longest_and_chance_sets_them_apart():
    assert [backoff(n, 1.0) for n in (0, 1, 2)] == [FIRST_BACKOFF, 2 * FIRST_BACKOFF, 4 * FIRST_BACKOFF]
    assert backoff(10**9, 1.0) == LONGEST_BACKOFF == 2 * backoff(10**9, 0.0)


def test_a_call_that_keeps_failing_gives_its_last_error_after_the_declared_repeats():
    source = hostile(errors=[down() for _ in range(9)])
    error, _ = run(ended(guarded(source, system(retries=1)).fetch(*ONE)))
    assert type(error) is SourceUnavailable
    assert source.calls == ["fetch"] * 2


@pytest.mark.parametrize("error", [SourceMisconfigured("office", "no"), SourceBroken("office", "HTML")], ids=type)
def test_what_repeating_cannot_help_is_not_repeated(error):
    source = hostile(errors=[error])
    assert run(ended(guarded(source).fetch(*ONE))) == (error, 0.0)
    assert source.calls == ["fetch"]


def test_a_source_that_says_when_to_come_back_is_asked_then():
    source = hostile(errors=[down(1.5)])
    assert run(ended(guarded(source).fetch(*ONE))) == (None, 1.5)


def test_one_that_asks_for_more_than_the_deadline_is_given_up_at_once_with_its_word():
    error, at = run(ended(guarded(hostile(errors=[down(30.0)])).fetch(*ONE)))
    assert (error.retry_after, at) == (30.0, 0.0)


async def _read(made, cursor=None):
    return [page async for page in made.pull(cursor)]


def _codes(pages):
    return [row.values["code"] for page in pages for row in page.rows]


def test_a_stream_that_breaks_goes_on_from_its_last_checkpoint_and_is_not_called_complete():
    source = hostile(breaks=[down(), down(0.1)])
    pages = run(_read(guarded(source)))
    assert _codes(pages) == [row["code"] for row in ROWS]
    assert [page.complete for page in pages] == [False] * 4
    assert source.calls == ["page"] * 6


def test_a_stream_that_fails_before_its_first_page_begins_again_and_may_be_complete():
    pages = run(_read(guarded(hostile(errors=[down()]))))
    assert (_codes(pages), pages[-1].complete) == ([row["code"] for row in ROWS], True)


@pytest.mark.parametrize(("complete", "goes_on"), [(True, False), (False, True)])
def test_behind_a_checkpoint_only_changes_go_on_since_a_list_would_count_a_row_twice(complete, goes_on):
    source = hostile(breaks=[down()])
    made = guarded(source, bound=binding(complete=complete))
    error, _ = run(ended(_read(made, "2")))
    assert (error is None) is goes_on


def test_a_breaker_opens_refuses_at_once_and_closes_after_one_call_that_came_back():
    async def told():
        source = hostile(errors=[down() for _ in range(3)])
        made = guarded(source, system(retries=0, breaker_failures=3, breaker_seconds=10))
        for _ in range(3):
            await ended(made.fetch(*ONE))
        refused, at = await ended(made.fetch(*ONE))
        assert isinstance(refused, Refused)
        assert (refused.retryable, refused.retry_after, at, len(source.calls)) == (True, 10.0, 0.0, 3)
        await asyncio.sleep(4)
        assert (await ended(made.fetch(*ONE)))[0].retry_after == 6.0
        await asyncio.sleep(6)
        assert [await ended(made.fetch(*ONE)) for _ in range(5)] == [(None, 10.0)] * 5

    run(told())


def test_while_half_open_one_call_asks_and_the_others_are_refused():
    async def told():
        source = hostile(errors=[down()])
        made = guarded(source, system(retries=0, breaker_failures=1))
        await ended(made.fetch(*ONE))
        source.manners = Manners(drips=1.0)
        await asyncio.sleep(10)
        errors = [error for error, _ in await asyncio.gather(*(ended(made.fetch(*ONE)) for _ in range(6)))]
        assert [type(error) for error in errors] == [type(None)] + [Refused] * 5
        assert (await ended(made.fetch(*ONE)))[0] is None

    run(told())


def test_one_breaker_serves_all_bindings_of_a_system_and_no_other_system():
    async def told():
        guards, declared = Guards(time_of()), system(retries=0, breaker_failures=1)
        one = guarded(hostile(errors=[down()]), declared, guards)
        other = guarded(hostile(), declared, guards, binding(name="c"))
        elsewhere = guarded(hostile(), replace(declared, name="elsewhere"), guards)
        changed = guarded(hostile(), replace(declared, deadline=3.0), guards)
        await ended(one.fetch(*ONE))
        errors = [(await ended(made.fetch(*ONE)))[0] for made in (other, elsewhere, changed)]
        assert [type(error) for error in errors] == [Refused, type(None), type(None)]

    run(told())


@pytest.mark.parametrize(
    "error",
    [SourceMisconfigured("office", "no"), SourceBroken("office", "HTML"), down(retry_after=60.0)],
    ids=["misconfigured", "broken", "come back later"],
)
def test_what_is_no_failure_to_answer_does_not_open_the_breaker(error):
    async def told():
        made = guarded(hostile(errors=[error] * 9), system(retries=0, breaker_failures=1))
        for _ in range(9):
            assert (await ended(made.fetch(*ONE)))[0] is error
        assert (await ended(made.fetch(*ONE)))[0] is None

    run(told())


def test_a_cancelled_call_does_not_open_the_breaker_and_gives_its_place_back():
    async def told():
        source = hostile(hangs=True)
        made = guarded(source, system(breaker_failures=1, calls_at_once=1))
        for _ in range(3):
            task = asyncio.create_task(made.fetch(*ONE))
            await asyncio.sleep(0.5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        source.manners = Manners()
        assert (await ended(made.fetch(*ONE)))[0] is None

    run(told())


class Counting(HostileSource):
    """Knows how many calls were with it at once."""

    most = inside = 0

    async def fetch(self, by, values):
        self.inside += 1
        Counting.most = max(Counting.most, self.inside)
        try:
            return await HostileSource.fetch(self, by, values)
        finally:
            self.inside -= 1


def test_no_more_calls_are_on_their_way_than_the_system_takes_and_who_waits_too_long_is_refused():
    async def told():
        source = Counting("office", COLUMNS, ROWS, Manners(drips=0.75))
        made = guarded(source, system(calls_at_once=2))
        return await asyncio.gather(*(ended(made.fetch(*ONE)) for _ in range(7)))

    found = run(told())
    assert [(type(error), at) for error, at in found] == [
        *[(type(None), 0.75)] * 2, *[(type(None), 1.5)] * 2, *[(SourceTimeout, 2.0)] * 2, (Refused, 2.0),
    ]  # fmt: skip
    assert Counting.most == 2


def test_a_call_that_was_left_behind_keeps_its_place_until_it_ends():
    async def told():
        source = hostile(hangs=True, deaf=10.0)
        made = guarded(source, system(calls_at_once=1, breaker_failures=0))
        await ended(made.fetch(*ONE))
        source.manners = Manners()
        refused, _ = await ended(made.fetch(*ONE))
        await asyncio.sleep(10)
        return refused, (await ended(made.fetch(*ONE)))[0]

    refused, later = run(told())
    assert isinstance(refused, Refused)
    assert later is None


def test_calls_keep_the_declared_pace_and_who_would_wait_too_long_is_told_when():
    async def told():
        made = guarded(hostile(), system(1.2, calls_per_second=2))
        return await asyncio.gather(*(ended(made.fetch(*ONE)) for _ in range(4)))

    found = run(told())
    assert [at for _, at in found] == [0.0, 0.5, 1.0, 0.0]
    assert (type(found[3][0]), found[3][0].retry_after) == (Refused, 1.5)


def test_a_fault_of_the_connector_is_an_error_of_its_source():
    class Faulty(HostileSource):
        async def fetch(self, by, values):
            raise KeyError("x")

    error, _ = run(ended(guarded(Faulty("office", COLUMNS, ROWS)).fetch(*ONE)))
    assert (type(error), str(error)) == (SourceBroken, "the connector failed: KeyError: 'x'")


def test_a_row_that_is_too_large_costs_itself_in_a_pull_and_the_answer_of_a_question():
    made = guarded(hostile(huge=LARGEST_ROW + 1))
    pages = run(_read(made))
    (bad,) = [row for page in pages for row in page.rows if isinstance(row, BadRow)]
    assert (bad.position, bad.raw) == ("row 1", "")
    assert sum(len(page.rows) for page in pages) == 7
    error, _ = run(ended(made.fetch(("city",), [("福州",)])))
    assert isinstance(error, SourceBroken)


def test_closing_waits_a_little_for_calls_on_their_way_and_no_longer():
    async def told(**manners):
        source = hostile(**manners)
        made = guarded(source, system(100.0))
        task = asyncio.create_task(ended(made.fetch(*ONE)))
        await asyncio.sleep(0.1)
        await made.close()
        closed_at = seconds()
        task.cancel()
        return closed_at, source.closed

    assert run(told(drips=1.0)) == (1.0, 1)
    assert run(told(hangs=True)) == (0.1 + CLOSE_SECONDS, 1)


def test_a_reader_that_stops_early_ends_the_stream_behind_it():
    ended_with = []

    class Watched(HostileSource):
        async def pull(self, cursor):
            try:
                async for page in HostileSource.pull(self, cursor):
                    yield page
            finally:
                ended_with.append(cursor)

    async def stopped():
        pages = guarded(Watched("office", COLUMNS, ROWS, page=2)).pull(None)
        await anext(pages)
        await pages.aclose()

    run(stopped())
    assert ended_with == [None]


def test_the_defaults_are_those_of_a_system_that_says_nothing():
    limits = limits_of(system())
    assert {name: getattr(limits, name) for name in LIMITS} == LIMITS
    assert limits.deadline == 2.0


@pytest.mark.parametrize(
    ("name", "value"),
    [("retries", "1.5"), ("calls_at_once", "0"), ("page_seconds", "0"), ("breaker_seconds", "-1"), ("retries", "x"),
     ("calls_per_second", "inf")],
)  # fmt: skip
def test_a_limit_that_cannot_be_is_named(name, value):
    with pytest.raises(SourceMisconfigured, match=f"option {name} "):
        limits_of(system(**{name: value}))


def test_a_connector_never_sees_a_limit_and_a_binding_cannot_set_one(tmp_path):
    declared = replace(system(path=tmp_path, calls_at_once=3, retries=0), connector="files")
    open_source(declared, binding(), str)
    with pytest.raises(SourceMisconfigured, match="unknown option retries"):
        open_source(declared, binding(options={"retries": "1"}), str)


_ERRORS = st.one_of(
    st.none(),
    st.floats(0, 3).map(down),
    st.just(SourceTimeout("office", "slow")),
    st.just(SourceBroken("office", "HTML")),
)


@settings(max_examples=60, deadline=None)
@given(
    errors=st.lists(st.lists(_ERRORS, max_size=4), min_size=1, max_size=6),
    drips=st.floats(0, 3),
    deaf=st.sampled_from([0.0, 50.0]),
    hangs=st.booleans(),
    rate=st.sampled_from([0, 1, 5]),
)
def test_no_call_lasts_longer_than_its_deadline_whatever_the_source_does(errors, drips, deaf, hangs, rate):
    async def timed(made):
        begun = seconds()
        error, at = await ended(made.fetch(*ONE))
        assert error is None or error.source == "office"
        assert at - begun <= 2.0 + 1e-6

    async def all_of_them():
        flat = [error for row in errors for error in row if error is not None]
        source = hostile(errors=flat, drips=drips, hangs=hangs, deaf=deaf)
        made = guarded(source, system(2.0, calls_per_second=rate, calls_at_once=2, breaker_failures=2))
        for row in errors:
            await asyncio.gather(*(timed(made) for _ in range(len(row) + 1)))
            await asyncio.sleep(len(row))

    run(all_of_them())
