"""The body of an answer: received and unpacked within a limit of bytes, then read as JSON. Edge and pure half of it.

Undecodable bytes inside a text survive as lone surrogates, so that they cost their own row alone: `rest.rows`
finds them. Numbers stay exact. No message ever tells anything of a body.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from connectors.source import SourceBroken

#: Encodings in which a department may declare its JSON to be; nothing is guessed.
ENCODINGS = frozenset({"utf-8", "utf-8-sig", "utf8", "us-ascii", "ascii", "gb18030", "gbk", "gb2312", "big5"})
_GZIP = 16 + zlib.MAX_WBITS


class TooLarge(Exception):
    """The body has more bytes than the limit."""


class _Unpacked:
    """A body in parts, unpacked; at most one byte more than the limit is ever made."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._packed = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
        self._limit = limit
        self.content = bytearray()

    def add(self, part: bytes) -> None:
        room = self._limit + 1 - len(self.content)
        self.content += self._packed.decompress(part, room) if self._packed else part[:room]
        if len(self.content) > self._limit:
            raise TooLarge

    @property
    def whole(self) -> bool:
        """Whether a packed body came to its end."""
        return self._packed is None or self._packed.eof


async def receive(system: str, encoding: str, parts: AsyncIterator[bytes], limit: int) -> bytes:
    """The body's bytes; SourceBroken where they are too many or not what their encoding says."""
    if encoding not in ("", "identity", "gzip"):
        raise SourceBroken(system, "answers in a compression that was not asked for")
    body = _Unpacked(encoding, limit)
    try:
        async for part in parts:
            body.add(part)
    except TooLarge:
        raise SourceBroken(
            system, f"answers with more than {limit} bytes: ask for smaller pages, or raise max_bytes"
        ) from None
    except zlib.error as error:
        raise SourceBroken(system, "answers with broken compression") from error
    if not body.whole:
        raise SourceBroken(system, "answers with broken compression")
    return bytes(body.content)


@dataclass(frozen=True, slots=True)
class Content:
    """A body read as JSON. `suspicious` says that a text of it may hold what is no text."""

    value: Any
    suspicious: bool


def read_json(system: str, content: bytes, media_type: str) -> Content:
    """The JSON of a body, or SourceBroken that says what came instead."""
    if "html" in media_type or content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise SourceBroken(system, "answers with a page for browsers instead of JSON: look at url, path and auth")
    text, suspicious = _text(system, content, _charset(media_type))
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        # The parser's own words would show a part of the answer.
        raise SourceBroken(system, "answers with what is no JSON") from None
    return Content(value, suspicious or "\\u" in text)


def _charset(media_type: str) -> str:
    for part in media_type.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return "utf-8"


def _text(system: str, content: bytes, charset: str) -> tuple[str, bool]:
    """The text, and whether bytes of it were not of its encoding."""
    if charset not in ENCODINGS:
        raise SourceBroken(system, "declares a charset that is not known")
    encoding = "utf-8-sig" if charset.startswith("utf") else charset
    try:
        return content.decode(encoding), False
    except UnicodeDecodeError:
        return content.decode(encoding, "surrogateescape"), True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
