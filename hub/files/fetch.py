"""A file, from its department's system into a place of the hub that is gone when it is closed.

The download's second half (walk 1, a question). The file stands in memory up to a mebibyte, beyond that in a temporary
file without a name: nothing of it is left however the process ends. What a source does wrong is SOURCE_UNAVAILABLE or
SOURCE_TIMEOUT with its department. It decides nothing about access.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from hashlib import sha256
from tempfile import SpooledTemporaryFile

from catalogue.model import Binding, System
from catalogue.snapshot import Snapshot
from connectors.source import (
    FileSource,
    Source,
    SourceError,
    SourceFile,
    SourceFileMissing,
    SourceMisconfigured,
    SourceTimeout,
    SourceUnavailable,
    digest_hex,
)
from hub.errors import Code, HubError, StoreUnavailable

IN_MEMORY = 1024 * 1024
CHUNK = 64 * 1024
#: First bytes that tell what kind of file it is.
HEAD = 64
#: How long a whole file may take; every part of it has the system's own deadline.
FETCH_SECONDS = 120.0
#: Files fetched from one system at once: a slow one holds up no other.
AT_ONCE = 4


class FileTooLarge(SourceError):
    """The file is larger than the hub passes on."""


class FileDiffers(SourceError):
    """The bytes are not those of the digest that the record names."""


class Spooled:
    """A file on its way: its bytes, how many, the first of them, its name and media type where the source says them.

    Close it, or read its chunks to their end.
    """

    def __init__(self, name: str, media: str) -> None:
        self.name, self.media = name, media
        self.size, self.head = 0, b""
        self._hash = sha256()
        self._spool: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  # `close`

    @property
    def digest(self) -> str:
        """SHA-256 of what has come, in hex."""
        return self._hash.hexdigest()

    async def keep(self, chunk: bytes) -> None:
        """Keep one more part: in memory at once, on disk in a thread."""
        self.size += len(chunk)
        self.head = self.head or chunk[:HEAD]
        self._hash.update(chunk)
        try:
            if self.size <= IN_MEMORY:
                self._spool.write(chunk)
            else:
                await asyncio.to_thread(self._spool.write, chunk)
        except OSError as error:
            raise StoreUnavailable(f"the hub has no room to pass the file on ({error.strerror})") from error

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes from the first on, once: it is closed at the end."""
        with self._spool as spool:
            spool.seek(0)
            while chunk := spool.read(CHUNK) if self.size <= IN_MEMORY else await asyncio.to_thread(spool.read, CHUNK):
                yield chunk

    def close(self) -> None:
        """Forget it."""
        self._spool.close()


class Fetcher:
    """Fetches files of at most `most` bytes; one a process. `open_source` gives sources that keep to their system's
    deadline when a file is opened.
    """

    def __init__(self, open_source: Callable[[System, Binding], Source], most: int) -> None:
        self._open_source, self._most = open_source, most
        self._turns: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))

    async def fetch(self, snapshot: Snapshot, binding: Binding, reference: str) -> Spooled:
        """The file of that digest or name, compared with the digest where it is one. HubError names the department."""
        system = snapshot.catalogue.systems[binding.system]
        try:
            return await self._timed(system, binding, reference)
        except SourceError as error:
            raise _refused(error, snapshot, binding) from error

    async def _timed(self, system: System, binding: Binding, reference: str) -> Spooled:
        try:
            async with asyncio.timeout(FETCH_SECONDS), self._turns[system.name]:
                return await self._fetched(system, binding, reference)
        except TimeoutError:
            raise SourceTimeout(system.name, "did not send the file in time") from None

    async def _fetched(self, system: System, binding: Binding, reference: str) -> Spooled:
        async with AsyncExitStack() as opened:
            source = self._open_source(system, binding)
            opened.push_async_callback(source.close)
            if not isinstance(source, FileSource):
                raise SourceMisconfigured(system.name, "gives no files")
            file = await opened.enter_async_context(source.file(reference))
            spooled = await self._spooled(system, file)
        if digest_hex(reference) not in (None, spooled.digest):
            spooled.close()
            raise FileDiffers(system.name, "sends another file than the one that the record names")
        return spooled

    async def _spooled(self, system: System, file: SourceFile) -> Spooled:
        """All of the file; nothing of it is left where it does not come whole."""
        spooled = Spooled(file.name, file.media)
        try:
            while chunk := await _next(file.chunks, system.deadline):
                self._judge(system, spooled.size + len(chunk))
                await spooled.keep(chunk)
        except BaseException:
            spooled.close()
            raise
        return spooled

    def _judge(self, system: System, size: int) -> None:
        if size > self._most:
            raise FileTooLarge(system.name, f"the file is larger than {self._most} bytes")


async def _next(chunks: AsyncIterator[bytes], seconds: float) -> bytes:
    """The next bytes, or none at the end; TimeoutError where they do not come in time."""
    async with asyncio.timeout(seconds):
        async for chunk in chunks:
            if chunk:
                return chunk
    return b""


def _refused(error: SourceError, snapshot: Snapshot, binding: Binding) -> HubError:
    """What the client learns: whose system it is, what is wrong with the file, whether to retry. Nothing of how the
    system is built.
    """
    code = Code.SOURCE_TIMEOUT if isinstance(error, SourceTimeout) else Code.SOURCE_UNAVAILABLE
    said = next((words for kind, words in _SAID if isinstance(error, kind)), "does not answer as it should")
    extensions: dict[str, object] = {"source": error.source, "retryable": error.retryable}
    if error.retry_after is not None:
        extensions["retryAfter"] = error.retry_after
    department = snapshot.department_of(binding.name)
    if department is not None:
        extensions["department"] = department.name
    return HubError(code, f"{error.source} {said}", **extensions)


_SAID: tuple[tuple[type[SourceError], str], ...] = (
    (SourceFileMissing, "does not have the file that the record names"),
    (FileDiffers, "has another file than the one that the record names: its digest differs"),
    (FileTooLarge, "has a file that is larger than this hub passes on"),
    (SourceTimeout, "did not send the file in time"),
    (SourceUnavailable, "does not answer now"),
)
