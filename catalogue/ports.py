"""Where the catalogue is kept. One small port with an embedded implementation in `catalogue.stores`."""

from __future__ import annotations

from typing import Protocol

from catalogue.model import Catalogue
from catalogue.snapshot import Snapshot


class CatalogueStoreUnavailable(Exception):
    """The store behind the catalogue cannot be asked now."""


class CatalogueStore(Protocol):
    """Published entries, by version. All methods raise CatalogueStoreUnavailable where the store cannot be asked."""

    async def version(self) -> int:
        """The published version, cheaply; 0 while nothing is published."""

    async def snapshot(self) -> Snapshot:
        """Everything published, at the present version."""

    async def at(self, version: int) -> Snapshot:
        """Everything published at an earlier version; KeyError where that version never was."""

    async def publish(self, entries: Catalogue, *, by: str, at: str) -> int:
        """Add or replace entries in one transaction; the new version. `by` is a natural person, `at` a stored time."""
