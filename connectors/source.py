"""What every connector declares and does. Step 2 of walk 2 (a change) and the live step of walk 1 (a question) call it.

A connector turns one department system into pages of raw rows; it knows nothing of mapping, records or grants. It
streams: memory does not grow with the source. Errors are arranged by what the caller should do.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row as the department gives it. `position` tells a person where it stood (`licences.csv:17`, `row 4`)."""

    values: Mapping[str, object]
    position: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not even be read (broken bytes, wrong number of fields). Quarantined with its reason."""

    position: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A few hundred rows in source order.

    `cursor` is the checkpoint after this page, opaque and durable, or None where the source cannot be read on from
    here. `complete` is true on the last page of a read that listed everything from the beginning.
    """

    rows: tuple[SourceRow | BadRow, ...]
    cursor: str | None
    complete: bool = False


@dataclass(frozen=True, slots=True)
class OfferedColumn:
    """A column that a system offers: its name, the guide's data type letter, length where known, and sample values."""

    name: str
    type: str
    length: int | None = None
    nullable: bool = True
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A table, view, sheet or file that a system offers: what `discover` found, input for a proposed descriptor."""

    name: str
    columns: tuple[OfferedColumn, ...]
    key: tuple[str, ...] = ()
    options: Mapping[str, str] | None = None


class Source(Protocol):
    """One opened connection to what one binding reads. Close it when done."""

    async def check(self) -> None:
        """Reach the system and see that what the binding names is there; raises a SourceError that says what is not."""

    async def shape(self) -> tuple[str, ...]:
        """The column names as they are now, in source order: a change of them is drift."""

    async def discover(self) -> tuple[Offer, ...]:
        """Everything the system offers, whether or not a binding uses it."""

    def pull(self, cursor: str | None) -> AsyncIterator[SourcePage]:
        """Pages from the checkpoint on, or from the beginning where it is None."""

    async def fetch(self, by: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> list[SourceRow]:
        """Rows whose columns `by` equal one of the tuples: any number a tuple. For live resources."""

    async def close(self) -> None:
        """Give connections and files back."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that a source has opened: its bytes as they come, its name and media type where the source says them."""

    chunks: AsyncIterator[bytes]
    name: str = ""
    media: str = ""


@runtime_checkable
class FileSource(Protocol):
    """A source that also gives the files that items of type G name; it is configured with the option `blobs`."""

    def file(self, reference: str) -> AbstractAsyncContextManager[SourceFile]:
        """The file of that digest (or name), open for as long as the context lasts. Entering it and reading raise a
        SourceError; SourceFileMissing where the source has no such file.
        """


_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)


def digest_hex(reference: str) -> str | None:
    """The hex digits of a file's SHA-256 where the reference is one; None where it is a name of the source's own."""
    found = _DIGEST.fullmatch(reference)
    return found[1].lower() if found else None


class SourceError(Exception):
    """Something about a department's system. `source` is the system's name, `retryable` whether trying again helps."""

    retryable = False

    def __init__(self, source: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.source = source
        self.retry_after = retry_after


class SourceUnavailable(SourceError):
    """Not reachable now: keep the place and try again later."""

    retryable = True


class SourceTimeout(SourceError):
    """It did not answer before its deadline: keep the place and try again later."""

    retryable = True


class SourceMisconfigured(SourceError):
    """The binding or system names something that is not there, or credentials are wrong: a person must act."""


class SourceShapeChanged(SourceError):
    """The source's columns are no longer what the binding was made for: this binding stops, its data stays."""


class SourceBroken(SourceError):
    """The source answers with what cannot be read (bytes that are not the declared encoding, a torn file)."""


class SourceFileMissing(SourceError):
    """A record names a file that the source does not have."""
