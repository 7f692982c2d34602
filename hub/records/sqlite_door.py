"""The way into `records.db`: where a question runs, how long it may take, and what its errors are called.

Both walks pass it. A question begins on the event loop with a ration of SQLite's own steps (a few milliseconds); one
that uses them up begins again in a thread with a deadline, and its like go there at once. So no estimate decides what
is small, and no question holds up the others. What is asked is not known here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from typing import TypeVar

from catalogue.fold import fold
from catalogue.stores.sqlite_file import SqliteFile, SqliteUnavailable
from hub.errors import DeadlineExceeded, StoreUnavailable
from hub.records.search import code_term
from hub.records.sqlite_rules import has_terms

T = TypeVar("T")

#: Steps of SQLite's machine that a question may take on the event loop: about 3 ms.
STEPS_ON_LOOP = 100_000
_STEPS_BETWEEN_CHECKS = 5_000
_LONG_REMEMBERED = 1_000
_CACHE_KIB = 32 * 1024
#: Pages in the write-ahead log before they move to the file: 64 MiB, so that a page written often moves once.
_PAGES_BETWEEN_CHECKPOINTS = 16_384


def prepare_connection(connection: sqlite3.Connection) -> None:
    """What every connection of `records.db` needs; pass it to `SqliteFile`."""
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_BETWEEN_CHECKPOINTS}")
    connection.execute("PRAGMA secure_delete = FAST")
    connection.create_function("has_terms", 2, has_terms, deterministic=True)
    connection.create_function("folded", 1, _form(fold), deterministic=True)
    connection.create_function("code_term", 1, _form(code_term), deterministic=True)


class Door:
    """Runs questions and changes on one file. `deadline` is how many seconds a long question may take."""

    def __init__(self, file: SqliteFile, deadline: float | None = None, steps_on_loop: int = STEPS_ON_LOOP) -> None:
        self._file, self._deadline, self._steps = file, deadline, steps_on_loop
        self._long: dict[str, None] = {}

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """A question that is small whatever is stored."""
        return await _named(self._file.read(question))

    async def ask(self, like: str, question: Callable[[sqlite3.Connection], T], *, long: bool = False) -> T:
        """A question that may be long. `like` names those that take the same way (its SQL). DeadlineExceeded."""
        if not long and like not in self._long:
            try:
                return await _named(self._file.read(lambda connection: self._rationed(connection, question)))
            except TimeoutError:
                self._remember(like)
        try:
            return await _named(self._file.read_off_loop(question, self._deadline))
        except TimeoutError as error:
            raise DeadlineExceeded(f"the question took longer than {self._deadline} s") from error

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """One durable transaction."""
        return await _named(self._file.write(change))

    def _rationed(self, connection: sqlite3.Connection, question: Callable[[sqlite3.Connection], T]) -> T:
        """Run it; SQLite interrupts it after its ration."""
        checks = iter(range(self._steps // _STEPS_BETWEEN_CHECKS))
        connection.set_progress_handler(lambda: next(checks, None) is None, _STEPS_BETWEEN_CHECKS)
        try:
            return question(connection)
        finally:
            connection.set_progress_handler(None, 0)

    def _remember(self, like: str) -> None:
        if len(self._long) >= _LONG_REMEMBERED:
            del self._long[next(iter(self._long))]
        self._long[like] = None


async def _named(work: Awaitable[T]) -> T:
    """The work's value, its error by the port's name."""
    try:
        return await work
    except SqliteUnavailable as error:
        raise StoreUnavailable(str(error)) from error


def _form(form: Callable[[str], str]) -> Callable[[str | None], str | None]:
    return lambda text: form(text) if isinstance(text, str) else None
