"""The physical lines of a text file, decoded one at a time. csv and jsonl stand on it (step 2 of walk 2).

It knows where it is in bytes and lines, and which lines were not the declared encoding. It knows no rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from connectors.files.folder import START, Place
from connectors.source import SourceBroken

LONGEST_LINE = 1 << 22
_BOM = b"\xef\xbb\xbf"


class Lines:
    """A text file as decoded lines. `offset` and `line` are those of the next line; a byte order mark is skipped.

    A line that is not the encoding is given with its bytes escaped, and the offset of its first bad byte noted in
    `broken`, which the caller empties.
    """

    def __init__(self, system: str, name: str, path: Path, encoding: str) -> None:
        self._system, self._name = system, name
        self._encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        self._file = path.open("rb")
        self.broken: list[int] = []
        self.offset, self.line = START
        if self._encoding == "utf-8" and self._file.read(len(_BOM)) == _BOM:
            self.offset = len(_BOM)
        self._file.seek(self.offset)

    @property
    def place(self) -> Place:
        """The place of the next line."""
        return self.offset, self.line

    def jump(self, place: Place) -> None:
        """Go on from another place: take a new `texts` then."""
        self.offset, self.line = place
        self.broken.clear()
        self._file.seek(self.offset)

    def texts(self) -> Iterator[str]:
        """The lines from here on with their ends; SourceBroken at one of more than 4 MB, which is no line of rows."""
        for raw in iter(partial(self._file.readline, LONGEST_LINE), b""):
            start = self.offset
            self.offset += len(raw)
            self.line += 1
            if len(raw) == LONGEST_LINE:
                raise SourceBroken(self._system, f"{self._name}:{self.line} is longer than {LONGEST_LINE} bytes")
            try:
                yield raw.decode(self._encoding)
            except UnicodeDecodeError as error:
                self.broken.append(start + error.start)
                yield raw.decode(self._encoding, "backslashreplace")

    def skip(self, place: Place) -> str:
        """Go to the line that follows the one at the place; the skipped line's text."""
        self.jump(place)
        raw = self._file.readline(LONGEST_LINE)
        self.jump((place[0] + len(raw), place[1] + 1))
        return raw.decode(self._encoding, "backslashreplace")

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
