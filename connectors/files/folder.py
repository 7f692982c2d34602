"""Which files a binding reads now, and how far a pull has come in them: listing, fingerprints, checkpoint.

The checkpoint names every file that was read to its end by its fingerprint, so that an unchanged file is skipped, and
the place in the one that was being read. It opens no file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from connectors.files.settings import ANY, Settings
from connectors.source import SourceMisconfigured, SourceUnavailable

#: Where the next row stands: byte offset and line of a text file, row and row of a workbook. Zero before the head.
Place = tuple[int, int]
START: Place = (0, 0)


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the folder: its name inside it, its format, and a fingerprint that changes when it is written again."""

    name: str
    path: Path
    format: str
    fingerprint: str


def fingerprint(path: Path) -> str:
    """Size, time of last writing and inode: an overwritten or replaced file has another one."""
    stat = path.stat()
    return f"{stat.st_size:x}.{stat.st_mtime_ns:x}.{stat.st_ino:x}"


def seen_again(file: Found) -> Found:
    """The file as it is now: another may have taken its place since it was listed. OSError where none is there."""
    return replace(file, fingerprint=fingerprint(file.path))


def written_to(file: Found) -> bool:
    """Whether the file's bytes changed since it was seen. Where another file took its place they did not: whoever has
    it open reads it to its end, and the new one is read the next time.
    """
    now = fingerprint(file.path)
    return now != file.fingerprint and _inode(now) == _inode(file.fingerprint)


def _inode(known: str) -> str:
    return known.rpartition(".")[2]


def list_files(settings: Settings) -> list[Found]:
    """The files that match, by name. SourceUnavailable where folder or files are not there: a delivery that is late or
    a share that is not mounted must not look like an empty one.
    """
    try:
        paths = sorted(
            p for p in settings.folder.glob(settings.files) if p.is_file() and not _hidden(p, settings.folder)
        )
        found = [_found(settings, path) for path in paths]
    except OSError as error:
        raise SourceUnavailable(settings.system, f"{settings.folder}: {error.strerror}") from error
    files = [f for f in found if f.format or settings.files != ANY]
    if not files:
        raise SourceUnavailable(settings.system, f"no file in {settings.folder} matches {settings.files}")
    for file in files:
        if not file.format:
            raise SourceMisconfigured(settings.system, f"{file.name}: option format must say how it is written")
    return files


def _hidden(path: Path, folder: Path) -> bool:
    """Dot files, and the lock files that office programs lay beside an open workbook."""
    return any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)


def _found(settings: Settings, path: Path) -> Found:
    name = path.relative_to(settings.folder).as_posix()
    return Found(name, path, settings.format_of(path), fingerprint(path))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull has come: `read` maps files read to their end to fingerprints; `file` is read up to `place`."""

    read: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    fingerprint: str = ""
    place: Place = START

    @classmethod
    def parse(cls, cursor: str | None) -> Progress:
        """The progress that a cursor holds. One of another form (another connector's) means: from the beginning."""
        try:
            given = json.loads(cursor or "{}")
            at = given.get("at") or ["", "", 0, 0]
            return cls({str(k): str(v) for k, v in given["read"].items()}, at[0], at[1], (int(at[2]), int(at[3])))
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            return cls()

    def cursor(self) -> str:
        """The opaque text of it."""
        at = [self.file, self.fingerprint, *self.place] if self.file else None
        return json.dumps({"read": dict(self.read), "at": at}, ensure_ascii=False, separators=(",", ":"))

    def begins(self, file: Found) -> Place | None:
        """Where reading of the file begins; None where it was read to its end and has not changed since."""
        if self.read.get(file.name) == file.fingerprint:
            return None
        return self.place if (self.file, self.fingerprint) == (file.name, file.fingerprint) else START
