"""Rows of a file that holds one JSON object a line. Step 2 of walk 2.

Decimals stay exact, nested values become JSON text. A line that is no object becomes a BadRow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any, NoReturn

from connectors.files.folder import START, Found, Place
from connectors.files.lines import Lines
from connectors.files.reader import cut
from connectors.files.settings import Settings
from connectors.source import BadRow, SourceRow

#: How many rows are looked at for names: objects need not all have the same ones.
LOOK = 500


class JsonLines:
    """One jsonl file. Opened, its head is the names of the first rows' members, and it stands at the place."""

    def __init__(self, settings: Settings, file: Found, place: Place) -> None:
        self._name, self._encoding = file.name, settings.encoding
        self._lines = Lines(settings.system, file.name, file.path, settings.encoding)
        self.undecodable = 0
        self.place: Place = self._lines.place
        beginning = self.place
        try:
            first = [row.values for row in islice(self.rows(), LOOK) if isinstance(row, SourceRow)]
        except BaseException:
            self._lines.close()
            raise
        self.head = tuple(dict.fromkeys(name for values in first for name in values))
        self.undecodable = 0
        self._lines.jump(beginning if place == START else place)
        self.place = self._lines.place

    def rows(self) -> Iterator[SourceRow | BadRow]:
        """The rows from the place on; `place` moves behind each before it is given."""
        lines, name = self._lines, self._name
        for text in lines.texts():
            self.place = lines.place
            if lines.broken:
                self.undecodable += 1
                position = f"{name}:{lines.line} (byte {lines.broken.pop()})"
                yield BadRow(position, f"bytes that are not {self._encoding}", cut(text))
            elif not text.isspace():
                yield _row(f"{name}:{lines.line}", text)

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()


def _row(position: str, text: str) -> SourceRow | BadRow:
    try:
        values = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
        if "\\u" in text:
            json.dumps(values, default=str, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # how the parser says so; what is wrong shows in the row
        return BadRow(position, "not JSON", cut(text))
    if not isinstance(values, dict):
        return BadRow(position, "not a JSON object", cut(text))
    return SourceRow({name: _flat(value) for name, value in values.items()}, position)


def _flat(value: Any) -> object:
    return json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, dict | list) else value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
