"""What a files binding declares: where the files are and how they are written. Parsed once, when the source is opened.

It looks at no file; `connectors.files.folder` does.
"""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path, PurePath

from catalogue.model import Binding, System
from connectors.options import Options
from connectors.source import SourceMisconfigured

#: Every option of the connector. `path` is the folder (or one file); `files` a glob inside it; `format` overrules the
#: file's suffix; `head` is the number of the row that holds the column names; `sheet` a name, the first without one;
#: `row` the element that is a row of an xml file, by its name or path; `blobs` the folder of the files that items of
#: type G name.
OPTIONS = frozenset({"path", "files", "format", "encoding", "delimiter", "head", "sheet", "row", "blobs"})
FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xml": "xml",
}
#: Encodings in which no part of a longer character looks like a line's end, a quote or a delimiter.
ENCODINGS = frozenset({"utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312", "big5", "ascii"})
ANY = "*"
_DELIMITERS = {"tab": "\t", "\\t": "\t"}


@dataclass(frozen=True, slots=True)
class Settings:
    """A binding's options, typed. `columns` are the source columns it reads; every file must have them."""

    system: str
    folder: Path
    files: str = ANY
    format: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    head: int = 1
    sheet: str = ""
    row: str = ""
    encoding_given: bool = False
    blobs: Path | None = None
    columns: tuple[str, ...] = ()

    def format_of(self, path: PurePath) -> str:
        """csv, xlsx, jsonl or xml; empty where neither the option nor the suffix says."""
        return self.format or FORMATS.get(path.suffix.lower(), "")


def settings_of(system: System, binding: Binding | None) -> Settings:
    """The typed options; SourceMisconfigured names the one that cannot be used."""
    options = Options.of(system, binding, OPTIONS)
    path = Path(options.text("path"))
    blobs = options.text("blobs", "")
    one_file = path.suffix.lower() in FORMATS
    folder = path.parent if one_file else path
    return Settings(
        system=system.name,
        folder=folder,
        files=glob.escape(path.name) if one_file else _glob(options),
        format=options.choice("format", "", {"", *FORMATS.values()}),
        encoding=options.choice("encoding", "utf-8", ENCODINGS),
        delimiter=_delimiter(options),
        head=_head(options),
        sheet=options.text("sheet", ""),
        row=_row(options),
        encoding_given="encoding" in options.values,
        blobs=folder / blobs if blobs else None,
        columns=tuple(dict.fromkeys(c.source for c in binding.columns if c.source)) if binding else (),
    )


def _glob(options: Options) -> str:
    pattern = options.text("files", ANY)
    if PurePath(pattern).is_absolute() or ".." in PurePath(pattern).parts or not pattern:
        raise SourceMisconfigured(options.system, "option files must stay inside the folder that path names")
    return pattern


def _delimiter(options: Options) -> str:
    text = options.text("delimiter", ",")
    delimiter = _DELIMITERS.get(text, text)
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
        raise SourceMisconfigured(options.system, "option delimiter is not one ASCII character (or `tab`)")
    return delimiter


def _row(options: Options) -> str:
    row = options.text("row", "")
    if row and not all(step and step == step.strip() for step in row.split("/")):
        raise SourceMisconfigured(options.system, "option row is no path of element names")
    return row


def _head(options: Options) -> int:
    head = options.number("head", 1)
    if head != int(head) or head < 1:
        raise SourceMisconfigured(options.system, "option head is not the number of a row, counted from 1")
    return int(head)
