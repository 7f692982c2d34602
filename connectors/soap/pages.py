"""A pull's walk over a service's answers: page by page with its checkpoint, and when it has listed everything.

Step 2 of walk 2. A listing is complete only where it began at the first page without `since` and ended as it should;
it never believes a service that repeats a page or counts otherwise than it gives.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.soap.answer import Answer
from connectors.soap.settings import Path, Settings
from connectors.soap.since import later, moved_back
from connectors.source import SourceBroken, SourcePage, SourceRow

PAGE = 500
MOST_PAGES = 1_000_000
Row = Mapping[str, object]
Ask = Callable[[Mapping[Path, str]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pull stands: the next page (None between pulls), what it asks since, the last change that it saw.

    `at` is when the read began (seconds of the epoch), between pulls how long the last one took.
    """

    page: int | None = None
    since: str | None = None
    seen: str | None = None
    at: float = 0.0

    @classmethod
    def parse(cls, cursor: str | None) -> Place:
        """The place that a cursor holds. One of another form (another connector's) means: from the beginning."""
        try:
            given = json.loads(cursor or "{}")
            page = given["soap"]
            return cls(None if page is None else int(page), given["since"], given["seen"], float(given["at"]))
        except (ValueError, TypeError, KeyError):
            return cls()

    def cursor(self) -> str | None:
        """The opaque text of it; None where there is nothing to go on from."""
        if self.page is None and self.seen is None:
            return None
        given = {"soap": self.page, "since": self.since, "seen": self.seen, "at": round(self.at, 3)}
        return json.dumps(given, ensure_ascii=False, separators=(",", ":"))

    def saw(self, rows: Sequence[Row], changed: str) -> Place:
        """The place with the rows' changes taken into account."""
        seen = self.seen
        for row in rows if changed else ():
            seen = later(seen, row.get(changed))
        return replace(self, seen=seen)


async def read_pages(
    settings: Settings, ask: Ask, cursor: str | None, clock: Callable[[], float]
) -> AsyncGenerator[SourcePage, None]:
    """Pages from the checkpoint on; the last one is complete where everything was listed from the beginning.

    `clock` tells seconds of the epoch.
    """
    walk = _Walk(settings, _begin(settings, Place.parse(cursor), clock()))
    while not walk.is_over:
        answer = await ask(walk.inputs())
        for page in walk.take(answer, clock()):
            yield page


def _begin(settings: Settings, place: Place, now: float) -> Place:
    """The place of a read that begins now, or of one that goes on."""
    if place.page is not None:
        return place
    asks = bool(settings.paging.since) and place.seen is not None
    since = moved_back(str(place.seen), settings.paging.overlap, place.at) if asks else None
    return Place(None, since, place.seen if asks else None, now)


class _Walk:
    """One pull: which page is next, how many rows came, whether they were all."""

    def __init__(self, settings: Settings, place: Place) -> None:
        self._settings, self._paging = settings, settings.paging
        self._lists_all = place.page is None and place.since is None
        self._page = self._paging.first if place.page is None else place.page
        self._place = replace(place, page=self._page)
        self._read, self._totals = 0, [0, 0]
        self._before: Sequence[Row] = ()
        self.is_over = False

    def inputs(self) -> dict[Path, str]:
        """The input elements of the next request."""
        said = dict(self._settings.inputs)
        if self._paging.page:
            said[self._paging.page] = str(self._page)
        if self._paging.size_path:
            said[self._paging.size_path] = str(self._paging.size)
        if self._place.since is not None:
            said[self._paging.since] = self._place.since
        return said

    def take(self, answer: Answer, now: float) -> list[SourcePage]:
        """The answer's rows as pages. What cannot be the next page is SourceBroken."""
        self._refuse_repetition(answer)
        self._read += len(answer.rows)
        if answer.total is not None:
            self._totals = [answer.total if self._page == self._paging.first else self._totals[0], answer.total]
        self.is_over = self._ends(answer)
        numbered, again = self._numbered(answer.rows), self._place.cursor() if self._paging.page else None
        self._page += 1
        self._before = answer.rows
        self._place = replace(self._place.saw(answer.rows, self._paging.changed), page=self._page)
        return self._cut(numbered, again, now)

    def _refuse_repetition(self, answer: Answer) -> None:
        if answer.rows and answer.rows == self._before:
            told = f"page {self._page} is page {self._page - 1} once more: it does not follow option page_param"
            raise SourceBroken(self._settings.system, f"{told}, or option total is missing")
        if self._page - self._paging.first >= MOST_PAGES:
            raise SourceBroken(self._settings.system, f"its pages do not end: {MOST_PAGES} were read")

    def _ends(self, answer: Answer) -> bool:
        if not self._paging.page or not answer.rows:
            return True
        return self._lists_all and answer.total is not None and self._read >= answer.total

    def _is_complete(self) -> bool:
        """Whether this read listed everything; SourceBroken where the service's own number says otherwise."""
        if not self._lists_all:
            return False
        first, last = self._totals
        if self._paging.total and first == last != self._read:
            told = f"it says that it has {last} rows and gave {self._read}"
            raise SourceBroken(self._settings.system, told)
        return first == last

    def _numbered(self, rows: Sequence[Row]) -> list[SourceRow]:
        where = f"{self._settings.operation} page {self._page}" if self._paging.page else self._settings.operation
        return [SourceRow(row, f"{where} row {number}") for number, row in enumerate(rows, 1)]

    def _cut(self, rows: Sequence[SourceRow], again: str | None, now: float) -> list[SourcePage]:
        """At most PAGE rows each. Only behind the last can be read on: from the others this answer is asked `again`."""
        parts = [tuple(rows[i : i + PAGE]) for i in range(0, len(rows), PAGE)] or [()]
        following = self._end(now) if self.is_over else self._place
        complete = self.is_over and self._is_complete()
        return [*(SourcePage(part, again) for part in parts[:-1]), SourcePage(parts[-1], following.cursor(), complete)]

    def _end(self, now: float) -> Place:
        seen = self._place.seen if self._paging.since else None
        return Place(seen=seen, at=max(0.0, now - self._place.at))
