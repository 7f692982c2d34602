"""What the engine is given and what it gives back: operations, answers, prepared subscriptions. Values only.

Every transport of `hub.api` speaks to the engine through these; none of them knows a document's text or a row.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from auth.bearer import Principal
from auth.decide import Decision
from auth.purpose import DeclaredPurpose
from catalogue.rules import Where
from catalogue.snapshot import Snapshot
from hub.errors import HubError
from hub.records.model import Operation as ChangeKind
from hub.records.model import Row


@dataclass(frozen=True, slots=True)
class Operation:
    """One request of one client: a document's text, the operation to run, its variables, who asks and why."""

    text: str
    name: str | None
    variables: Mapping[str, object]
    principal: Principal
    purpose: DeclaredPurpose | None
    request_id: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL answer. `status` is the HTTP status of `application/graphql-response+json`; with 4xx and 5xx `data` is
    None and absent from the body. `errors` are GraphQL errors as dictionaries.
    """

    data: Mapping[str, object] | None
    errors: list[dict[str, object]] = field(default_factory=list)
    extensions: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


class GapReason(StrEnum):
    """Why a feed cannot go on without a hole."""

    RETENTION = "RETENTION"
    EPOCH = "EPOCH"
    GRANT_CHANGED = "GRANT_CHANGED"


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """One change as this subscriber sees it. `record` is the row visible now, None when deleted or not visible now."""

    cursor: str
    operation: ChangeKind
    key: str
    at: str
    record: Row | None


@dataclass(frozen=True, slots=True)
class GapEvent:
    """History between two places is gone for this subscriber: cursors of both, and why."""

    start: str
    end: str
    reason: GapReason


@dataclass(frozen=True, slots=True)
class CaughtupEvent:
    """Everything up to `cursor` has been sent."""

    cursor: str


FeedEvent = ChangeEvent | GapEvent | CaughtupEvent


@dataclass(frozen=True, slots=True)
class Standing:
    """What a subscription is under the catalogue, clients and grants of one moment.

    `where` is the subscriber's condition over own items, bound. `answers` turns a batch of events into one answer each:
    what they show is counted against quotas and audited, with the detail given, before the first leaves.
    """

    snapshot: Snapshot
    decision: Decision
    where: Where
    answers: Callable[[Sequence[FeedEvent], Mapping[str, str]], AsyncGenerator[Answer, None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A compiled subscription to the changes of one resource; `hub.feeds.follow` runs it.

    `condition` is the subscriber's condition as it was written (for the cursor's digest). `judge` gives what it is now:
    the same Standing while nothing that it rests on moved, or the HubError that ends it. `refused` audits its end.
    """

    resource: str
    condition: object
    after: str | None
    beginning: bool
    judge: Callable[[], Awaitable[Standing]]
    refused: Callable[[HubError], Awaitable[None]]
