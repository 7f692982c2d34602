"""Which records a pull has met, kept out of memory. Steps 5 and 16 of walk 2 (a change).

A temporary SQLite database that has no name: it ends with the process, also when that is killed. It answers two
questions: which keys came before in this pull, and which stored records a complete read did not list.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from hashlib import blake2b

from hub.errors import StoreUnavailable

_CACHE_KIB = 16 * 1024


class Seen:
    """The handles met so far, and digests of rows whose key could not be read.

    StoreUnavailable where the disk has no room for them.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._database.execute("CREATE TABLE met (handle TEXT PRIMARY KEY) WITHOUT ROWID")
        self._database.execute("CREATE TABLE unreadable (digest BLOB PRIMARY KEY) WITHOUT ROWID")
        self._database.execute("CREATE TABLE missing (handle TEXT PRIMARY KEY) WITHOUT ROWID")

    def before(self, handles: Collection[str]) -> set[str]:
        """Those of the handles that were met already."""
        asked = "SELECT handle FROM met WHERE handle IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._database.execute(asked, (json.dumps(list(handles)),))}

    def meet(self, handles: Iterable[str]) -> None:
        """Remember handles of this pull."""
        self._many("INSERT OR IGNORE INTO met VALUES (?)", ((handle,) for handle in handles))

    def meet_unreadable(self, raws: Iterable[str]) -> None:
        """Remember rows whose key could not be read."""
        self._many("INSERT OR IGNORE INTO unreadable VALUES (?)", ((_digest(raw),) for raw in raws))

    def unreadable_beyond(self, known: Iterable[str]) -> int:
        """How many different unreadable rows this pull met that are not among the known ones."""
        digests = {_digest(raw) for raw in known}
        return sum(row[0] not in digests for row in self._database.execute("SELECT digest FROM unreadable"))

    def note_missing(self, handles: Collection[str]) -> int:
        """Note those of the handles that were never met; how many they are."""
        missing = set(handles) - self.before(handles)
        self._many("INSERT OR IGNORE INTO missing VALUES (?)", ((handle,) for handle in missing))
        return len(missing)

    def missing(self, after: str, limit: int) -> list[str]:
        """Noted handles, ascending, after the given one ('' to begin)."""
        asked = "SELECT handle FROM missing WHERE handle > ? ORDER BY handle LIMIT ?"
        return [row[0] for row in self._database.execute(asked, (after, limit))]

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def _many(self, statement: str, rows: Iterable[tuple[str | bytes]]) -> None:
        try:
            self._database.execute("BEGIN")
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(f"the temporary file of the pull: {error}") from error


def _digest(raw: str) -> bytes:
    return blake2b(raw.encode("utf-8", "backslashreplace"), digest_size=16).digest()
