"""The verdicts that stop a pull from doing harm."""

import pytest

from hub.control.ports import BindingState
from hub.pull.guards import Missing, deletion_verdict, drift_verdict, stopped_by_drift, with_drift_accepted


@pytest.mark.parametrize(
    ("missing", "share", "held"),
    [
        (Missing(0, 100), 0.0, False),
        (Missing(0, 0), 0.1, False),
        (Missing(0, 100, in_doubt=5), 0.1, False),
        (Missing(10, 100), 0.1, False),
        (Missing(11, 100), 0.1, True),
        (Missing(1, 1), 0.1, True),
        (Missing(1, 1), 1.0, False),
        (Missing(1, 100, in_doubt=1), 0.1, True),
        (Missing(1, 1000), 0.0, True),
    ],
)
def test_deletions_wait_for_a_person_beyond_the_share_and_in_doubt(missing, share, held):
    assert (deletion_verdict(missing, share) is not None) is held


def test_what_is_left_of_an_allowed_deletion_is_allowed_too():
    """So a pull that was killed while it deleted goes on."""
    for present in range(1, 60):
        for count in range(1, present + 1):
            if deletion_verdict(Missing(count, present), 0.3) is None:
                assert all(deletion_verdict(Missing(count - k, present - k), 0.3) is None for k in range(count))


@pytest.mark.parametrize(
    ("accepted", "now", "verdict"),
    [
        ((), ("a", "b"), None),
        (("a", "b"), ("b", "a"), None),
        (("a", "b"), ("a",), "columns gone: b"),
        (("a",), ("a", "b"), "columns new: b"),
        (("a", "a"), ("a",), "columns gone: a"),
        (("代码", "b"), ("编码", "b"), "columns gone: 代码; new: 编码"),
        (("a",), (), "columns gone: a"),
    ],
)
def test_drift_names_every_column_that_went_or_came(accepted, now, verdict):
    assert drift_verdict(accepted, now) == verdict


def test_accepting_drift_lifts_no_pause_of_a_person():
    by_person = BindingState("b", shape=("a",), paused="张三: 升级")
    assert not stopped_by_drift(by_person)
    assert with_drift_accepted(by_person) == BindingState("b", paused="张三: 升级")
    by_drift = BindingState("b", shape=("a",), paused="drift: columns new: b")
    assert with_drift_accepted(by_drift) == BindingState("b")
