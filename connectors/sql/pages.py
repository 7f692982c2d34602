"""The walk over a table in short questions by key or by change, page by page with its checkpoint. Blocking.

A question reads some thousand rows at once and lets the connection go, so that a slow pull holds no lock and no
snapshot in the department's database. Rows of equal keys stay together. Step 2 of walk 2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count, groupby
from typing import Any

from sqlalchemy import Select

from connectors.source import BadRow, SourceMisconfigured, SourcePage, SourceRow
from connectors.sql.database import Database, Row, Undecodable
from connectors.sql.place import Place
from connectors.sql.settings import Settings
from connectors.sql.target import Target, Values, find_target

PAGE = 500
CHUNK = 5000
#: More rows of one key than this: it is no key.
LARGEST_CHUNK = 64 * CHUNK
Pages = Generator[SourcePage, None, None]


def read_pages(database: Database, settings: Settings, cursor: str | None) -> Pages:
    """Pages from the checkpoint on; the last one is empty. Without a key all is one stream without checkpoints."""
    target = find_target(database, settings)
    reading = Reading(database, settings, target)
    place = Place.parse(cursor)
    if not target.key:
        yield from reading.stream(target.select(), None)
        yield SourcePage((), None, complete=True)
    elif place.key is not None and len(place.key) != len(target.key):
        yield from reading.everything(Place())
    elif place.following and target.changed:
        yield from reading.changes(place)
    else:
        yield from reading.everything(Place() if place.following else place)


class Reading:
    """One walk over a target."""

    def __init__(self, database: Database, settings: Settings, target: Target) -> None:
        self._database, self._settings, self._target = database, settings, target
        self._numbers = count(1)

    def everything(self, place: Place) -> Pages:
        """Every row by key, those without a key at the end; then the place from which changes are followed."""
        complete = place == Place()
        if complete and self._target.changed:
            place = Place(since=self._last_change())
        by = self._target.key
        for page, key in self._in_order(self._target.after_key, by, place.key):
            place = replace(place, key=key)
            yield SourcePage(page, place.cursor())
        without = self._target.without_key()
        if without is not None:
            yield from self.stream(without, place.cursor())
        follow = self._target.changed is not None and place.since is not None
        yield SourcePage((), Place(following=True, since=place.since).cursor() if follow else None, complete=complete)

    def changes(self, place: Place) -> Pages:
        """Rows changed since the place, and those of the overlap before it once more.

        It ends at the largest change known when it begins, so that no row comes twice in one pull.
        """
        assert self._target.changed is not None
        begin = place.step_back(self._settings.overlap)
        by, ask = (self._target.changed, *self._target.key), partial(self._target.after_change, self._last_change())
        for page, reached in self._in_order(ask, by, (begin.since, *(begin.key or ()))):
            place = Place(following=True, since=reached[0], key=reached[1:])
            yield SourcePage(page, place.cursor())
        yield SourcePage((), place.cursor())

    def stream(self, statement: Select[Any], cursor: str | None) -> Pages:
        """The rows of one statement, all with the same checkpoint."""
        for part in self._database.stream(statement, self._settings.timeout, PAGE):
            yield SourcePage(self._page(part), cursor)

    def _last_change(self) -> Any:
        return self._database.rows(self._target.last_change(), self._settings.timeout)[0][0]

    def _in_order(
        self, ask: Callable[[Values | None], Select[Any]], by: Sequence[str], after: Values | None
    ) -> Iterator[tuple[tuple[SourceRow | BadRow, ...], Values]]:
        """Pages of at least PAGE rows, never cut within equal values of `by`, with the last such values."""
        places = [self._target.read.index(name) for name in by]
        for rows in self._chunks(ask, places, after):
            page: list[Row] = []
            reached: Values = ()
            for reached, group in groupby(rows, lambda row: tuple([row[i] for i in places])):
                page.extend(group)
                if len(page) >= PAGE:
                    yield self._page(page), reached
                    page = []
            if page:
                yield self._page(page), reached

    def _chunks(
        self, ask: Callable[[Values | None], Select[Any]], places: Sequence[int], after: Values | None
    ) -> Iterator[Sequence[Row]]:
        """Rows of one question each, the last group of equal values left to the next question."""
        limit = CHUNK
        while True:
            rows = self._database.rows(ask(after).limit(limit + 1), self._settings.timeout)
            if len(rows) <= limit:
                yield rows
                return
            end = _last_group(rows, places)
            limit = CHUNK if end else self._larger(limit)
            if end:
                yield rows[:end]
                after = tuple([rows[end - 1][i] for i in places])

    def _larger(self, limit: int) -> int:
        if limit >= LARGEST_CHUNK:
            message = f"more than {limit} rows have equal values in {', '.join(self._target.key)}: it is no key"
            raise SourceMisconfigured(self._settings.system, message)
        return limit * 4

    def _page(self, rows: Sequence[Row]) -> tuple[SourceRow | BadRow, ...]:
        name, names = self._settings.name, self._target.read
        return tuple(
            [_row(f"{name} row {number}", names, row) for row, number in zip(rows, self._numbers, strict=False)]
        )


def _last_group(rows: Sequence[Row], places: Sequence[int]) -> int:
    """Where the rows begin whose values equal the last row's."""
    last = [rows[-1][i] for i in places]
    start = len(rows) - 1
    while start and [rows[start - 1][i] for i in places] == last:
        start -= 1
    return start


def _row(position: str, names: Sequence[str], row: Row) -> SourceRow | BadRow:
    values = dict(zip(names, row, strict=True))
    if Undecodable not in set(map(type, row)):
        return SourceRow(values, position)
    broken = ", ".join(name for name, value in values.items() if isinstance(value, Undecodable))
    return BadRow(
        position, f"column {broken}: its bytes are not UTF-8", json.dumps(values, default=str, ensure_ascii=False)
    )
