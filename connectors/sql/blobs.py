"""Files that items of type G name, in a database: the option `blobs` is a SELECT, its first row is the file.

The download's share of walk 1 (a question). The bytes of one file are held in memory, as a driver gives them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text

from connectors.source import SourceBroken, SourceFile, SourceFileMissing, SourceMisconfigured
from connectors.sql.database import Database
from connectors.sql.settings import Settings

CHUNK = 64 * 1024


@asynccontextmanager
async def opened(database: Database, settings: Settings, reference: str) -> AsyncIterator[SourceFile]:
    """The file that the statement gives. SourceFileMissing without a row, SourceBroken where its first column is not
    made of bytes.
    """
    if not settings.blobs:
        raise SourceMisconfigured(settings.system, "without the option blobs it gives no files")
    statement = text(settings.blobs).bindparams(digest=reference)
    rows = await asyncio.to_thread(database.rows, statement, settings.timeout)
    if not rows or rows[0][0] is None:
        raise SourceFileMissing(settings.system, "the database has no file of that name")
    content, *about = rows[0]
    if not isinstance(content, bytes | bytearray | memoryview):
        raise SourceBroken(settings.system, f"option blobs gives {type(content).__name__}, not bytes")
    media, name = (*(str(each or "") for each in about[:2]), "", "")[:2]
    yield SourceFile(_chunks(memoryview(content)), name, media)


async def _chunks(content: memoryview) -> AsyncIterator[bytes]:
    for start in range(0, len(content), CHUNK):
        yield bytes(content[start : start + CHUNK])
