"""The rest connector (`connector = "rest"`): a list of JSON objects that an HTTP service gives, as a Source.

Step 2 of walk 2, and the live step of walk 1. It only reads, and connects when first asked. It never waits and never
tries again by itself: who wraps it does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from catalogue.model import Binding, System
from connectors.rest import blobs
from connectors.rest.address import behind
from connectors.rest.client import Client, Question, asked
from connectors.rest.faults import Refused
from connectors.rest.lookup import Batch, batches
from connectors.rest.offers import names_of, offer_of, require_columns
from connectors.rest.openapi import offers_in
from connectors.rest.pages import read_pages
from connectors.rest.rows import Reader, list_of
from connectors.rest.settings import settings_of
from connectors.rest.walk import Walk
from connectors.source import Offer, SourceFile, SourceMisconfigured, SourcePage, SourceRow


class RestSource:
    """One list of a service, read or asked by value; `clock` are the seconds since 1970."""

    def __init__(self, system: System, binding: Binding | None, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings_of(system, binding)
        self._clock = clock
        self._client = Client(self._settings.service)
        self._looked: list[SourceRow] | None = None
        self._walk: Walk | None = None

    async def check(self) -> None:
        """Get the first page and see that it has the columns which the binding reads; the one that `shape` just got
        will do.
        """
        rows, self._looked = self._looked, None
        if rows is None and not self._settings.columns and self._settings.openapi:
            await self._description()
            return
        rows = await self._first_rows() if rows is None else rows
        require_columns(self._settings, names_of(self._settings, rows), rows)

    async def shape(self) -> tuple[str, ...]:
        """The columns of the first page that the binding reads."""
        self._looked = await self._first_rows()
        return names_of(self._settings, self._looked)

    async def discover(self) -> tuple[Offer, ...]:
        """The lists that the OpenAPI document describes, or the one list of the binding or system."""
        if self._settings.openapi:
            return offers_in(self._settings.system, await self._description())
        return (offer_of(self._settings, await self._first_rows()),)

    def pull(self, cursor: str | None) -> AsyncIterator[SourcePage]:
        """Pages from the checkpoint on. One that this source gave last goes on with the same read, so that a read which
        was told to wait can still be complete.
        """
        if self._walk is None or not self._walk.stands_at(cursor):
            self._walk = Walk(self._settings, cursor, self._clock())
        return read_pages(self._walk, self._client, self._settings.service.timeout, self._clock)

    async def fetch(self, by: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> list[SourceRow]:
        """Rows whose columns equal one of the tuples, asked side by side; the first error ends all questions."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._found(batch)) for batch in batches(self._settings, by, values)]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        return [row for task in tasks for row in task.result()]

    def file(self, reference: str) -> AbstractAsyncContextManager[SourceFile]:
        """The file of that digest or name, from the path `blobs`."""
        return blobs.opened(self._client, self._settings, reference)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    async def _first_rows(self) -> list[SourceRow]:
        settings = self._settings
        if not settings.name:
            raise SourceMisconfigured(settings.system, "without path or openapi there is nothing to look at")
        question = Walk(settings, None, self._clock()).question()
        answer = await asked(self._client, question, settings.service.timeout)
        rows = Reader(settings).rows(list_of(settings, answer.content), answer.content)
        return [row for row in rows if isinstance(row, SourceRow)]

    async def _found(self, batch: Batch) -> list[SourceRow]:
        """The rows of one list of a lookup, over all its pages."""
        found: list[SourceRow] = []
        service, walk = batch.settings.service, Walk(batch.settings, None, self._clock())
        seconds = min(service.timeout, service.deadline)
        try:
            async for page in read_pages(walk, self._client, seconds, self._clock):
                found.extend(row for row in page.rows if isinstance(row, SourceRow) and batch.means(row))
        except SourceMisconfigured as error:
            if not (batch.settings.single and _is_nothing(error)):
                raise
        return found

    async def _description(self) -> object:
        settings = self._settings
        question = Question(behind(settings.service.url, settings.openapi))
        return (await asked(self._client, question, settings.service.timeout)).content.value


def _is_nothing(error: SourceMisconfigured) -> bool:
    """Whether a service said 404, which at the address of one row means that there is none."""
    return isinstance(error.__cause__, Refused) and error.__cause__.status == 404
