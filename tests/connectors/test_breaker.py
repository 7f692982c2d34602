"""The breaker and the pace, by their rules alone: no clock runs here."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from connectors.breaker import PROBES, Breaker, Pace, Verdict

ALLOWED, REST = 3, 10.0


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin, end in any order and with any verdict, and time passes; a plain model says what must hold."""

    def __init__(self):
        super().__init__()
        self.breaker = Breaker(ALLOWED, REST)
        self.now = 0.0
        self.calls = []
        self.row, self.turns = 0, 0
        self.open_until = None

    @rule()
    def a_call_is_tried(self):
        wait = self.breaker.wait(self.now)
        if self.open_until is not None and self.now < self.open_until:
            assert wait == self.open_until - self.now, "an open breaker let a call through"
        if wait is None:
            self.calls.append((self.breaker.enter(self.now), self.turns))

    @rule(chance=st.integers(0, 100), verdict=st.sampled_from(Verdict))
    def a_call_ends(self, chance, verdict):
        if not self.calls:
            return
        ticket, began_in = self.calls.pop(chance % len(self.calls))
        self.breaker.leave(ticket, verdict, self.now)
        if began_in == self.turns:  # else it began before the breaker last opened or closed
            self._model(verdict)

    def _model(self, verdict):
        if self.open_until is not None:
            if verdict is not Verdict.UNSAID:
                self.open_until = None if verdict is Verdict.GOOD else self.now + REST
                self._turned()
        elif verdict is not Verdict.UNSAID:
            self.row = self.row + 1 if verdict is Verdict.BAD else 0
            if self.row == ALLOWED:
                self.open_until = self.now + REST
                self._turned()

    def _turned(self):
        self.row, self.turns = 0, self.turns + 1

    @rule(seconds=st.floats(0.1, 2 * REST))
    def time_passes(self, seconds):
        self.now += seconds

    @invariant()
    def it_is_open_exactly_when_the_model_is(self):
        assert self.breaker.opens_at == self.open_until

    @invariant()
    def no_more_than_the_probes_are_on_their_way_while_half_open(self):
        if self.breaker.opens_at is not None:
            assert sum(ticket == self.breaker.era for ticket, _ in self.calls) <= PROBES


TestBreaker = BreakerMachine.TestCase


def test_a_verdict_of_a_call_from_before_it_opened_does_not_close_it():
    breaker = Breaker(1, REST)
    early, late = breaker.enter(0), breaker.enter(0)
    breaker.leave(late, Verdict.BAD, 1)
    breaker.leave(early, Verdict.GOOD, 2)
    assert breaker.wait(2) == 9
    probe = breaker.enter(11)
    assert breaker.wait(11) is not None
    breaker.leave(probe, Verdict.UNSAID, 12)
    breaker.leave(breaker.enter(12), Verdict.GOOD, 12)
    assert breaker.wait(12) is None


def test_a_breaker_that_allows_no_number_of_failures_never_opens():
    breaker = Breaker(0, REST)
    for _ in range(100):
        breaker.leave(breaker.enter(0), Verdict.BAD, 0)
    assert breaker.wait(0) is None


@given(
    per_second=st.sampled_from([0.5, 1.0, 3.0, 7.0]),
    gaps=st.lists(st.floats(0, 3), min_size=1, max_size=40),
    patience=st.floats(0.1, 5),
)
def test_no_second_has_more_turns_than_the_pace_allows_and_none_lies_behind_the_deadline(per_second, gaps, patience):
    pace, now, turns = Pace(per_second), 0.0, []
    for gap in gaps:
        now += gap
        free = pace.free_at
        turn = pace.turn(now, now + patience)
        if turn is None:
            assert pace.free_at == free >= now + patience
        else:
            assert 0 <= turn < patience
            turns.append(now + turn)
    assert all(later - earlier >= 1 / per_second - 1e-9 for earlier, later in pairwise(turns))


def test_without_a_pace_every_turn_is_now():
    assert [Pace(0).turn(now, now) for now in (1, 1, 1)] == [0, 0, 0]
