"""What the formats have in common: a reader of one file, the names in its head, and the error of a torn file.

`connectors.files.pages` drives readers; each format has its own module. It opens nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from connectors.files.folder import Place
from connectors.source import BadRow, SourceMisconfigured, SourceRow

LONGEST_RAW = 4000


class Reader(Protocol):
    """One open file. `head` are its columns, `place` the one after the last row given, `undecodable` the number of rows
    whose bytes are not the declared encoding.
    """

    head: tuple[str, ...]
    place: Place
    undecodable: int

    def rows(self) -> Iterator[SourceRow | BadRow]:
        """The rows from the place on, in file order; SourceBroken where the file is torn."""

    def close(self) -> None:
        """Give the file back."""


def head_names(cells: Sequence[object]) -> tuple[str, ...]:
    """Column names of a head row: trimmed, an empty one named by its number, a repeated one with its number behind."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = str(cell).lstrip("\ufeff").strip() if cell is not None else ""
        name = name or f"column {number}"
        names.append(f"{name} ({number})" if name in names else name)
    return tuple(names)


def require_columns(system: str, file: str, head: Sequence[str], wanted: Sequence[str]) -> None:
    """SourceMisconfigured where the head lacks a column that the binding reads."""
    missing = [name for name in wanted if name not in head]
    if missing:
        raise SourceMisconfigured(system, f"{file} has no column {', '.join(missing)}; its head: {', '.join(head)}")


def cut(text: str) -> str:
    """A row's raw text, short enough to keep in quarantine."""
    return text if len(text) <= LONGEST_RAW else text[:LONGEST_RAW] + "…"
