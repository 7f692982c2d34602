"""The end of walk 2 (a change): one subscriber follows one resource, each change once, in order, without a hole.

Reads the log up to `applied` only, so that a question asked after an event never sees older data. What the subscriber
may see is judged again for every batch and before every event; the engine counts and audits a batch before it leaves.
History that is gone is said with a Gap, never passed over.

`from: BEGINNING` walks the present records by handle and then follows the log from the sequence at which the walk
began. By handle, because a record that changes while it waits for its turn keeps its place: by sequence it would move
beyond the walk's end, and be lost where the change itself is none of the subscriber's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from auth.decide import Decision
from catalogue.rules import Where, instant
from hub.control.ports import Control, ResourceState
from hub.engine.operation import (
    Answer,
    CaughtupEvent,
    ChangeEvent,
    FeedEvent,
    GapEvent,
    GapReason,
    Standing,
    Subscription,
)
from hub.errors import Code, HubError, StoreUnavailable
from hub.feeds import cursor as cursors
from hub.feeds.cursor import FeedCursor
from hub.feeds.view import View
from hub.records.model import Change, Keyset, Operation, Page, Query, Row
from hub.records.ports import ChangeLog, RecordReader
from hub.seal import Seal

BATCH = 200


class Movement(Protocol):
    """Tells when something may have been published, granted or applied (`hub.published.Publication`)."""

    @property
    def generation(self) -> int:
        """Grows with every movement."""

    async def moved_since(self, generation: int, seconds: float | None) -> None:
        """Wait for a movement after that generation, and no longer than that."""


@dataclass(frozen=True, slots=True)
class FeedParts:
    """What following needs of the hub."""

    control: Control
    log: ChangeLog
    reader: RecordReader
    seal: Seal
    clock: Callable[[], datetime]
    movement: Movement


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read in one go: events, each with the place after it, and the place after all that was read."""

    events: tuple[tuple[FeedCursor, FeedEvent], ...]
    place: FeedCursor


async def follow(parts: FeedParts, subscription: Subscription) -> AsyncGenerator[Answer, None]:
    """Answers for ever, one an event. A HubError ends the subscription and says why (a grant that was revoked)."""
    try:
        feed = _Feed(parts, subscription, await subscription.judge())
        batch = await feed.begin()
        while True:
            async with aclosing(feed.sent(batch)) as answers:
                async for answer in answers:
                    yield answer
            generation = parts.movement.generation
            batch = await feed.next()
            if batch == Batch((), feed.place):
                await parts.movement.moved_since(generation, feed.seconds_in_force())
            await asyncio.sleep(0)  # a store may answer without suspending: others have their turn between batches
    except HubError as error:
        await subscription.refused(error)
        raise


class _Feed:
    """One subscriber's walk; lives as long as its subscription. `place` is where the subscriber stands."""

    place: FeedCursor  #: set by `begin`

    def __init__(self, parts: FeedParts, subscription: Subscription, standing: Standing) -> None:
        self._parts, self._subscription, self._name = parts, subscription, subscription.resource
        self._digest = cursors.digest_of(subscription.condition)
        self._under_grant = standing.decision.grant_id is not None
        self._caught_up = False
        self._size = BATCH
        self._standing = standing
        self._stand(standing)

    async def begin(self) -> Batch:
        """Where to start: after the given cursor, at the beginning, or now (which says Caughtup first)."""
        if self._subscription.after is not None:
            self.place = cursors.read(self._parts.seal, self._subscription.after, self._name, self._digest)
            return Batch((), self.place)
        state = await self._parts.control.state(self._name)
        self.place = FeedCursor(self._name, state.epoch, state.applied, self._digest, self._view.sight)
        if self._subscription.beginning:
            self.place = replace(self.place, walking="")
            return Batch((), self.place)
        return self._all_seen()

    async def next(self) -> Batch:
        """The batch after the place; the same place and no event where there is nothing yet."""
        self._stand(await self._subscription.judge())
        place = self.place
        if place.sight != self._view.sight:
            return self._gap(replace(place, sight=self._view.sight), GapReason.GRANT_CHANGED)
        state = await self._parts.control.state(self._name)
        if place.epoch != state.epoch or place.seq > state.applied:
            return self._gap(replace(place, epoch=state.epoch, seq=state.applied, walking=None), GapReason.EPOCH)
        if place.walking is not None:
            return await self._walked(place.walking, self._now(state))
        return self._all_seen() if place.seq == state.applied else await self._logged(state)

    async def sent(self, batch: Batch) -> AsyncGenerator[Answer, None]:
        """The batch's answers, counted and audited. However slowly the subscriber reads: the rest stays behind as soon
        as what it may see moves, and `next` goes on from where it stands.
        """
        detail = {"from": self.place.spot, "to": batch.place.spot}
        events = iter(batch.events)
        try:
            async with aclosing(self._standing.answers([event for _, event in batch.events], detail)) as answers:
                async for answer in answers:
                    if await self._subscription.judge() is not self._standing:
                        return
                    self.place, event = next(events)
                    self._caught_up |= isinstance(event, CaughtupEvent)
                    yield answer
        except HubError as error:
            self._make_do(error)
            return
        self.place, self._size = batch.place, BATCH

    def seconds_in_force(self) -> float | None:
        """How long the decision holds by itself; None without end."""
        until = self._standing.decision.valid_until
        return max(0.0, (until - self._parts.clock()).total_seconds()) if until else None

    def _make_do(self, error: HubError) -> None:
        """A quota that is too small for a batch may do for half of it."""
        if error.code is not Code.QUOTA_EXCEEDED or self._size == 1:
            raise error
        self._size //= 2

    def _stand(self, standing: Standing) -> None:
        """What the subscriber may see from now on. A subscription that began under a grant ends with it."""
        if self._under_grant and standing.decision.grant_id is None:
            raise _ended(self._standing.decision, standing.decision)
        self._standing = standing
        self._view = View(standing.snapshot, standing.decision, standing.where)

    async def _walked(self, after: str, now: datetime) -> Batch:
        """The next present records as upserts, by handle; after the last of them the log follows."""
        start = Keyset((), after) if after else None
        page = await self._parts.reader.page(self._query(self._view.presence, now), Page(self._size, start))
        places = [replace(self.place, walking=str(row["_handle"])) for row in page.rows]
        events = tuple((place, self._upsert(place, row)) for place, row in zip(places, page.rows, strict=True))
        return Batch(events, places[-1] if page.has_next else replace(self.place, walking=None))

    async def _logged(self, state: ResourceState) -> Batch:
        """The next changes of the log that this subscriber may learn of, with the records that it may see now."""
        changes = await self._parts.log.read(self._name, state.epoch, self.place.seq, state.applied, self._size)
        if not changes:
            return await self._forgotten(state)
        seen = [(change, operation) for change in changes if (operation := self._view.operation(change))]
        handles = list(dict.fromkeys((change.handle,) for change, _ in seen))
        query = self._query(self._standing.decision.rows, self._now(state))
        found = await self._parts.reader.lookup(query, ("_handle",), handles) if handles else []
        rows = {str(row["_handle"]): row for row in found}
        places = [replace(self.place, seq=change.seq) for change, _ in seen]
        events = tuple(
            (place, self._change(place, change, operation, rows))
            for place, (change, operation) in zip(places, seen, strict=True)
        )
        return Batch(events, replace(self.place, seq=changes[-1].seq))

    async def _forgotten(self, state: ResourceState) -> Batch:
        """Changes that are not in the log: retention is a gap; a hole is damage, and nothing to step over."""
        oldest = await self._parts.log.oldest(self._name, state.epoch)
        kept_from = state.applied + 1 if oldest is None else oldest
        if kept_from <= self.place.seq + 1:
            raise StoreUnavailable(f"change {self.place.seq + 1} of {self._name} is not in the log")
        return self._gap(replace(self.place, seq=kept_from - 1), GapReason.RETENTION)

    def _query(self, where: Where, now: datetime) -> Query:
        return Query(self._view.resource, where, now, tuple(item.name for item in self._view.resource.items))

    def _now(self, state: ResourceState) -> datetime:
        """The later of the clock and the mark: a moment that was emitted has passed."""
        now = self._parts.clock()
        return max(now, instant(state.moments_until)) if state.moments_until else now

    def _upsert(self, place: FeedCursor, row: Row) -> FeedEvent:
        return ChangeEvent(self._text(place), Operation.CREATED, str(row["_handle"]), str(row["_pulled_at"]), row)

    def _change(self, place: FeedCursor, change: Change, operation: Operation, rows: dict[str, Row]) -> FeedEvent:
        record = None if operation is Operation.DELETED else rows.get(change.handle)
        return ChangeEvent(self._text(place), operation, change.handle, change.at, record)

    def _all_seen(self) -> Batch:
        """Nothing is left to send; that is said once."""
        said = self._caught_up
        return Batch(() if said else ((self.place, CaughtupEvent(self._text(self.place))),), self.place)

    def _gap(self, to: FeedCursor, reason: GapReason) -> Batch:
        return Batch(((to, GapEvent(self._text(self.place), self._text(to), reason)),), to)

    def _text(self, place: FeedCursor) -> str:
        return cursors.write(self._parts.seal, place)


def _ended(before: Decision, now: Decision) -> HubError:
    """Why a grant is not in force any more: what could be read under it and is denied now says so."""
    lost = (
        decided.reason
        for name, decided in now.items.items()
        if not decided.readable and name in before.items and before.item(name).readable
    )
    reason = next(filter(None, lost), None)
    if reason is None:
        return HubError(
            Code.NOT_GRANTED, f"the grant for {now.resource} is not in force any more", resource=now.resource
        )
    return HubError(Code(reason.code), reason.message, resource=now.resource)
