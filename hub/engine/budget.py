"""How many records a bound plan can read at most, before anything is read (step 5 of walk 1, a question). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from catalogue.model import Mode
from hub.engine.bind import Bound, Claims, Ids, Keys, Newest
from hub.engine.live import MOST_LISTED
from hub.engine.plan import ByKey, History, Link, Many, Nodes, One, Plan, Selection, SubjectOf, Verify
from hub.errors import Code, HubError

MOST_RECORDS = 50_000


def judge_size(plan: Plan, bound: Bound, most: int = MOST_RECORDS) -> int:
    """The most records (and changes) that the plan can read; DOCUMENT_REFUSED where they are more than `most`."""
    total = 0
    for step in plan.roots:
        match step:
            case One(_, _, selection):
                total += _of((selection,), 1, bound)
            case ByKey(at, _, selection):
                keys = bound.arguments[at.number]
                assert isinstance(keys, Keys)
                total += _of((selection,), len(keys.values), bound)
            case Many(_, _, shape):
                total += _of(shape.selections, bound.paged(step).window.most, bound)
            case Nodes(at, _, selections):
                ids = bound.arguments[at.number]
                assert isinstance(ids, Ids)
                total += _of(tuple(selections.values()), len(ids.values), bound)
            case SubjectOf(pages=pages):
                total += sum(_of(page.shape.selections, bound.paged(page).window.most, bound) for page in pages)
            case Verify(at):
                claims = bound.arguments[at.number]
                assert isinstance(claims, Claims)
                total += len(claims.keys.values)
    if total > most:
        message = f"the question can read {total} records, the limit is {most}: ask for smaller pages"
        raise HubError(Code.DOCUMENT_REFUSED, message, figure=total, limit=most)
    return total


def _of(selections: Sequence[Selection], records: int, bound: Bound) -> int:
    """The records themselves, what is followed from each, and the changes of each with their own records."""
    linked = sum(_of(link.selections, records * _each(link, bound), bound) for s in selections for link in s.links)
    return records + linked + sum(_changes(history, records, bound) for s in selections for history in s.histories)


def _changes(history: History, records: int, bound: Bound) -> int:
    """A change is read with its record before and after it."""
    newest = bound.arguments[history.at.number]
    assert isinstance(newest, Newest)
    changes = records * newest.first
    return 2 * changes + sum(_of((selection,), changes, bound) for _, selection in history.records)


def _each(link: Link, bound: Bound) -> int:
    if link.target.mode is Mode.LIVE:
        return MOST_LISTED
    return bound.paged(link).window.most if link.shape else 1
