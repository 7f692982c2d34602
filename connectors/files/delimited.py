"""Rows of a csv file in a declared encoding: quoted fields, lines inside quotes, one broken row at a time.

A row that cannot be read (bytes, number of fields, a quote that never closes) becomes a BadRow and reading goes on with
the next physical line. It guesses neither encoding nor delimiter.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

from connectors.files.folder import START, Found, Place
from connectors.files.lines import Lines
from connectors.files.reader import cut, head_names, require_columns
from connectors.files.settings import Settings
from connectors.source import BadRow, SourceBroken, SourceRow


class Delimited:
    """One csv file. Opened, it has read its head and stands at the place."""

    def __init__(self, settings: Settings, file: Found, place: Place) -> None:
        self._settings, self._name = settings, file.name
        self._lines = Lines(settings.system, file.name, file.path, settings.encoding)
        self.undecodable = 0
        try:
            self.head = self._read_head()
            require_columns(settings.system, file.name, self.head, settings.columns)
        except BaseException:
            self._lines.close()
            raise
        if place != START:
            self._lines.jump(place)
        self.place: Place = self._lines.place

    def _read_head(self) -> tuple[str, ...]:
        parser = self._parser()
        fields: list[str] = []
        try:
            for _ in range(self._settings.head):
                self._lines.broken.clear()
                fields = next(parser, [])
        except csv.Error as error:
            raise SourceBroken(self._settings.system, f"{self._name}: the head cannot be read: {error}") from error
        if self._lines.broken:
            where = f"{self._name}:{self._lines.line} (byte {self._lines.broken[0]})"
            raise SourceBroken(self._settings.system, f"{where}: the head is not {self._settings.encoding}")
        if not fields:
            raise SourceBroken(self._settings.system, f"{self._name} has no head in row {self._settings.head}")
        return head_names(fields)

    def _parser(self) -> Iterator[list[str]]:
        return csv.reader(self._lines.texts(), delimiter=self._settings.delimiter, strict=True)

    def rows(self) -> Iterator[SourceRow | BadRow]:
        """The rows from the place on; `place` moves behind each before it is given."""
        head, width, name, lines = self.head, len(self.head), self._name, self._lines
        parser = self._parser()
        while True:
            try:
                fields = next(parser, None)
            except csv.Error as error:
                yield self._torn(str(error))
                parser = self._parser()
                continue
            if fields is None:
                return
            line = self.place[1] + 1
            self.place = lines.place
            if len(fields) == width and not lines.broken:
                yield SourceRow(dict(zip(head, fields, strict=True)), f"{name}:{line}")
            elif fields:
                yield self._bad(line, fields)

    def _bad(self, line: int, fields: list[str]) -> BadRow:
        raw = cut(json.dumps(fields, ensure_ascii=False))
        if self._lines.broken:
            self.undecodable += 1
            position = f"{self._name}:{line} (byte {self._lines.broken[0]})"
            self._lines.broken.clear()
            return BadRow(position, f"bytes that are not {self._settings.encoding}", raw)
        return BadRow(f"{self._name}:{line}", f"{len(fields)} fields where the head has {len(self.head)}", raw)

    def _torn(self, reason: str) -> BadRow:
        """The row at the place cannot be told from what follows: give up its first line and go on with the next."""
        position = f"{self._name}:{self.place[1] + 1}"
        raw = self._lines.skip(self.place)
        self.place = self._lines.place
        return BadRow(position, f"the quotes of this row do not close: {reason}", cut(raw))

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()
