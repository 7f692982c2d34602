"""The walk over a folder's files, page by page with its checkpoint. Blocking; `connectors.off_loop` runs it in threads.

Files are read in the order of their names, a page holds rows of one file. Step 2 of walk 2.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import islice

from connectors.files.delimited import Delimited
from connectors.files.folder import START, Found, Place, Progress, list_files, seen_again, written_to
from connectors.files.jsonl import JsonLines
from connectors.files.markup import Markup
from connectors.files.reader import Reader
from connectors.files.settings import Settings
from connectors.files.workbook import Workbook
from connectors.source import SourceBroken, SourceMisconfigured, SourcePage, SourceUnavailable

PAGE = 500
#: From this many rows of a page on, more than half of them broken means that the declared encoding is wrong.
JUDGED = 10
Pages = Generator[SourcePage, None, None]

READERS: Mapping[str, Callable[[Settings, Found, Place], Reader]] = {
    "csv": Delimited,
    "xlsx": Workbook,
    "jsonl": JsonLines,
    "xml": Markup,
}


def open_file(settings: Settings, file: Found, place: Place = START) -> Reader:
    """A reader of the file that stands at the place; its errors name the file."""
    try:
        return READERS[file.format](settings, file, place)
    except PermissionError as error:
        raise SourceMisconfigured(settings.system, f"{file.name}: {error.strerror}") from error
    except OSError as error:
        raise SourceUnavailable(settings.system, f"{file.name}: {error.strerror}") from error


def read_pages(settings: Settings, cursor: str | None) -> Pages:
    """Pages from the checkpoint on. The last is empty, and complete where every file was read from its first row."""
    progress = Progress.parse(cursor)
    everything = True
    done: dict[str, str] = {}
    for listed in list_files(settings):
        with _errors_named(settings, listed):
            file = seen_again(listed)
        place = progress.begins(file)
        everything = everything and place == START
        if place is not None:
            yield from _read_file(settings, file, place, done)
        done[file.name] = file.fingerprint
    yield SourcePage((), Progress(done).cursor(), complete=everything)


def _read_file(settings: Settings, file: Found, place: Place, done: Mapping[str, str]) -> Pages:
    reached = Progress(done, file.name, file.fingerprint)
    with _errors_named(settings, file), closing(open_file(settings, file, place)) as reader:
        rows = reader.rows()
        while page := tuple(islice(rows, PAGE)):
            _judge_encoding(settings, reader, len(page), page[0].position)
            yield SourcePage(page, replace(reached, place=reader.place).cursor())
        torn = written_to(file)
    if torn:
        raise SourceUnavailable(settings.system, f"{file.name} was written to while it was read")


@contextmanager
def _errors_named(settings: Settings, file: Found) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceUnavailable(settings.system, f"{file.name}: {error.strerror}") from error


def _judge_encoding(settings: Settings, reader: Reader, rows: int, position: str) -> None:
    undecodable, reader.undecodable = reader.undecodable, 0
    if rows >= JUDGED and undecodable * 2 > rows:
        found = f"{undecodable} of {rows} rows from {position} on are not {settings.encoding}"
        raise SourceBroken(settings.system, found)
