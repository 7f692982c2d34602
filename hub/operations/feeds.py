"""The GraphQL nouns of a feed: what a subscription's events are. `<Resource>Change` is generated and implements Change.

Values only; `hub.feeds` makes the events, `hub.engine.feed` completes them.
"""

from __future__ import annotations

from enum import Enum

import strawberry

from hub.engine.operation import GapReason
from hub.operations.records import Record
from hub.records.model import Operation
from hub.schema.scalars import DateTime

strawberry.enum(Operation, name="ChangeOperation", description="What a change is to this subscriber.")
strawberry.enum(GapReason, description="Why a feed cannot go on without a hole.")


@strawberry.enum(description="Where a feed starts that is given no cursor.")
class FeedStart(Enum):
    """NOW says Caughtup first; BEGINNING sends every present record as an upsert, then Caughtup, then goes on."""

    NOW = "NOW"
    BEGINNING = "BEGINNING"


@strawberry.enum(description="Ascending or descending; nulls stand last in both.")
class Direction(Enum):
    """Of one order term."""

    ASC = "ASC"
    DESC = "DESC"


@strawberry.interface(description="One numbered change of one record, as this subscriber sees it.")
class Change:
    """`key` is the record's handle; `record` is None when deleted or not visible now."""

    cursor: str
    operation: Operation
    key: strawberry.ID
    at: DateTime
    record: Record | None


@strawberry.type(description="History between two places is gone for this subscriber; read the resource again.")
class Gap:
    """`from` and `to` are cursors."""

    start: str = strawberry.field(name="from")
    end: str = strawberry.field(name="to")
    reason: GapReason


@strawberry.type(description="Everything up to the cursor has been sent.")
class Caughtup:
    """Said once after the beginning or a resume."""

    cursor: str
