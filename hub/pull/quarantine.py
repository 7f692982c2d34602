"""Rows that could not become records (隔离): their reasons, and how they are kept. Step 9 of walk 2 (a change); pure.

A bad row stops nothing and vanishes nowhere: it is kept with its position, its reason and what the department sent, so
that the department can see and correct it. A reason never holds a value of the row, so reports count by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from hub.control.ports import Quarantined

UNREADABLE = "unreadable"
KEY_UNUSABLE = "key_unusable"
KEY_TWICE = "key_twice"
KEY_OF_ANOTHER_BINDING = "key_of_another_binding"

KEPT_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class Bad:
    """A row on its way to quarantine. `has_key` says whether it is known which record it stands for."""

    position: str
    code: str
    words: str
    raw: str
    has_key: bool

    @property
    def reason(self) -> str:
        """`code: words`, by which reports count."""
        return f"{self.code}: {self.words}" if self.words else self.code


def kept(bad: Bad, run: str, binding: str, at: str) -> Quarantined:
    """The row as the ledger keeps it."""
    return Quarantined(run, binding, bad.position, bad.reason, bad.raw, at)


def raw_text(row: Mapping[str, object]) -> str:
    """What the department sent, as JSON text, cut where it is long."""
    return storable(json.dumps(dict(row), ensure_ascii=False, default=str))


def storable(text: str) -> str:
    """Text that every store can keep: cut, and without halves of surrogate pairs."""
    return text[:KEPT_CHARACTERS].encode("utf-8", "backslashreplace").decode("utf-8")
