"""Images as compact JSON, and back without a loss: how the change log keeps what was before and after a change.

Walk 2 (a change) writes them in step 11, feeds read them. A list in the order of the fields, cut after the last one
that is not empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from hub.records.model import Image, RecordWarning

_REQUIRED = 5
_EMPTY: tuple[Any, ...] = ({}, (), {}, {}, ())


def packed(image: Image | None) -> bytes | None:
    """The image as JSON; None for no image."""
    if image is None:
        return None
    fields: list[object] = [
        image.handle, image.binding, image.values, image.as_of, image.pulled_at, image.raw,
        warnings_listed(image.warnings), image.marks, image.source, image.subjects,
    ]  # fmt: skip
    while len(fields) > _REQUIRED and not fields[-1]:
        fields.pop()
    return orjson.dumps(fields)


def unpacked(text: bytes | None) -> Image | None:
    """The image that `packed` wrote."""
    if text is None:
        return None
    fields: list[Any] = orjson.loads(text)
    handle, binding, values, as_of, pulled_at = fields[:_REQUIRED]
    raw, warnings, marks, source, subjects = (*fields[_REQUIRED:], *_EMPTY[len(fields) - _REQUIRED :])
    named = tuple((subject, item) for subject, item in subjects)
    return Image(handle, binding, values, as_of, pulled_at, raw, warnings_of(warnings), marks, source, named)


def warnings_listed(warnings: Iterable[RecordWarning]) -> list[Mapping[str, str]]:
    """Warnings as GraphQL names their fields."""
    return [{"item": w.item, "code": w.code, "message": w.message} for w in warnings]


def warnings_of(listed: Iterable[Mapping[str, str]]) -> tuple[RecordWarning, ...]:
    """The warnings of such a list."""
    return tuple(RecordWarning(w["item"], w["code"], w["message"]) for w in listed)
