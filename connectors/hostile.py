"""A Source that misbehaves on purpose, as declared: for tests of what stands round sources, and for no running hub.

It implements the port over rows in memory and passes the contract while its manners are good. It hangs, drips, fails,
breaks off, lies about completeness, sends rows that are too large or columns that nobody declared.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.source import Offer, OfferedColumn, SourceError, SourceMisconfigured, SourcePage, SourceRow

Row = Mapping[str, object]
PAGE = 500


@dataclass(slots=True)
class Manners:
    """How it misbehaves; without any word it does not.

    `errors` are raised by the next calls, one each (a page is a call), `breaks` by the pages behind the first
    `breaks_after` of a stream. `hangs` never answers; for `deaf` seconds it does not heed its cancellation either.
    `drips` are the seconds that every call takes. `leaves_out` so many last rows and says all the same that it listed
    everything. `huge` characters stand in the first column of the first row. `columns` are what it calls its columns.
    """

    errors: list[SourceError] = field(default_factory=list)
    breaks: list[SourceError] = field(default_factory=list)
    breaks_after: int = 1
    hangs: bool = False
    deaf: float = 0.0
    drips: float = 0.0
    leaves_out: int = 0
    huge: int = 0
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class HostileSource:
    """Rows of one list with these columns. `calls` are the names of the calls that reached it, `closed` how often."""

    system: str
    columns: tuple[str, ...]
    rows: Sequence[Row] | None
    manners: Manners = field(default_factory=Manners)
    page: int = PAGE
    calls: list[str] = field(default_factory=list)
    closed: int = 0

    async def check(self) -> None:
        """There where it has rows, be it none."""
        await self._behave("check")
        self._listed()

    async def shape(self) -> tuple[str, ...]:
        """The columns that it says it has."""
        await self._behave("shape")
        self._listed()
        return self._named()

    async def discover(self) -> tuple[Offer, ...]:
        """One offer."""
        await self._behave("discover")
        columns = tuple(OfferedColumn(name, "C", samples=("x",)) for name in self._named())
        return (Offer("rows", columns),)

    async def pull(self, cursor: str | None) -> AsyncIterator[SourcePage]:
        """Pages whose cursors count rows; the last one has none, so that the next pull begins again."""
        rows = self._listed()
        rows = rows[: len(rows) - self.manners.leaves_out]
        begin, given = int(cursor or 0), 0
        while True:
            await self._behave("page")
            if given >= self.manners.breaks_after and self.manners.breaks:
                raise self.manners.breaks.pop(0)
            end = begin + self.page
            last = end >= len(rows)
            sent = tuple(self._sent(number, rows[number]) for number in range(begin, min(end, len(rows))))
            yield SourcePage(sent, None if last else str(end), complete=last and cursor is None)
            if last:
                return
            begin, given = end, given + 1

    async def fetch(self, by: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> list[SourceRow]:
        """Rows whose columns, as text, are one of the tuples."""
        await self._behave("fetch")
        wanted = set(values)
        met = (n for n, row in enumerate(self._listed()) if tuple(str(row.get(name)) for name in by) in wanted)
        return [self._sent(number, self._listed()[number]) for number in met]

    async def close(self) -> None:
        """Counted."""
        self.closed += 1

    async def _behave(self, call: str) -> None:
        self.calls.append(call)
        if self.manners.drips:
            await asyncio.sleep(self.manners.drips)
        if self.manners.errors:
            raise self.manners.errors.pop(0)
        if self.manners.hangs:
            await self._hang()

    async def _hang(self) -> None:
        deaf = self.manners.deaf
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(deaf)

    def _listed(self) -> Sequence[Row]:
        if self.rows is None:
            raise SourceMisconfigured(self.system, "there is no such list")
        return self.rows

    def _named(self) -> tuple[str, ...]:
        return self.manners.columns or self.columns

    def _sent(self, number: int, row: Row) -> SourceRow:
        values = dict(zip(self._named(), (row.get(name) for name in self.columns), strict=False))
        if self.manners.huge and not number:
            values[self._named()[0]] = "x" * self.manners.huge
        return SourceRow(values, f"row {number + 1}")
