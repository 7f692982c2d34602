"""Whether a read listed everything: what the service says how many rows there are, against what it gave. Pure.

Nothing is deleted on suspicion, so a read that may have missed rows is not complete; a service whose number never
changed and does not fit is a fault that a person must look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.rest.settings import Settings
from connectors.source import SourceBroken

#: Answers without rows that may come one behind the other before it counts as a walk without an end.
MOST_EMPTY = 1000


@dataclass(slots=True)
class Tally:
    """What a read from the beginning met: rows given, and the numbers of all rows that the service told."""

    settings: Settings
    given: int = 0
    sure: bool = True
    _totals: list[int] = field(default_factory=list)
    _fell: bool = False
    _empty: int = 0
    _page: int | None = None
    _until: int = 1
    _pages: int = 0

    def add(self, items: Sequence[Any], total: Any) -> None:
        """Count an answer; SourceBroken where it came before, or holds no number where one is declared."""
        self._require_new(items)
        self.given += len(items)
        if not self.settings.total:
            return
        number = int(total) if isinstance(total, int | str) and str(total).isdecimal() else None
        if number is None:
            raise SourceBroken(self.settings.system, f"has no number at {self.settings.total}: look at total")
        least, most, last = self._totals or (number, number, number)
        self._fell = self._fell or number < last
        self._totals = [min(least, number), max(most, number), number]

    @property
    def answers(self) -> int:
        """The answers counted so far."""
        return self._pages

    @property
    def all_given(self) -> bool:
        """Whether as many rows came as the service says there are."""
        return bool(self._totals) and self._totals[2] == self.given

    def complete(self) -> bool:
        """Whether everything was listed; SourceBroken where the service says otherwise all along."""
        if not self._totals:
            return self.sure
        least, most, _ = self._totals
        manner = self.settings.paging.manner
        if manner == "since":
            return self.sure and self.given >= most
        if least == most and self.given != least:
            told = f"says that there are {least} rows and gives {self.given}"
            raise SourceBroken(self.settings.system, f"{told}: nothing was deleted; look at total and pages")
        shifted = self._fell and manner in ("page", "offset")
        return self.sure and not shifted and least <= self.given <= most

    def _require_new(self, items: Sequence[Any]) -> None:
        """Compare with one earlier page, twice as far apart each time: a circle of any length is found in the end."""
        self._empty = 0 if items else self._empty + 1
        page = hash((len(items), repr(items[0]), repr(items[-1]))) if items else None
        if self._empty > MOST_EMPTY or (page is not None and page == self._page):
            raise SourceBroken(self.settings.system, "gives a page again that came before: look at page_param and next")
        self._pages += 1
        if self._pages == self._until:
            self._until *= 2
            self._page = page
