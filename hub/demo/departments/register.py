"""What a department of the demo keeps: one SQLite file, written whole at its first start, then changed step by step.

Requests come in threads and take turns on one connection; a change is there whole or not at all, also when the
process ends in the middle of it. Which tables stand in it is the department's own manner.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import NoReturn

Fill = Callable[[sqlite3.Connection], object]


def create(path: Path, tables: str, fill: Fill, indexes: str) -> bool:
    """The file with its tables and what `fill` writes into them; False where it is there already."""
    if path.exists():
        return False
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.executescript(tables)
        connection.execute("BEGIN")
        fill(connection)
        connection.execute("COMMIT")
        connection.executescript(indexes)
    part.replace(path)
    return True


def start_again() -> NoReturn:
    """Run the same command in place of this process: the memory that the making of a world took is given back."""
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # the same command


class Register:
    """The file, opened for a process's life."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._turn = Lock()

    def rows(self, question: str, *values: object) -> Sequence[tuple[object, ...]]:
        """What a SELECT finds."""
        with self._turn:
            return self._connection.execute(question, values).fetchall()

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """One change, nobody reads or changes meanwhile; undone where it fails."""
        with self._turn, self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
