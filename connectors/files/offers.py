"""What discovery offers of a file: its columns with a guessed data type, length and samples, and a likely key.

A guess is a proposal that a person reviews; it is made from the first rows only. Nothing here is used by a pull.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice

import openpyxl

from connectors.files.folder import Found
from connectors.files.markup import guess_row
from connectors.files.pages import open_file
from connectors.files.settings import Settings
from connectors.files.workbook import TORN
from connectors.guess import guess_column, guess_key
from connectors.source import Offer, SourceBroken, SourceRow

LOOK = 1000
_LOOK_BYTES = 1 << 20
#: Tried after the declared one, in this order: text in gb18030 is hardly ever UTF-8.
_GUESSED = ("utf-8", "gb18030")


def offers_of(settings: Settings, file: Found) -> Iterator[Offer]:
    """One offer a file, or a sheet. A binding's columns do not count here."""
    free = replace(settings, columns=())
    if file.format == "xlsx":
        for sheet in _sheets(free, file):
            yield _offer(replace(free, sheet=sheet), file, f"{file.name}!{sheet}", {"sheet": sheet})
    elif file.format == "jsonl":
        yield _offer(free, file, file.name, {})
    elif file.format == "xml":
        row = settings.row or guess_row(file)
        yield _offer(replace(free, row=row), file, file.name, {"row": row})
    else:
        encoding = _encoding(free, file)
        yield _offer(replace(free, encoding=encoding), file, file.name, {"encoding": encoding})


def _sheets(settings: Settings, file: Found) -> list[str]:
    try:
        with closing(openpyxl.load_workbook(file.path, read_only=True)) as book:
            return list(book.sheetnames)
    except TORN as error:
        raise SourceBroken(settings.system, f"{file.name} is not a readable workbook: {error}") from error


def _encoding(settings: Settings, file: Found) -> str:
    with file.path.open("rb") as opened:
        beginning = opened.read(_LOOK_BYTES)
    whole_lines = beginning[: beginning.rfind(b"\n") + 1] or beginning
    candidates = dict.fromkeys((settings.encoding, *_GUESSED))
    return next((name for name in candidates if _decodes(whole_lines, name)), settings.encoding)


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _offer(settings: Settings, file: Found, name: str, options: dict[str, str]) -> Offer:
    with closing(open_file(settings, file)) as reader:
        rows = [row.values for row in islice(reader.rows(), LOOK) if isinstance(row, SourceRow)]
        columns = {column: [row.get(column) for row in rows] for column in reader.head}
    guessed = tuple(guess_column(column, values) for column, values in columns.items())
    return Offer(name, guessed, guess_key(columns, guessed), {"files": file.name, **options})
