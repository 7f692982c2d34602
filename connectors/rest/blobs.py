"""Files that items of type G name, from a service: the option `blobs` is a path with `{}` for the digest or name.

The download's share of walk 1 (a question). Bytes are passed on as they come. Nothing is packed: what is compared with
a digest must be the file itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import Message
from urllib.parse import quote

from httpx import URL, Response

from connectors.rest.address import behind
from connectors.rest.client import Client
from connectors.rest.faults import Refused, told_apart
from connectors.rest.settings import Settings
from connectors.source import SourceBroken, SourceFile, SourceFileMissing, SourceMisconfigured

CHUNK = 64 * 1024
#: Steps that a URL does not keep: they would lead to another address of the service.
_STEPS = frozenset({"", ".", ".."})


@asynccontextmanager
async def opened(client: Client, settings: Settings, reference: str) -> AsyncIterator[SourceFile]:
    """The file, its answer begun. SourceFileMissing where the service says 404 or 410."""
    service = settings.service
    try:
        async with client.stream(_address(settings, reference), service.deadline) as response:
            if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
                raise SourceBroken(service.system, "sends a file packed, which was not asked for")
            yield SourceFile(_chunks(settings, response), _name(response), response.headers.get("Content-Type", ""))
    except Refused as refused:
        if refused.status in (404, 410):
            raise SourceFileMissing(service.system, "the service has no file of that name") from refused
        raise refused.error from refused


def _address(settings: Settings, reference: str) -> URL:
    if not settings.blobs:
        raise SourceMisconfigured(settings.system, "without the option blobs it gives no files")
    if reference in _STEPS:
        raise SourceFileMissing(settings.system, "that names no file")
    return behind(settings.service.url, settings.blobs.replace("{}", quote(reference, safe=":")))


def _name(response: Response) -> str:
    """What Content-Disposition calls the file, if anything."""
    told = Message()
    told["Content-Disposition"] = response.headers.get("Content-Disposition", "")
    return told.get_filename() or ""


async def _chunks(settings: Settings, response: Response) -> AsyncIterator[bytes]:
    with told_apart(settings.system, settings.service.timeout):
        async for chunk in response.aiter_raw(CHUNK):
            yield chunk
