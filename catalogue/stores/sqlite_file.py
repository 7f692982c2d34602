"""One SQLite file: a writer thread, a reader on the event loop, readers off it. What every embedded store stands on.

It belongs to no walk: it opens, serialises and closes. Small reads run on the event loop's thread (30 µs, less than a
hop to a thread); long ones run off it with a deadline; writes are transactions in one thread, so that a commit never
blocks the loop. Several processes may have the same file open (WAL).
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
READERS = 2
BUSY_SECONDS = 5.0
STEPS_BETWEEN_CHECKS = 10_000


class SqliteUnavailable(Exception):
    """The file cannot be used now (missing folder, full disk, locked too long, damaged): names file and reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name}: {reason}")
        self.path = path


class SqliteFile:
    """A SQLite database of this process, opened at first use of each connection; `close` ends all of them.

    `synchronous` is SQLite's pragma: FULL where an acknowledgement depends on the commit. `prepare` is called on every
    new connection (to register functions, set cache sizes).
    """

    def __init__(
        self, path: Path, *, synchronous: str = "FULL", prepare: Callable[[sqlite3.Connection], None] | None = None
    ) -> None:
        self.path = path
        self._synchronous = synchronous
        self._prepare = prepare
        self._writer_thread = ThreadPoolExecutor(1, thread_name_prefix=f"write-{path.stem}")
        self._reader_threads = ThreadPoolExecutor(READERS, thread_name_prefix=f"read-{path.stem}")
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._spare: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._closed = False

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Run a small question on the loop's thread. It sees every commit, of any process, made before it."""
        return self._guarded(lambda: question(self._loop_reader()))

    async def read_off_loop(self, question: Callable[[sqlite3.Connection], T], deadline: float | None = None) -> T:
        """Run a long question in a thread; TimeoutError where it takes more than `deadline` seconds."""
        self._refuse_if_closed()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader_threads, self._read_in_thread, question, deadline)

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run a change in one transaction in the writer's thread; durable when it returns, undone where it raises."""
        self._refuse_if_closed()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer_thread, self._write_in_thread, change)

    def close(self) -> None:
        """Wait for running work, then close every connection."""
        self._closed = True
        self._writer_thread.shutdown(wait=True)
        self._reader_threads.shutdown(wait=True)
        spare: list[sqlite3.Connection | None] = [self._writer, self._reader]
        with suppress(queue.Empty):
            while True:
                spare.append(self._spare.get_nowait())
        for connection in filter(None, spare):
            connection.close()
        self._writer = self._reader = None

    def _connect(self) -> sqlite3.Connection:
        self._refuse_if_closed()
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        _use_wal(connection)
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        if self._prepare:
            self._prepare(connection)
        return connection

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise SqliteUnavailable(self.path, "closed")

    def _loop_reader(self) -> sqlite3.Connection:
        if self._reader is None:
            self._reader = self._connect()
        return self._reader

    def _read_in_thread(self, question: Callable[[sqlite3.Connection], T], deadline: float | None) -> T:
        try:
            connection = self._spare.get_nowait()
        except queue.Empty:
            connection = self._guarded(self._connect)
        end = None if deadline is None else time.monotonic() + deadline
        late = (lambda: time.monotonic() > end) if end is not None else None
        connection.set_progress_handler(late, STEPS_BETWEEN_CHECKS)
        try:
            return self._guarded(lambda: question(connection))
        finally:
            connection.set_progress_handler(None, 0)
            self._spare.put(connection)

    def _write_in_thread(self, change: Callable[[sqlite3.Connection], T]) -> T:
        def transaction() -> T:
            if self._writer is None:
                self._writer = self._connect()
            return _in_transaction(self._writer, change)

        return self._guarded(transaction)

    def _guarded(self, work: Callable[[], T]) -> T:
        """Run it; errors of the file become SqliteUnavailable, errors of the SQL stay what they are."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", None)
            if code == sqlite3.SQLITE_INTERRUPT:
                raise TimeoutError(f"{self.path.name}: ran out of time") from error
            if code in _NOT_THE_FILE or code is None or isinstance(error, sqlite3.IntegrityError):
                raise
            raise SqliteUnavailable(self.path, str(error)) from error


_NOT_THE_FILE = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_MISMATCH})


def _use_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait here for another that makes the same new file: ask again for as long as a write would."""
    end = time.monotonic() + BUSY_SECONDS
    while not _is_wal(connection, end):
        time.sleep(0.005)


def _is_wal(connection: sqlite3.Connection, end: float) -> bool:
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
            raise
        return False
    return True


def _in_transaction(connection: sqlite3.Connection, change: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = change(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result
