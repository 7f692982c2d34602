"""Rows of an xml file: one element a row, streamed, with DTDs, entities and oversized rows refused. Step 2 of walk 2.

Bytes that are not the file's encoding, and characters that XML forbids, cost their row alone; where the markup itself
is broken the file is, from there on. Reading on from a place parses the rows before it once more.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from functools import partial
from itertools import islice

from lxml import etree

from connectors.files.folder import Found, Place
from connectors.files.lines import LONGEST_LINE
from connectors.files.reader import cut
from connectors.files.settings import ENCODINGS, Settings
from connectors.source import BadRow, SourceBroken, SourceMisconfigured, SourceRow, SourceShapeChanged
from connectors.xml_rows import SAFE, DtdFound, local, refuse_dtd, started_and_ended, values_of

#: How many rows are looked at for names: elements may be left out of a row.
LOOK = 500
_PART = 1 << 16
_LOOK_BYTES = 1024
#: A character that is none (Unicode 23.7): it stands before what could not be read.
_MARK = "\ufdd0"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]*?\?>")
_ENCODING = re.compile(rb"""\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([\w.:-]+)["']""")
_KNOWN = {codecs.lookup(name).name: name for name in (*ENCODINGS, "utf-16", "latin-1", "cp1252")}
_WIDER = ("gb2312", "gbk", "gb18030")


def _mark(error: UnicodeError) -> tuple[str, int]:
    """The decoder's word for bytes that are no character."""
    assert isinstance(error, UnicodeDecodeError)
    escaped = error.object[error.start : error.end].decode("ascii", "backslashreplace")
    return f"{_MARK}{escaped}", error.end


codecs.register_error("tongshu.mark", _mark)


class Markup:
    """One xml file. Opened, its head is the columns of the first rows, and it stands at the place: rows read so far."""

    def __init__(self, settings: Settings, file: Found, place: Place) -> None:
        self._system, self._name, self._row = settings.system, file.name, settings.row
        self.undecodable = 0
        if not self._row:
            raise SourceMisconfigured(self._system, f"{file.name}: option row must say which element is a row")
        self._file = file.path.open("rb")
        try:
            self._encoding = self._find_encoding(settings)
            self.place: Place = (0, 0)
            first = [row.values for row in islice(self.rows(), LOOK) if isinstance(row, SourceRow)]
        except BaseException:
            self._file.close()
            raise
        self.head = tuple(dict.fromkeys(name for values in first for name in values))
        self.undecodable, self.place = 0, place

    def rows(self) -> Iterator[SourceRow | BadRow]:
        """The rows from the place on; `place` moves behind each before it is given."""
        begin = self.place[0]
        for number, element in enumerate(self._elements(), 1):
            if number > begin:
                self.place = (number, number)
                yield self._read(number, element)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _read(self, number: int, element: etree._Element) -> SourceRow | BadRow:
        values, position = values_of(element), f"{self._name} row {number}"
        if not any(_MARK in value for value in values.values() if isinstance(value, str)):
            return SourceRow(values, position)
        self.undecodable += 1
        raw = json.dumps(values, ensure_ascii=False).replace(_MARK, "")
        return BadRow(position, f"bytes that are not {self._encoding}, or characters that XML forbids", cut(raw))

    def _elements(self) -> Iterator[etree._Element]:
        """The row elements, each emptied when the next is asked for."""
        self._file.seek(0)
        walk = _Walk(tuple(self._row.split("/")))
        try:
            yield from self._parsed(walk)
        except DtdFound as error:
            raise SourceBroken(self._system, f"{self._name} has {error}, which is refused") from error
        if walk.is_lost():
            raise SourceShapeChanged(self._system, f"{self._name} has no element {self._row}; it has {walk.strangers}")

    def _parsed(self, walk: _Walk) -> Iterator[etree._Element]:
        """The rows up to the file's end, or up to where its markup breaks."""
        parser = etree.XMLPullParser(("start", "end"), **SAFE)
        try:
            for text in self._texts():
                yield from self._fed(parser, walk, text)
            parser.close()
        except etree.XMLSyntaxError as error:
            yield from walk.rows(parser)
            raise SourceBroken(self._system, f"{self._name}:{error.lineno} is no XML from here on") from error

    def _fed(self, parser: etree.XMLPullParser, walk: _Walk, text: str) -> Iterator[etree._Element]:
        parser.feed(text.encode())
        walk.size += len(text)
        yield from walk.rows(parser)
        if walk.size > LONGEST_LINE:
            raise SourceBroken(self._system, f"{self._name} row {walk.number + 1} is longer than {LONGEST_LINE}")

    def _texts(self) -> Iterator[str]:
        """The file's text in parts, without its declaration: what the parser gets is always UTF-8."""
        decoder = codecs.getincrementaldecoder(self._encoding)("tongshu.mark")
        first = True
        for part in iter(partial(self._file.read, _PART), b""):
            text = decoder.decode(part)
            yield _marked(_DECLARATION.sub("", text, count=1) if first else text)
            first = False
        yield _marked(decoder.decode(b"", final=True))

    def _find_encoding(self, settings: Settings) -> str:
        """What the file declares; the option, where it stands, must be the same or a wider one of its family."""
        declared = self._declared()
        wanted = "utf-8" if settings.encoding == "utf-8-sig" else settings.encoding
        if not settings.encoding_given:
            return _with_mark(declared or "utf-8")
        if declared in _WIDER and wanted in _WIDER:
            return max(declared, wanted, key=_WIDER.index)
        if declared not in ("", "ascii", wanted):
            told = f"{self._name} declares the encoding {declared}, and option encoding says {wanted}"
            raise SourceBroken(self._system, told)
        return _with_mark(wanted)

    def _declared(self) -> str:
        beginning = self._file.read(_LOOK_BYTES)
        if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        found = _ENCODING.match(beginning.removeprefix(codecs.BOM_UTF8))
        if found is None:
            return ""
        name = found[1].decode()
        try:
            return _KNOWN[codecs.lookup(name).name]
        except LookupError as error:
            raise SourceBroken(self._system, f"{self._name} declares the encoding {name}, which is not read") from error


class _Walk:
    """Which elements of the parser's events are rows, and what else there was where no row came."""

    def __init__(self, row: tuple[str, ...]) -> None:
        self._row, self._stack = row, list[str]()
        self._depth = 0
        self._saw_parent = len(row) == 1
        self._others: dict[str, None] = {}
        self.number = self.size = 0

    @property
    def strangers(self) -> str:
        """The names that stood where rows were looked for."""
        return ", ".join(self._others) or "none"

    def is_lost(self) -> bool:
        """Whether no row came though the file is not an empty one of its kind."""
        return not self.number and (bool(self._others) or not self._saw_parent)

    def rows(self, parser: etree.XMLPullParser) -> Iterator[etree._Element]:
        """The rows among what was parsed up to now."""
        for event, element in started_and_ended(parser):
            if event == "start":
                self._enter(element)
            elif self._depth == len(self._stack):
                self.number += 1
                yield element
                self._leave(element)
            else:
                self._pass(element)

    def _enter(self, element: etree._Element) -> None:
        if not self._stack:
            refuse_dtd(element)
        self._stack.append(local(element.tag))
        if self._depth:
            return
        if tuple(self._stack[-len(self._row) :]) == self._row:
            self._depth = len(self._stack)
        elif len(self._row) > 1 and tuple(self._stack[1 - len(self._row) :]) == self._row[:-1]:
            self._saw_parent = True
        elif not self.number and self._is_beside() and len(self._others) < 10:
            self._others[self._stack[-1]] = None

    def _is_beside(self) -> bool:
        """Whether a row could stand where this element does."""
        if len(self._row) == 1:
            return len(self._stack) == 2
        return tuple(self._stack[-len(self._row) : -1]) == self._row[:-1]

    def _leave(self, row: etree._Element) -> None:
        self._depth = self.size = 0
        self._stack.pop()
        _forget(row)

    def _pass(self, element: etree._Element) -> None:
        self._stack.pop()
        if not self._depth:
            self.size = 0
            _forget(element)


def _forget(element: etree._Element) -> None:
    """Give the memory of an element and of those before it back."""
    element.clear()
    above = element.getparent()
    while above is not None and element.getprevious() is not None:
        del above[0]


def _marked(text: str) -> str:
    return _FORBIDDEN.sub(lambda found: f"{_MARK}\\x{ord(found[0]):02x}", text)


def _with_mark(encoding: str) -> str:
    """A byte order mark is skipped."""
    return "utf-8-sig" if encoding in ("utf-8", "ascii") else encoding


def guess_row(file: Found) -> str:
    """For discovery: the path of the element that occurs most among those with elements or attributes of their own."""
    parser = etree.XMLPullParser(("start", "end"), **SAFE)
    counted: dict[tuple[str, ...], int] = {}
    stack: list[str] = []
    with file.path.open("rb") as opened:
        parser.feed(opened.read(_PART))
    for event, element in started_and_ended(parser):
        if event == "start":
            stack.append(local(element.tag))
            continue
        if (len(element) or element.attrib) and len(stack) > 1:
            counted[tuple(stack)] = counted.get(tuple(stack), 0) + 1
        stack.pop()
    best = max(counted, key=lambda path: (counted[path], -len(path)), default=())
    return "/".join(best[-2:]) if len(best) > 2 else "/".join(best[-1:])
