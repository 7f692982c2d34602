"""A process that appends to an audit file for ever and prints each request id once it is acknowledged. Made to be killed."""

import asyncio
import itertools
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from auth.keys import read_signing_key
from auth.stores.sqlite_audit import Pace, SqliteAuditLog
from catalogue.stores.sqlite_file import SqliteFile
from tests.contracts.audit_log import entry


async def append(log, worker):
    for n in itertools.count():
        await log.append([entry(f"{worker}-{n}")])
        os.write(1, f"{worker}-{n}\n".encode())


async def main(path, chain, key):
    clock = lambda: datetime.now(UTC)
    log = await SqliteAuditLog.open(SqliteFile(Path(path)), chain, key, clock, Pace(entries=50))
    await asyncio.gather(*(append(log, worker) for worker in range(4)))


asyncio.run(main(sys.argv[1], sys.argv[2], read_signing_key(sys.stdin.buffer.read())))
