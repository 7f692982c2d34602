"""Which binding is due, and which resource is late. Read by the puller before step 1 of walk 2, and by freshness; pure.

A binding with `poll` is asked every so many seconds, others at their resource's update cycle. 不定期 and 按需 are never
late; what nobody can foresee is asked for daily, what is given on demand only when a person says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalogue import codes
from catalogue.model import Binding, Cycle, Mode, Resource
from catalogue.rules import instant, stored_time
from catalogue.snapshot import Snapshot
from hub.control.ports import BindingState

#: 不定期: what nobody can foresee is asked for daily.
IRREGULAR_EVERY = timedelta(days=1)
#: A complete binding is read whole at least this rarely even where its resource changes faster.
WHOLE_AT_MOST_EVERY = timedelta(days=1)
LONGEST_PAUSE = timedelta(minutes=10)
FIRST_PAUSE = timedelta(seconds=2)
#: What a source may ask for: one that is told to come back next year is asked tomorrow all the same.
LONGEST_ASKED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How new a resource's records are: `as_of` is the oldest last success of its bindings, `due` when the next is
    expected (None where nothing can be expected), both in stored form.
    """

    as_of: str | None
    due: str | None
    late: bool


def period(binding: Binding, cycle: Cycle) -> timedelta | None:
    """The time from one pull of the binding to the next; None where only a person starts one."""
    if binding.poll:
        return timedelta(seconds=binding.poll)
    return IRREGULAR_EVERY if cycle is Cycle.IRREGULAR else codes.period(cycle)


def is_due(binding: Binding, cycle: Cycle, state: BindingState, now: datetime) -> bool:
    """Whether the binding is to be pulled now; a binding never pulled is, a paused one is not."""
    if state.paused is not None:
        return False
    if state.last_success is None:
        return True
    every = period(binding, cycle)
    return every is not None and instant(state.last_success) + every <= now


def wants_whole(binding: Binding, cycle: Cycle, state: BindingState, now: datetime) -> bool:
    """Whether this pull should read everything, so that what is gone at the source is noticed."""
    if not binding.complete:
        return False
    if state.last_full is None:
        return state.last_success is not None
    every = max(codes.period(cycle) or WHOLE_AT_MOST_EVERY, WHOLE_AT_MOST_EVERY)
    return instant(state.last_full) + every <= now


def pause_after(failures: int, asked: float = 0.0) -> timedelta:
    """How long to leave a source alone after so many failures in a row: twice as long each time, up to ten minutes, and
    never less than the seconds that it asked for, up to a day.
    """
    doublings = min(max(failures - 1, 0), 20)
    return max(min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE), min(timedelta(seconds=asked), LONGEST_ASKED))


def freshness(resource: Resource, states: Sequence[BindingState], now: datetime) -> Freshness:
    """How new the resource's records are, from the states of all its bindings. A live resource is always fresh."""
    if resource.mode is Mode.LIVE or not states:
        return Freshness(None, None, late=False)
    successes = [state.last_success for state in states]
    known = [at for at in successes if at is not None]
    as_of = min(known) if len(known) == len(successes) else None
    if as_of is None:
        return Freshness(None, None, late=codes.due(resource.cycle, now) is not None)
    due = codes.due(resource.cycle, instant(as_of))
    return Freshness(as_of, stored_time(due) if due else None, late=due is not None and due <= now)


def pullable(snapshot: Snapshot, names: Sequence[str] = ()) -> list[Binding]:
    """Bindings of synced resources, of the named resources or bindings only where any are named.

    KeyError, with the name, for a name that is neither; ValueError for a live resource, which is never pulled.
    """
    synced = [b for b in snapshot.catalogue.bindings.values() if snapshot.resource(b.resource).mode is Mode.SYNCED]
    if not names:
        return synced
    for name in names:
        resource = snapshot.resources.get(name)
        if resource is not None and resource.mode is Mode.LIVE:
            raise ValueError(f"{name} is asked for live and never pulled")
        if resource is None and name not in snapshot.catalogue.bindings:
            raise KeyError(name)
    return [b for b in synced if b.resource in names or b.name in names]
