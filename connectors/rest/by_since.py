"""Pages by changes: each is asked for by the last change of the one before. A manner of step 2 of walk 2; pure.

Rows of one change are never cut between pages: of a full page the last ones are left to the next, which is asked for by
the change before them. So it is the same whether a service gives rows at a change or behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from connectors.rest.client import Answer
from connectors.rest.manners import Parameters, Step, common
from connectors.rest.place import Place
from connectors.rest.rows import value_at
from connectors.rest.settings import Settings
from connectors.rest.stamp import order, stamp_of
from connectors.source import SourceBroken, SourceMisconfigured

#: More rows than this with one value of `changed`: it does not order them.
MOST_OF_ONE_CHANGE = 320_000


class BySince:
    """A walk over a list in the order of its changes. `at` of its places is the last change that was given whole."""

    def __init__(self, settings: Settings) -> None:
        assert settings.since is not None
        self._settings, self._since = settings, settings.since
        self._times = 1
        self._was_short = False

    def parameters(self, place: Place) -> Parameters:
        """The change behind which rows are asked for, and how many."""
        asked = common(self._settings, place, self._times)
        return asked if place.at is None else {**asked, self._since.parameter: place.at}

    def step(self, place: Place, _answer: Answer, items: Sequence[Any]) -> Step:
        """The rows of whole changes that are new, and the last of these changes."""
        stamps = self._stamps(items)
        behind = order(str(place.at)) if place.at is not None else None
        fresh = [(i, s) for i, s in zip(items, stamps, strict=True) if behind is None or order(s) > behind]
        if len(items) >= self._asked:
            return self._full(place, fresh, stamps[-1])
        if self._times > 1 and len(items) <= self._asked // 4:
            raise self._too_many()
        if not fresh:
            return Step((), over=True)
        # Behind a page that is not full nothing should be: more means that rows moved, or that size is not held to.
        sure, self._was_short, self._times = not self._was_short, True, 1
        return Step([item for item, _ in fresh], stamps[-1], sure=sure)

    @property
    def _asked(self) -> int:
        return self._settings.paging.size * self._times

    def _full(self, place: Place, fresh: Sequence[tuple[Any, str]], last: str) -> Step:
        """All but the last change; nothing where it is the only one, and the page is asked for again, larger."""
        whole = [(item, stamp) for item, stamp in fresh if order(stamp) < order(last)]
        if whole:
            self._times = 1
            return Step([item for item, _ in whole], whole[-1][1])
        if self._asked > MOST_OF_ONE_CHANGE:
            raise self._too_many()
        self._times *= 4
        return Step((), place.at)

    def _stamps(self, items: Sequence[Any]) -> list[str]:
        """The change of every item, in their order; an item without one goes with the one before it."""
        given = [stamp_of(value_at(item, self._since.changed)) for item in items]
        known = next((stamp for stamp in given if stamp is not None), None)
        if items and known is None:
            raise SourceMisconfigured(self._settings.system, f"no row has a {self._since.changed}: look at changed")
        stamps: list[str] = []
        for stamp in given:
            stamps.append(stamp or (stamps[-1] if stamps else str(known)))
        if any(order(one) > order(next_) for one, next_ in pairwise(stamps)):
            raise SourceBroken(self._settings.system, f"does not give rows in the order of {self._since.changed}")
        return stamps

    def _too_many(self) -> SourceMisconfigured:
        words = f"has more rows with one value of {self._since.changed} than it gives at once: look at size"
        return SourceMisconfigured(self._settings.system, words)
