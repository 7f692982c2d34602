"""Where records and their changes are kept: three small ports, each with an embedded implementation.

Walk 1 (a question) reads through `RecordReader`; walk 2 (a change) writes through `RecordWriter` and `ChangeLog`. Every
implementation passes `tests/contracts`. All methods raise `hub.errors.StoreUnavailable` when the store cannot be asked,
`hub.errors.DeadlineExceeded` when a question ran out of time, and nothing else for reasons outside the program.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from catalogue.model import Resource
from catalogue.rules import Value, Where
from hub.records.model import Change, Image, Page, Query, Row, RowPage, Walk


class RecordReader(Protocol):
    """Questions about the records of one resource. One call is one round trip, however many parents or keys it has."""

    async def page(self, query: Query, page: Page) -> RowPage:
        """One page of the rows that meet the rule."""

    async def lookup(self, query: Query, by: tuple[str, ...], values: Sequence[tuple[Value, ...]]) -> list[Row]:
        """All rows whose items `by` (or the pseudo item `_handle`) equal one of the tuples and that meet the rule."""

    async def follow(
        self, query: Query, by: tuple[str, ...], parents: Sequence[tuple[Value, ...]], page: Page
    ) -> Mapping[tuple[Value, ...], RowPage]:
        """For every parent tuple the page of rows whose items `by` equal it. Parents without rows may be left out."""

    async def count(self, query: Query) -> int:
        """How many rows meet the rule (and the search)."""

    async def counts(
        self, query: Query, by: tuple[str, ...], parents: Sequence[tuple[Value, ...]]
    ) -> Mapping[tuple[Value, ...], int]:
        """For every parent tuple how many rows meet the rule."""

    async def keys(self, query: Query, items: tuple[str, ...], limit: int) -> frozenset[tuple[Value, ...]]:
        """The distinct tuples of `items` (none of them null) among rows that meet the rule, at most `limit` of them."""

    async def about(self, resources: Sequence[Query], subject: str) -> Mapping[str, int]:
        """How many rows of each resource name the subject (its keyed hash) and meet that query's rule."""


class RecordWriter(Protocol):
    """What the change protocol and the feeds need of the records."""

    async def prepare(self, resource: Resource, joined: Collection[tuple[str, ...]] = ()) -> None:
        """Make room for the resource as this version describes it: idempotent, keeps existing records.

        Called before a pull and again after it: what only makes questions quick may wait until there are records.
        `joined` are tuples of items by which links arrive, beyond those that the resource itself tells
        (`hub.records.joins`).
        """

    async def images(self, resource: Resource, handles: Sequence[str]) -> Mapping[str, Image]:
        """The present images of those handles; deleted or unknown ones are left out."""

    async def apply(self, resource: Resource, changes: Sequence[Change]) -> None:
        """Step (c): write the after images, `seq` as version. Durable when it returns.

        An older or equal change is skipped, a delete leaves a versioned tombstone.
        """

    async def walk(self, walk: Walk) -> list[tuple[int, Image]]:
        """(sequence, image) of present records in order of sequence."""

    async def handles(self, resource: Resource, binding: str, after: str, limit: int) -> list[str]:
        """Handles that the binding feeds, ascending, after the given one ('' to begin)."""

    async def due(self, resource: Resource, rule: Where, after: str, limit: int) -> list[Image]:
        """Present images, by ascending handle after the given one, whose own items meet the rule as it stands."""

    async def count_of(self, resource: Resource, binding: str) -> int:
        """How many present records the binding feeds."""


class ChangeLog(Protocol):
    """The append-only log of changes, by (resource, epoch, seq)."""

    async def append(self, changes: Sequence[Change]) -> None:
        """Step (a): durable and readable when it returns.

        An entry of the same id and a lower or equal fence is replaced; one of a higher fence refuses the whole batch
        with `hub.errors.Fenced`.
        """

    async def read(self, resource: str, epoch: int, after: int, upto: int, limit: int) -> list[Change]:
        """Entries after < seq <= upto in order of sequence, without a hole: a missing one ends the list before it."""

    async def of(self, resource: str, places: Sequence[tuple[str, int]], limit: int) -> list[list[Change]]:
        """For every (handle, sequence) the record's newest entries up to and with it, newest first, at most `limit`.

        Of whatever epochs are still kept: sequences do not restart in a new one.
        """

    async def oldest(self, resource: str, epoch: int) -> int | None:
        """The lowest sequence still kept, or None where the log of that epoch is empty."""

    async def drop(self, resource: str, epoch: int, upto: int) -> None:
        """Retention: forget entries up to and with `upto`."""
