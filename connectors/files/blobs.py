"""Files that items of type G name, in the folder of the option `blobs`: a reference → the file's bytes.

The download's share of walk 1 (a question). Nothing outside the folder is ever opened: a reference that would lead out,
by its own steps or by a symbolic link, names no file. It does not compare bytes with a digest; the hub does.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from connectors.source import SourceFile, SourceFileMissing, SourceMisconfigured, SourceUnavailable, digest_hex

CHUNK = 64 * 1024
#: Digits of the digest that name the folder in which its file stands.
BUCKET = 2
#: Bytes of a file's name; file systems refuse longer ones.
LONGEST_NAME = 255


@asynccontextmanager
async def opened(system: str, folder: Path | None, reference: str) -> AsyncIterator[SourceFile]:
    """The file, open. SourceFileMissing where the folder has none of that name, SourceUnavailable where it is gone."""
    if folder is None:
        raise SourceMisconfigured(system, "without the option blobs it gives no files")
    path, file = await asyncio.to_thread(_open, system, folder, reference)
    try:
        yield SourceFile(_chunks(system, file), path.name)
    finally:
        await asyncio.to_thread(file.close)


def _open(system: str, folder: Path, reference: str) -> tuple[Path, BinaryIO]:
    try:
        root = folder.resolve(strict=True)
        path = _find(root, reference)
        if path is None:
            raise SourceFileMissing(system, f"{folder} has no file of that name")
        return path, os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
    except OSError as error:
        raise SourceUnavailable(system, f"{folder}: {error.strerror}") from error


def _find(root: Path, reference: str) -> Path | None:
    """The real path of the file, which lies inside the root; None where there is none."""
    digest = digest_hex(reference)
    named = _by_digest(root, digest) if digest else _by_name(root, reference)
    if named is None:
        return None
    path = Path(os.path.realpath(named))
    return path if path.is_relative_to(root) and path.is_file() else None


def _by_digest(root: Path, digest: str) -> Path | None:
    """`9f/9f86….pdf`: whatever the suffix is; the first by name where several stand there."""
    bucket = root / digest[:BUCKET]
    found = (path for path in bucket.glob(f"{digest}*") if path.name in (digest, f"{digest}{path.suffix}"))
    return min(found, default=None)


def _by_name(root: Path, reference: str) -> Path | None:
    """A path inside the root, in the source's own words; hidden files are none."""
    steps = PurePosixPath(reference.replace("\\", "/"))
    if steps.is_absolute() or not steps.parts or not all(map(_ordinary, steps.parts)):
        return None
    return root / steps


def _ordinary(step: str) -> bool:
    return not step.startswith(".") and "\0" not in step and len(step.encode()) <= LONGEST_NAME


async def _chunks(system: str, file: BinaryIO) -> AsyncIterator[bytes]:
    while True:
        try:
            chunk = await asyncio.to_thread(file.read, CHUNK)
        except OSError as error:
            raise SourceUnavailable(system, f"the file cannot be read: {error.strerror}") from error
        if not chunk:
            return
        yield chunk
