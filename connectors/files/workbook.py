"""Rows of one sheet of an xlsx workbook, streamed by openpyxl. Step 2 of walk 2.

Cells keep their types (numbers, dates); a short row is filled up, since a sheet does not store empty cells at its end.
Reading on from a place parses the rows before it once more. Shared strings stand in memory, as the format wants it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from connectors.files.folder import Found, Place
from connectors.files.reader import cut, head_names, require_columns
from connectors.files.settings import Settings
from connectors.source import BadRow, SourceBroken, SourceMisconfigured, SourceRow

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

#: How a torn or foreign file shows itself: the archive, its compression, its XML (SyntaxError), its references.
TORN = (BadZipFile, InvalidFileException, zlib.error, EOFError, SyntaxError, KeyError, IndexError, ValueError)
Cells = tuple[object, ...]


class Workbook:
    """One sheet. Opened, it has read its head and stands at the place, whose first number is the next row's."""

    def __init__(self, settings: Settings, file: Found, place: Place) -> None:
        self._settings, self._name = settings, file.name
        self.undecodable = 0
        try:
            self._book = openpyxl.load_workbook(file.path, read_only=True, data_only=True)
        except TORN as error:
            raise self._broken(error) from error
        try:
            self._sheet = self._find_sheet()
            self._cells = self._iterate()
            self.head = self._read_head()
            require_columns(settings.system, file.name, self.head, settings.columns)
        except BaseException:
            self._book.close()
            raise
        self._begin = max(place[0], settings.head + 1)
        self.place: Place = (self._begin, self._begin)

    def _find_sheet(self) -> ReadOnlyWorksheet:
        names = self._book.sheetnames
        wanted = self._settings.sheet or next(iter(names), "")
        if wanted not in names:
            listed = ", ".join(names)
            raise SourceMisconfigured(self._settings.system, f"{self._name} has no sheet {wanted}; it has {listed}")
        sheet: ReadOnlyWorksheet = self._book[wanted]
        sheet.reset_dimensions()
        return sheet

    def _iterate(self) -> Iterator[tuple[int, Cells]]:
        """Rows by their number. What openpyxl raises at a torn file, at whatever depth, means SourceBroken."""
        try:
            rows: Iterator[Cells] = self._sheet.iter_rows(values_only=True)  # type: ignore[misc]  # the stub's self
            yield from enumerate(rows, 1)
        except TORN as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> SourceBroken:
        return SourceBroken(self._settings.system, f"{self._name} is not a readable workbook: {error}")

    def _read_head(self) -> tuple[str, ...]:
        for number, cells in self._cells:
            if number == self._settings.head:
                return head_names(_without_tail(cells))
        raise SourceBroken(self._settings.system, f"{self._name} has no head in row {self._settings.head}")

    def rows(self) -> Iterator[SourceRow | BadRow]:
        """The rows from the place on; `place` moves behind each before it is given."""
        width = len(self.head)
        for number, cells in self._cells:
            if number < self._begin or all(cell is None for cell in cells):
                continue
            self.place = (number + 1, number + 1)
            position = f"{self._name}:{number}"
            if len(cells) > width and len(_without_tail(cells)) > width:
                yield self._too_wide(position, cells)
            else:
                filled = cells[:width] + (None,) * (width - len(cells))
                yield SourceRow(dict(zip(self.head, filled, strict=True)), position)

    def _too_wide(self, position: str, cells: Cells) -> BadRow:
        fields = _without_tail(cells)
        raw = cut(json.dumps(fields, default=str, ensure_ascii=False))
        return BadRow(position, f"{len(fields)} fields where the head has {len(self.head)}", raw)

    def close(self) -> None:
        """Give the file back."""
        self._book.close()


def _without_tail(cells: Cells) -> Cells:
    """The cells without empty ones at the end."""
    end = len(cells)
    while end and cells[end - 1] is None:
        end -= 1
    return cells[:end]
