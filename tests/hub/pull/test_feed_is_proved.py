"""The feed is proved: old state + changes = new state, for random pulls, marks, moments, repeats and interruptions."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.pull.marks import Mark, MarkKind, put_mark
from hub.pull.model import STEPS
from hub.pull.protocol import CLOCK, Desk, write
from hub.pull.report import Outcome
from hub.records.model import Operation, Walk
from tests.hub.pull import victim
from tests.hub.pull.office import Hub, replayed, row

CODES = [f"A{n}" for n in range(6)]
DATES = ["", "2026-03-05", "2026-03-20", "2026-04-05"]

rows = st.lists(
    st.builds(
        row, st.sampled_from([*CODES, ""]), name=st.sampled_from(["一", "二"]), valid_to=st.sampled_from(DATES),
        state=st.sampled_from(["", "1", "2"]),
    ),
    min_size=1, max_size=8,
)  # fmt: skip
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("pull"), rows),
        st.tuples(st.just("again"), st.booleans()),
        st.tuples(st.just("cut off"), st.tuples(rows, st.sampled_from(STEPS), st.integers(0, 2))),
        st.tuples(st.just("mark"), st.tuples(st.sampled_from(CODES), st.sampled_from(["2", "9", None]))),
        st.tuples(st.just("time"), st.integers(1, 12)),
    ),
    min_size=1, max_size=7,
)  # fmt: skip


class CutOff(BaseException):
    """A worker ends, whatever it was doing."""


def cut_off_at(place, occurrence):
    left = occurrence

    def reached(name):
        nonlocal left
        left -= name == place
        if left < 0:
            raise CutOff

    return reached


class Story:
    """One hub, and what its department sent last."""

    def __init__(self, hub):
        self.hub, self.sent, self.rest = hub, [], {}

    async def tell(self, deeds):
        for deed, how in deeds:
            await getattr(self, deed.replace(" ", "_"))(how)
            await self.check()
        if self.sent:
            tally = await self.hub.pull(full=True, allow_delete=True)
            assert tally.good
            await self.clock()
            await self.check()
            await self.check_source()

    async def pull(self, sent):
        self.send(sent)
        assert (await self.hub.pull()).outcome in {Outcome.DONE, Outcome.GUARDED}

    async def again(self, full):
        if self.sent:
            await self.hub.pull(full=full)

    async def cut_off(self, how):
        sent, place, occurrence = how
        self.send(sent)
        try:
            await self.hub.pull(reached=cut_off_at(place, occurrence))
        except CutOff:
            pass

    async def mark(self, how):
        code, state = how
        if code in await self.hub.images():
            kind = MarkKind.CLOSED if state is None else MarkKind.CORRECTION
            deed = Mark(kind, self.hub.handle(code), {"state": state}, "李四", "核实")
            await put_mark(self.hub.worker, self.hub.resource, deed)

    async def time(self, days):
        self.hub.now += timedelta(days=days)
        await self.clock()

    async def clock(self):
        await write(Desk(self.hub.worker, self.hub.resource, "clock"), CLOCK)

    def send(self, sent):
        self.sent = sent
        self.hub.send(*sent)

    async def check(self):
        """Changes follow each other; each record is as the log makes it at its sequence, all of them up to `applied`."""
        changes = await self.hub.changes()
        state = await self.hub.control.state("licence")
        present = await self.hub.records.walk(Walk(self.hub.resource, 0, state.watermark, 1000))
        for seq, image in present:
            assert replayed(changes[:seq])[image.handle] == image
        if state.applied == state.watermark:
            assert replayed(changes) == {image.handle: image for _, image in present}
        for change in changes:
            if change.operation is Operation.MOMENT:
                assert change.before == change.after
            else:
                assert change.before is None or change.after is None or not change.before.same_as(change.after)

    async def check_source(self):
        """At rest: one record a key, as its first row says, but where a mark wins."""
        first = {}
        for sent in self.sent:
            if sent["code"]:
                first.setdefault(sent["code"], sent)
        images = await self.hub.images()
        assert set(images) == set(first)
        for code, image in images.items():
            sent = {name: first[code][name] or None for name in ("name", "valid_to", "state")}
            assert {**sent, **image.marks} == {name: image.values[name] for name in sent}


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(deeds)
def test_old_state_and_changes_make_the_new_state(story):
    run(story)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(deeds)
def test_old_state_and_changes_make_the_new_state_a_thousand_times(story):
    run(story)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch):
    victim.small_pages(monkeypatch.setattr)


def run(story):
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(Path(folder))
        try:
            asyncio.run(Story(hub).tell(story))
        finally:
            hub.close()
