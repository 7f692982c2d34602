"""The files connector (`connector = "files"`): a folder of csv, xlsx, jsonl or xml files as a Source.

Step 2 of walk 2. Each file of the binding's glob has the same columns. It never writes, moves or deletes a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import replace
from functools import lru_cache

from catalogue.model import Binding, System
from connectors.files import blobs
from connectors.files.folder import Found, list_files
from connectors.files.offers import offers_of
from connectors.files.pages import open_file, read_pages
from connectors.files.settings import Settings, settings_of
from connectors.off_loop import off_loop
from connectors.source import Offer, SourceFile, SourcePage, SourceRow, SourceShapeChanged


class FilesSource:
    """Files of one folder, read in the order of their names. Nothing is held open between calls."""

    def __init__(self, system: System, binding: Binding | None) -> None:
        self._settings = settings_of(system, binding)

    async def check(self) -> None:
        """Every file is there, readable, and has the columns that the binding reads."""
        await asyncio.to_thread(_shape, self._settings)

    async def shape(self) -> tuple[str, ...]:
        """The columns of the files; SourceShapeChanged where one differs from the first."""
        return await asyncio.to_thread(_shape, self._settings)

    async def discover(self) -> tuple[Offer, ...]:
        """An offer for every file, and for every sheet of a workbook."""
        return await asyncio.to_thread(_offers, self._settings)

    def pull(self, cursor: str | None) -> AsyncIterator[SourcePage]:
        """Pages from the checkpoint on. A file that was written again is read from its first row."""
        return off_loop(read_pages(self._settings, cursor))

    async def fetch(self, by: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> list[SourceRow]:
        """Rows whose columns equal one of the tuples as text. It scans every file: for small folders."""
        wanted = frozenset(values)
        settings = replace(self._settings, columns=(*self._settings.columns, *by))
        found: list[SourceRow] = []
        async for page in off_loop(read_pages(settings, None)):
            found.extend(r for r in page.rows if isinstance(r, SourceRow) and _key(r, by) in wanted)
        return found

    def file(self, reference: str) -> AbstractAsyncContextManager[SourceFile]:
        """The file of that digest or name, from the folder `blobs`."""
        return blobs.opened(self._settings.system, self._settings.blobs, reference)

    async def close(self) -> None:
        """Nothing is held."""


def _key(row: SourceRow, by: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("" if (value := row.values.get(name)) is None else str(value).strip() for name in by)


@lru_cache(maxsize=4096)
def _head(settings: Settings, file: Found) -> tuple[str, ...]:
    """The file's columns. Its fingerprint is part of the question, so an answer is never an old file's."""
    with closing(open_file(settings, file)) as reader:
        return reader.head


def _shape(settings: Settings) -> tuple[str, ...]:
    shape: tuple[str, ...] = ()
    for file in list_files(settings):
        head = _head(settings, file)
        if file.format in ("jsonl", "xml"):
            shape = tuple(dict.fromkeys((*shape, *head)))
        elif shape and set(head) != set(shape):
            different = ", ".join(sorted(set(head) ^ set(shape)))
            raise SourceShapeChanged(settings.system, f"{file.name} has other columns than the first file: {different}")
        shape = shape or head
    return shape


def _offers(settings: Settings) -> tuple[Offer, ...]:
    return tuple(offer for file in list_files(settings) for offer in offers_of(settings, file))
