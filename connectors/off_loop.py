"""Blocking page readers run off the event loop, one page a thread hop. Step 2 of walk 2 uses it in every connector.

It hands pages on in order and closes the reader when the consumer stops, is cancelled or fails. It reads nothing
itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Generator

from connectors.source import SourcePage


async def off_loop(pages: Generator[SourcePage, None, None]) -> AsyncIterator[SourcePage]:
    """The generator's pages, each made in a thread; a cancelled hop is waited for before the reader closes."""
    turn = threading.Lock()

    def step() -> SourcePage | None:
        with turn:
            return next(pages, None)

    def stop() -> None:
        with turn:
            pages.close()

    try:
        while (page := await asyncio.to_thread(step)) is not None:
            yield page
    finally:
        await asyncio.to_thread(stop)
