"""What stops a pull from doing harm: the deletion guard and the drift of a source's shape. Steps 3 and 16; pure.

Nothing is deleted on suspicion. A verdict is a sentence for the person who must decide, or None where nothing is in
the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.control.ports import BindingState

#: How a drift begins in `BindingState.paused`, by which it is told from a person's pause.
DRIFT = "drift: "


@dataclass(frozen=True, slots=True)
class Missing:
    """What a complete read came to: of `present` records of the binding `count` were not in it, and `in_doubt` rows
    could not be read to a key and were not there when nothing was last in doubt.
    """

    count: int
    present: int
    in_doubt: int = 0


def deletion_verdict(missing: Missing, share: float) -> str | None:
    """Why the missing records may not be deleted without a person's word (`--allow-delete`), or None."""
    if not missing.count:
        return None
    if missing.in_doubt:
        return (
            f"{missing.count} records are missing from the source, and {missing.in_doubt} rows whose key cannot be "
            "read may be among them"
        )
    if missing.count > share * missing.present:
        return (
            f"{missing.count} of {missing.present} records are missing from the source, "
            f"more than the allowed share of {share:.0%}"
        )
    return None


def drift_verdict(accepted: Sequence[str], now: Sequence[str]) -> str | None:
    """How the source's columns differ from the accepted ones, or None. Their order is no part of the shape."""
    if not accepted or sorted(accepted) == sorted(now):
        return None
    gone, new = Counter(accepted) - Counter(now), Counter(now) - Counter(accepted)
    parts = [f"{what} {', '.join(names.elements())}" for what, names in (("gone:", gone), ("new:", new)) if names]
    return "columns " + "; ".join(parts)


def stopped_by_drift(state: BindingState) -> bool:
    """Whether it was drift, and no person, that paused the binding."""
    return state.paused is not None and state.paused.startswith(DRIFT)


def with_drift_accepted(state: BindingState) -> BindingState:
    """The state after a person's word that the source's present shape is right."""
    return replace(state, shape=(), paused=None if stopped_by_drift(state) else state.paused)
