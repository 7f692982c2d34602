"""A service's WSDL with all that it includes, collected as bytes, then read without a network. Kept for a while.

What is included must stand at the WSDL's own host, or in its own folder: a WSDL cannot send the hub elsewhere. zeep
works in a thread on what was collected; every document is looked at for a DTD before. Documents are values: what is
kept in memory holds no connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree

from connectors.soap.exchange import Exchange
from connectors.soap.known_schemas import WELL_KNOWN
from connectors.soap.settings import Settings
from connectors.source import SourceBroken, SourceMisconfigured
from connectors.xml_rows import DtdFound, local, parse

if TYPE_CHECKING:
    from zeep.wsdl import Document

MOST_DOCUMENTS = 200
_MOST_KEPT = 64
_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_XSD = "http://www.w3.org/2001/XMLSchema"
_XSD_REFERENCES = ("import", "include", "redefine")

#: Read WSDLs by what was asked for, with the time at which each is stale.
_kept: dict[tuple[object, ...], tuple[float, Document]] = {}
#: Loads that run now.
_loading: dict[tuple[object, ...], asyncio.Task[Document]] = {}


async def known(settings: Settings, exchange: Exchange) -> Document:
    """The WSDL as it was read lately, or as it is now."""
    stale_at, document = _kept.get(_key(settings), (0.0, None))
    if document is None or not settings.kept or stale_at <= time.monotonic():
        return await load(settings, exchange)
    return document


async def load(settings: Settings, exchange: Exchange) -> Document:
    """The WSDL as it is now; it is kept from here on.

    Who asks meanwhile waits for the same load; one whose deadline ends leaves it running for those that come later.
    """
    key = _key(settings)
    task = _loading.get(key)
    if task is None:
        task = _loading[key] = asyncio.create_task(_load(settings, exchange))
        task.add_done_callback(partial(_loaded, key))
    return await asyncio.shield(task)


def _loaded(key: tuple[object, ...], task: asyncio.Task[Document]) -> None:
    _loading.pop(key, None)
    if not task.cancelled():
        task.exception()  # nobody may be left to whom it matters: whoever asks next loads anew


async def _load(settings: Settings, exchange: Exchange) -> Document:
    collected = await _collect(settings, exchange)
    document = await asyncio.to_thread(_read, settings, collected)
    _kept.pop(_key(settings), None)
    if len(_kept) >= _MOST_KEPT:
        _kept.pop(next(iter(_kept)))
    if settings.kept:
        _kept[_key(settings)] = (time.monotonic() + settings.kept, document)
    return document


def forget(settings: Settings) -> None:
    """Load the WSDL anew the next time: an answer was not what it declares."""
    _kept.pop(_key(settings), None)


def _key(settings: Settings) -> tuple[object, ...]:
    return settings.system, settings.wsdl, settings.strict, replace(settings.access, deadline=0.0)


async def _collect(settings: Settings, exchange: Exchange) -> dict[str, bytes]:
    """Every document by its URL, the WSDL's own first."""
    found: dict[str, bytes] = {}
    waiting = [settings.wsdl]
    while waiting:
        url = waiting.pop()
        if url in found:
            continue
        if len(found) == MOST_DOCUMENTS:
            raise SourceBroken(settings.system, f"the WSDL includes more than {MOST_DOCUMENTS} documents")
        found[url] = await _fetched(settings, exchange, url)
        waiting += await asyncio.to_thread(_references, settings, url, found[url])
    return found


async def _fetched(settings: Settings, exchange: Exchange, url: str) -> bytes:
    if not url.startswith("file:"):
        return await exchange.get(url)
    path = Path(unquote(urlsplit(url).path))
    try:
        return await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise SourceMisconfigured(settings.system, f"option wsdl: {path.name}: {error.strerror}") from error


def _references(settings: Settings, url: str, content: bytes) -> list[str]:
    """The documents that this one includes, by their URLs; SourceMisconfigured at one that stands elsewhere."""
    root = _parsed(settings, content, url)
    if url == settings.wsdl and root.tag != f"{{{_WSDL}}}definitions":
        told = f"option wsdl leads to XML that is no WSDL 1.1: its root is {local(root.tag)}"
        raise SourceBroken(settings.system, told)
    names = [node.get("location") for node in root.iter(f"{{{_WSDL}}}import")]
    names += [node.get("schemaLocation") for kind in _XSD_REFERENCES for node in root.iter(f"{{{_XSD}}}{kind}")]
    found = [urljoin(url, name) for name in names if name]
    found = [other for other in found if other not in WELL_KNOWN]
    for other in found:
        if not _is_near(settings.wsdl, other):
            told = f"the WSDL includes {other.partition('?')[0]}, elsewhere: save it beside the WSDL, both as files"
            raise SourceMisconfigured(settings.system, told)
    return found


def _is_near(wsdl: str, other: str) -> bool:
    """Whether a document stands at the WSDL's host, or in its folder or below."""
    first, second = urlsplit(wsdl), urlsplit(other)
    if first.scheme != "file":
        return (first.scheme, first.netloc) == (second.scheme, second.netloc)
    folder = Path(unquote(first.path)).parent.resolve()
    return second.scheme == "file" and Path(unquote(second.path)).resolve().is_relative_to(folder)


def _parsed(settings: Settings, content: bytes, url: str) -> etree._Element:
    name = url.partition("?")[0].rpartition("/")[2]
    try:
        return parse(content, recover=not settings.strict)
    except DtdFound as error:
        raise SourceBroken(settings.system, f"{name} has {error}, which is refused") from error
    except etree.XMLSyntaxError as error:
        page = b"<html" in content[:2000].lower()
        told = "is a web page (HTML)" if page else f"is no XML: line {error.lineno}"
        raise SourceBroken(settings.system, f"{name} {told}: it is not the WSDL") from error


def _read(settings: Settings, collected: Mapping[str, bytes]) -> Document:
    from connectors.soap.document import read_document  # zeep takes half a second to load: here it loads in a thread

    return read_document(settings, collected)
