"""The sql connector (`connector = "sql"`): a table, view or query of SQLite or PostgreSQL as a Source.

Step 2 of walk 2, and the live step of walk 1. It only reads. It connects when first asked, never when opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

from catalogue.model import Binding, System
from connectors.off_loop import off_loop
from connectors.source import Offer, SourceError, SourceFile, SourceMisconfigured, SourcePage, SourceRow
from connectors.sql import blobs
from connectors.sql.database import Database, Row
from connectors.sql.errors import is_bad_value
from connectors.sql.offers import offers_of
from connectors.sql.pages import read_pages
from connectors.sql.settings import settings_of
from connectors.sql.target import Target, find_target, known_target

BATCH = 256


class SqlSource:
    """One database, and what a binding reads of it."""

    def __init__(self, system: System, binding: Binding | None) -> None:
        self._settings = settings_of(system, binding)
        self._database = Database(self._settings)
        self._bound = binding is not None

    async def check(self) -> None:
        """Connect and, for a binding, read one row of what it names."""
        await asyncio.to_thread(self._check)

    async def shape(self) -> tuple[str, ...]:
        """The columns of the table or query as they are now."""
        return (await asyncio.to_thread(self._find)).names

    async def discover(self) -> tuple[Offer, ...]:
        """Every table and view."""
        return await asyncio.to_thread(offers_of, self._database, self._settings)

    def pull(self, cursor: str | None) -> AsyncIterator[SourcePage]:
        """Pages from the checkpoint on: by key until everything was read, then by the changed column if there is."""
        self._require_binding()
        return off_loop(read_pages(self._database, self._settings, cursor))

    async def fetch(self, by: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> list[SourceRow]:
        """Rows whose columns equal one of the tuples, asked in batches, each within the system's deadline."""
        found: list[SourceRow] = []
        for start in range(0, len(values), BATCH):
            found.extend(await asyncio.to_thread(self._fetch, by, values[start : start + BATCH]))
        return found

    def file(self, reference: str) -> AbstractAsyncContextManager[SourceFile]:
        """The file of that digest or name, as the statement of the option `blobs` gives it."""
        return blobs.opened(self._database, self._settings, reference)

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.to_thread(self._database.close)

    def _check(self) -> None:
        if not self._bound:
            with self._database.connected(self._settings.timeout):
                return
        target = self._find()
        self._database.rows(target.select().limit(1), self._settings.timeout)

    def _find(self) -> Target:
        self._require_binding()
        return find_target(self._database, self._settings)

    def _fetch(self, by: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> list[SourceRow]:
        self._require_binding()
        target = known_target(self._settings, by)
        name = self._settings.name
        rows = self._ask(target, by, values)
        return [SourceRow(dict(zip(target.read, r, strict=True)), f"{name} match {n}") for n, r in enumerate(rows, 1)]

    def _ask(self, target: Target, by: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> list[Row]:
        """A text that cannot be a value of the column's type spoils the batch: then each tuple is asked alone."""
        try:
            return list(self._database.rows(target.equal(by, _filled(values)), self._settings.deadline))
        except SourceError as error:
            if not is_bad_value(error):
                raise
        if len(values) == 1:
            return []
        return [row for value in values for row in self._ask(target, by, [value])]

    def _require_binding(self) -> None:
        if not self._bound:
            raise SourceMisconfigured(self._settings.system, "without a binding there is nothing to read")


def _filled(values: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The tuples, the last one repeated up to a power of two, so that few different statements are ever compiled."""
    size = 1 << (len(values) - 1).bit_length()
    return [*values, *[values[-1]] * (size - len(values))]
