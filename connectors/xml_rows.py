"""One XML element as the values of a row, and the parser that hostile XML meets. The soap and files connectors use it.

A column is a path of local names inside the row: `name`, `address/city`, `@id`, `address/@code`. A path that occurs
several times in a row has a JSON list as its value. Pure; it reads no file and follows no reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, TypedDict, cast

from lxml import etree

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
Event = tuple[str, etree._Element]  # noqa: SLF001  what lxml calls the type of its elements
_DTD = "a document type declaration (DTD)"
_LOOK = 4096
_NIL = f"{{{XSI}}}nil"


class ParserOptions(TypedDict):
    """Arguments of an lxml parser."""

    resolve_entities: bool
    load_dtd: bool
    no_network: bool
    huge_tree: bool
    remove_comments: bool
    remove_pis: bool


#: Nothing is fetched or expanded; libxml2's limits on depth (256) and on one text (10 MB) stand.
SAFE: Final = ParserOptions(
    resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
)


class DtdFound(ValueError):
    """The document declares a DTD, which could define entities: it is not read."""


def parse(content: bytes, *, encoding: str | None = None, recover: bool = False) -> etree._Element:
    """The root of a document; etree.XMLSyntaxError where it is none, DtdFound where it has a DTD."""
    try:
        parser = etree.XMLParser(encoding=encoding, recover=recover, **SAFE)
        root: etree._Element | None = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        if b"<!DOCTYPE" in content[:_LOOK]:
            raise DtdFound(_DTD) from error
        raise
    if root is None:  # there was nothing to recover: the strict parser says why
        return parse(content, encoding=encoding)
    refuse_dtd(root)
    return root


def refuse_dtd(element: etree._Element) -> None:
    """DtdFound where the element's document has a document type declaration."""
    if element.getroottree().docinfo.internalDTD is not None:
        raise DtdFound(_DTD)


def started_and_ended(parser: etree.XMLPullParser) -> Iterator[Event]:
    """The elements that a parser of the events `start` and `end` met since it was asked last."""
    return cast("Iterator[Event]", parser.read_events())


def local(name: str | bytes | bytearray | etree.QName) -> str:
    """A tag or attribute name without its namespace."""
    return str(name).rpartition("}")[2]


def children(element: etree._Element) -> Iterator[etree._Element]:
    """The elements directly below it."""
    return (child for child in element if isinstance(child.tag, str))


def values_of(row: etree._Element) -> dict[str, object]:
    """The row's values by path: texts as they stand, None where the element is nil."""
    found: dict[str, list[str | None]] = {}
    _collect(row, "", found)
    return {path: texts[0] if len(texts) == 1 else _listed(texts) for path, texts in found.items()}


def _listed(texts: list[str | None]) -> str:
    return json.dumps(texts, ensure_ascii=False)


def _collect(element: etree._Element, prefix: str, found: dict[str, list[str | None]]) -> None:
    for name, text in element.attrib.items():
        if not str(name).startswith(f"{{{XSI}}}"):
            found.setdefault(f"{prefix}@{local(name)}", []).append(str(text))
    below = False
    for child in children(element):
        below = True
        path = prefix + local(child.tag)
        if len(child) or child.attrib:
            _collect(child, f"{path}/", found)
        if not len(child):
            found.setdefault(path, []).append(_text(child))
    if not below and not prefix and element.text:
        found.setdefault(local(element.tag), []).append(_text(element))


def _text(element: etree._Element) -> str | None:
    return None if element.get(_NIL) in ("true", "1") else element.text or ""
