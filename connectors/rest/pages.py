"""The pages of one walk, asked for as they are wanted. Step 2 of walk 2.

Nothing is held between pages: whoever stops, fails or is cancelled leaves a walk that goes on at the same question.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from connectors.rest.client import Client
from connectors.rest.faults import Refused
from connectors.rest.walk import Walk
from connectors.source import SourcePage


async def read_pages(
    walk: Walk, client: Client, seconds: float, clock: Callable[[], float]
) -> AsyncGenerator[SourcePage, None]:
    """The pages from where the walk stands to its end, each answer within so many seconds."""
    while not walk.over:
        try:
            answer = await client.ask(walk.question(), seconds)
        except Refused as refused:
            walk.refused(refused, clock())
            continue
        for page in walk.take(answer, clock()):
            yield page
    yield walk.end(clock())
