"""When a binding is due, when it is read whole, and when a resource is late."""

from datetime import UTC, datetime, timedelta

import pytest

from catalogue.model import Cycle, Mode
from catalogue.rules import stored_time
from hub.control.ports import BindingState
from hub.pull.schedule import LONGEST_ASKED, LONGEST_PAUSE, freshness, is_due, pause_after, pullable, wants_whole
from tests.hub.pull.office import binding_to, licence, snapshot_of

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def ago(**time):
    return stored_time(NOW - timedelta(**time))


@pytest.mark.parametrize(
    ("cycle", "poll", "since", "due"),
    [
        (Cycle.DAILY, 0, timedelta(hours=23), False),
        (Cycle.DAILY, 0, timedelta(hours=24), True),
        (Cycle.REAL_TIME, 0, timedelta(seconds=60), True),
        (Cycle.WEEKLY, 0, timedelta(days=6), False),
        (Cycle.YEARLY, 0, timedelta(days=367), True),
        (Cycle.YEARLY, 5, timedelta(seconds=4), False),
        (Cycle.YEARLY, 5, timedelta(seconds=5), True),
        (Cycle.IRREGULAR, 0, timedelta(days=1), True),
        (Cycle.ON_DEMAND, 0, timedelta(days=1000), False),
        (Cycle.ON_DEMAND, 5, timedelta(seconds=5), True),
    ],
)
def test_a_binding_is_due_by_its_poll_or_its_resources_cycle(tmp_path, cycle, poll, since, due):
    state = BindingState("b", last_success=stored_time(NOW - since))
    assert is_due(binding_to(tmp_path, poll=poll), cycle, state, NOW) is due


def test_what_was_never_pulled_is_due_and_what_is_paused_is_not(tmp_path):
    binding = binding_to(tmp_path)
    assert is_due(binding, Cycle.ON_DEMAND, BindingState("b"), NOW)
    assert not is_due(binding, Cycle.REAL_TIME, BindingState("b", paused="drift: columns new: x"), NOW)


@pytest.mark.parametrize(
    ("cycle", "last_full", "whole"),
    [
        (Cycle.REAL_TIME, ago(hours=23), False), (Cycle.REAL_TIME, ago(hours=24), True), (Cycle.WEEKLY, ago(days=6), False),
        (Cycle.WEEKLY, ago(days=7), True), (Cycle.ON_DEMAND, ago(days=1), True), (Cycle.DAILY, None, True),
    ],
)  # fmt: skip
def test_a_complete_binding_is_read_whole_now_and_then(tmp_path, cycle, last_full, whole):
    state = BindingState("b", last_success=ago(hours=1), last_full=last_full)
    assert wants_whole(binding_to(tmp_path), cycle, state, NOW) is whole
    assert not wants_whole(binding_to(tmp_path, complete=False), cycle, state, NOW)


def test_pauses_double_up_to_a_limit():
    assert [pause_after(n).total_seconds() for n in (1, 2, 3, 4)] == [2, 4, 8, 16]
    assert pause_after(1000) == LONGEST_PAUSE


def test_a_source_is_left_alone_at_least_as_long_as_it_asks_but_not_for_ever():
    assert [pause_after(n, 30.0).total_seconds() for n in (1, 5, 6)] == [30, 32, 64]
    assert pause_after(1, 3600.0).total_seconds() == 3600
    assert pause_after(1, 10.0**9) == LONGEST_ASKED


@pytest.mark.parametrize(
    ("cycle", "successes", "as_of", "late"),
    [
        (Cycle.DAILY, [ago(hours=1), ago(hours=20)], ago(hours=20), False),
        (Cycle.DAILY, [ago(hours=1), ago(hours=49)], ago(hours=49), True),
        (Cycle.DAILY, [ago(hours=1), None], None, True),
        (Cycle.IRREGULAR, [ago(days=900)], ago(days=900), False),
        (Cycle.ON_DEMAND, [None], None, False),
    ],
)
def test_a_resource_is_as_new_as_its_oldest_binding_and_late_by_its_cycle(cycle, successes, as_of, late):
    found = freshness(licence(cycle=cycle), [BindingState("b", last_success=s) for s in successes], NOW)
    assert (found.as_of, found.late) == (as_of, late)
    assert (found.due is None) == (as_of is None or cycle is Cycle.IRREGULAR)


def test_a_live_resource_and_one_without_bindings_are_never_late():
    assert not freshness(licence(mode=Mode.LIVE), [BindingState("b")], NOW).late
    assert not freshness(licence(), [], NOW).late


def test_bindings_are_named_by_themselves_or_by_their_resource(tmp_path):
    one, other = binding_to(tmp_path), binding_to(tmp_path, "county_csv")
    snapshot = snapshot_of(licence(), one, other)
    assert pullable(snapshot) == pullable(snapshot, ["licence"]) == [one, other]
    assert pullable(snapshot, ["county_csv"]) == [other]
    with pytest.raises(KeyError, match="nothing"):
        pullable(snapshot, ["nothing"])


def test_a_live_resource_is_never_pulled(tmp_path):
    snapshot = snapshot_of(licence(mode=Mode.LIVE), binding_to(tmp_path))
    assert pullable(snapshot) == []
    with pytest.raises(ValueError, match="never pulled"):
        pullable(snapshot, ["licence"])
