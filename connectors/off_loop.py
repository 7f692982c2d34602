"""Blocking page readers run off the event loop, one page a hop. Step 2 of walk 2 uses it in every connector.

It hands pages on in order and closes the reader when the consumer stops, is cancelled or fails. Every read has a thread
of its own for all its pages: a parser of libxml2 keeps names in a table of the thread that feeds it, and one that was
fed by two threads ends the process. It reads nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor

from connectors.source import SourcePage


async def off_loop(pages: Generator[SourcePage, None, None]) -> AsyncIterator[SourcePage]:
    """The generator's pages, all made in one thread; a cancelled hop is waited for before the reader closes."""
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, "pages")
    try:
        while (page := await loop.run_in_executor(thread, next, pages, None)) is not None:
            yield page
    finally:
        await loop.run_in_executor(thread, pages.close)
        thread.shutdown(wait=False)
