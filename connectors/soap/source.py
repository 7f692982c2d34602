"""The soap connector (`connector = "soap"`): one operation of a SOAP 1.1 or 1.2 service as a Source.

Step 2 of walk 2, and the live step of walk 1. Requests wait on the loop; zeep and the parser work in threads, where
zeep is imported as well. It loads the WSDL when first asked, never when opened.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from catalogue.model import Binding, System
from connectors.soap import wsdl
from connectors.soap.exchange import Exchange
from connectors.soap.requests import matching, questions, said_of
from connectors.soap.settings import Path, Settings, settings_of
from connectors.source import (
    Offer,
    SourceMisconfigured,
    SourcePage,
    SourceRow,
    SourceShapeChanged,
    SourceTimeout,
)

if TYPE_CHECKING:
    from zeep.wsdl import Document

    from connectors.soap.answer import Answer
    from connectors.soap.exchange import Reply
    from connectors.soap.service import Message, Said, Service

AT_ONCE = 4


class SoapSource:
    """One service, and what a binding reads of it."""

    def __init__(self, system: System, binding: Binding | None) -> None:
        self._settings = settings_of(system, binding)
        self._exchange = Exchange(system.name, self._settings.access)
        self._bound = binding is not None

    async def check(self) -> None:
        """Load the WSDL and see that operation, inputs, rows and columns are there. The operation is not called."""
        document = await wsdl.load(self._settings, self._exchange)
        if self._bound:
            await self._service(document)

    async def shape(self) -> tuple[str, ...]:
        """The columns of a row as the WSDL declares them now."""
        return (await self._service(await wsdl.load(self._settings, self._exchange))).columns

    async def discover(self) -> tuple[Offer, ...]:
        """Every operation with an answer; for a binding its own, with samples where it needs no more than constants."""
        document = await wsdl.load(self._settings, self._exchange)
        if not self._bound:
            return await asyncio.to_thread(_offers, self._settings, document)
        service = await self._service(document)
        rows = await self._samples() if service.asks_nothing_else() else ()
        return (await asyncio.to_thread(_offer, self._settings, service, rows),)

    async def pull(self, cursor: str | None) -> AsyncGenerator[SourcePage, None]:
        """Pages from the checkpoint on."""
        from connectors.soap.pages import read_pages

        service = await self._service(await wsdl.known(self._settings, self._exchange))

        async def ask(texts: Mapping[Path, str]) -> Answer:
            return await self._ask(service, said_of(self._settings, texts), self._settings.access.timeout)

        async with aclosing(read_pages(self._settings, ask, cursor, time.time)) as pages:
            async for page in pages:
                yield page

    async def fetch(self, by: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> list[SourceRow]:
        """Rows whose columns equal one of the tuples, all requests within the system's deadline."""
        deadline = self._settings.access.deadline
        try:
            async with asyncio.timeout(deadline):
                return await self._fetch(by, values) if values else []
        except TimeoutError as error:
            raise SourceTimeout(self._settings.system, f"it did not answer within {deadline:g} s") from error

    async def close(self) -> None:
        """Close every connection."""
        await self._exchange.close()

    async def _fetch(self, by: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> list[SourceRow]:
        service = await self._service(await wsdl.known(self._settings, self._exchange))
        free = asyncio.Semaphore(AT_ONCE)

        async def ask(said: Said) -> Answer:
            async with free:
                return await self._ask(service, said, self._settings.access.deadline)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(ask(said)) for said in questions(self._settings, service, by, values)]
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        found = [row for task in tasks for row in task.result().rows]
        name = self._settings.operation
        rows = [SourceRow(row, f"{name} match {number}") for number, row in enumerate(found, 1)]
        return matching(self._settings, by, values, rows)

    async def _service(self, document: Document) -> Service:
        if not self._bound:
            raise SourceMisconfigured(self._settings.system, "without a binding there is nothing to read")
        return await asyncio.to_thread(_service, self._settings, document)

    async def _ask(self, service: Service, said: Said, seconds: float) -> Answer:
        message: Message = await asyncio.to_thread(service.message, said)
        reply = await self._exchange.post(service.address, message.body, message.headers, seconds)
        try:
            answer = await asyncio.to_thread(_answer, self._settings, service, reply)
        except SourceShapeChanged:
            wsdl.forget(self._settings)
            raise
        if answer is None:
            raise self._exchange.refusal(reply, service.address)
        return answer

    async def _samples(self) -> tuple[Mapping[str, object], ...]:
        """The rows of a first answer."""
        async with aclosing(self.pull(None)) as pages:
            page = await anext(pages)
        return tuple(row.values for row in page.rows if isinstance(row, SourceRow))


def _service(settings: Settings, document: Document) -> Service:
    from connectors.soap.service import Service

    return Service(settings, document)


def _answer(settings: Settings, service: Service, reply: Reply) -> Answer | None:
    from connectors.soap.answer import read_answer

    return read_answer(settings, service, reply)


def _offers(settings: Settings, document: Document) -> tuple[Offer, ...]:
    from connectors.soap.offers import offers_of

    return offers_of(settings, document)


def _offer(settings: Settings, service: Service, rows: Sequence[Mapping[str, object]]) -> Offer:
    from connectors.soap.offers import offer_with

    return offer_with(settings, service.leaves.types, rows)
