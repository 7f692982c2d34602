"""The engine's public face: questions are answered, subscriptions prepared. One a process, no state of a client."""

from __future__ import annotations

from hub.engine import execute, feed
from hub.engine.cursors import PageCursors
from hub.engine.execute import Reached, unwatched
from hub.engine.operation import Answer, Operation, Subscription
from hub.engine.parts import EngineParts, Workshop
from hub.seal import FEED, Seal

__all__ = ["Engine", "EngineParts"]


class Engine:
    """Answers operations over the parts it was given. `reached` is told the name of every step of walk 1."""

    def __init__(self, parts: EngineParts, reached: Reached = unwatched) -> None:
        self._workshop = Workshop(parts, PageCursors(parts.cursor_key), Seal(parts.cursor_key, FEED))
        self._reached = reached

    async def answer(self, operation: Operation) -> Answer:
        """The answer to a query; everything that goes wrong with it stands in the answer."""
        return await execute.answer(self._workshop, operation, self._reached)

    async def is_subscription(self, operation: Operation) -> bool:
        """Whether the operation is a subscription; False where the document cannot even be read: `answer` says why."""
        return await feed.is_subscription(self._workshop, operation)

    async def subscribe(self, operation: Operation) -> Subscription:
        """The compiled subscription for `hub.feeds`. HubError where it may not be, or is not one."""
        return await feed.prepare(self._workshop, operation)
