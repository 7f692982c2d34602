"""JSON pointers (RFC 6901): where in an answer a list, a cursor or a number stands. Pure.

An empty pointer is the answer itself. What is not there is None, as a JSON null is.
"""

from __future__ import annotations

from typing import Any


def is_pointer(text: str) -> bool:
    """Whether it is one: empty, or parts that each begin with `/`."""
    return not text or text.startswith("/")


def resolve(document: Any, pointer: str) -> Any:
    """What stands at the pointer."""
    for part in pointer.split("/")[1:]:
        document = _member(document, part.replace("~1", "/").replace("~0", "~"))
    return document


def _member(document: Any, name: str) -> Any:
    if isinstance(document, dict):
        return document.get(name)
    if isinstance(document, list) and name.isascii() and name.isdigit():
        return document[int(name)] if int(name) < len(document) else None
    return None


def escaped(name: str) -> str:
    """A member's name as a part of a pointer."""
    return name.replace("~", "~0").replace("/", "~1")
