"""What an OAuth endpoint gives back: status, headers and JSON bytes, with the headers that RFC 6749 §5 asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

Headers = tuple[tuple[str, str], ...]
NEVER_KEPT: Headers = (("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache"))
LOGIN: Headers = (("WWW-Authenticate", 'Basic realm="oauth", charset="UTF-8"'),)


class Answer(NamedTuple):
    """One HTTP answer; unpacks to (status, headers, body)."""

    status: int
    headers: Headers
    body: bytes


def answer(status: int, body: Mapping[str, object], more: Headers = ()) -> Answer:
    """A JSON answer that no cache keeps. A 401 says which scheme to use, as RFC 7235 §3.1 requires."""
    return Answer(status, NEVER_KEPT + (LOGIN if status == 401 else ()) + more, orjson.dumps(body))


def refusal(error: str, description: str, status: int = 400, more: Headers = ()) -> Answer:
    """An error of RFC 6749 §5.2. The description must keep to its characters: ASCII without quote and backslash."""
    return answer(status, {"error": error, "error_description": description}, more)
