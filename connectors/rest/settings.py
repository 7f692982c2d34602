"""What a rest binding declares: where the service is, how it pages, how it is looked up. Parsed once, when opened.

It connects to nothing; `connectors.rest.client` does. How one proves who asks is `connectors.rest.auth`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from httpx import URL

from catalogue.model import Binding, System
from connectors.options import Options
from connectors.rest.address import behind, http_url
from connectors.rest.auth import OPTIONS as ACCESS
from connectors.rest.auth import Access, access_of
from connectors.rest.pointer import is_pointer
from connectors.source import SourceMisconfigured

#: How lookup options begin: `by.code = "code"` names the parameter by which rows are asked for by their column `code`.
BY = "by."
#: Every option of the connector, `by.COLUMN` standing for one a column.
OPTIONS = frozenset(
    {
        *ACCESS,
        *("url", "ca", "openapi", "timeout", "max_bytes"),
        *("path", "rows", "body", "ok", "optional", "deleted", "total"),
        *("pages", "page_param", "first", "size", "size_param", "next", "since", "changed", "overlap"),
        *("by.COLUMN", "batch", "join", "blobs"),
    }
)
MANNERS = ("none", "page", "offset", "cursor", "link", "since")
REPEAT = "repeat"
_TIMEOUT = 60.0
_MOST_BYTES = 32 << 20
_PARAMETERS = {"page": "page", "offset": "offset", "cursor": "cursor"}


@dataclass(frozen=True, slots=True)
class Service:
    """Where the department's service is, and how much of it is borne: seconds and bytes of one answer."""

    system: str
    url: URL
    access: Access
    ca: str = ""
    timeout: float = _TIMEOUT
    deadline: float = 2.0
    max_bytes: int = _MOST_BYTES


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list comes in pages. `parameter` carries page number, offset or cursor, `size_parameter` the `size`
    (0: not asked for), `next` points to what leads on in an answer.
    """

    manner: str = "none"
    parameter: str = ""
    first: int = 1
    size: int = 0
    size_parameter: str = "limit"
    next: str = ""


@dataclass(frozen=True, slots=True)
class Since:
    """How changes are asked for: the parameter, the column that grows with every change, and how far behind it."""

    parameter: str
    changed: str
    overlap: float | None


@dataclass(frozen=True, slots=True)
class Lookup:
    """How rows are asked for by value: the parameter or path template of each column, and values a request."""

    by: Mapping[str, str] = field(default_factory=dict)
    batch: int = 1
    join: str = REPEAT


@dataclass(frozen=True, slots=True)
class Settings:
    """A binding's options, typed. `columns` are the source columns it reads; rows may lack those of `optional`.

    `name` is what a row's position says it stands in, `address` where the list is. `body` is the JSON object that is
    sent by POST, None where the service is asked by GET. `ok` and `deleted` are a place in the answer or row with the
    text that stands there. `single` says that the answer may be one object instead of a list (a lookup by path).
    """

    service: Service
    name: str
    address: URL
    rows: str
    body: Mapping[str, Any] | None
    ok: tuple[str, str] | None
    total: str
    deleted: tuple[str, str] | None
    paging: Paging
    since: Since | None
    lookup: Lookup
    columns: tuple[str, ...]
    optional: frozenset[str]
    openapi: str
    single: bool = False
    blobs: str = ""

    @property
    def system(self) -> str:
        """The system's name, for errors."""
        return self.service.system


def settings_of(system: System, binding: Binding | None) -> Settings:
    """The typed options; SourceMisconfigured names the one that cannot be used."""
    given = {*system.options, *(binding.options if binding else ())}
    options = Options.of(system, binding, OPTIONS | {name for name in given if name.startswith(BY)})
    if binding and "path" not in options.values:
        raise SourceMisconfigured(system.name, "option path is missing")
    paging, service, path = _paging(options), _service(options, system.deadline), options.text("path", "")
    return Settings(
        service=service,
        name=path.partition("?")[0],
        address=behind(service.url, path),
        rows=_pointer(options, "rows"),
        body=_body(options),
        ok=_place_and_text(options, "ok"),
        total=_pointer(options, "total"),
        deleted=_place_and_text(options, "deleted"),
        paging=paging,
        since=_since(options, paging),
        lookup=_lookup(options),
        columns=tuple(dict.fromkeys(c.source for c in binding.columns if c.source)) if binding else (),
        optional=frozenset(options.names("optional")),
        openapi=options.text("openapi", ""),
        blobs=_blobs(options),
    )


def _blobs(options: Options) -> str:
    path = options.text("blobs", "")
    if path and "{}" not in path:
        raise SourceMisconfigured(options.system, "option blobs has no {} for the digest")
    return path


def _service(options: Options, deadline: float) -> Service:
    return Service(
        system=options.system,
        url=http_url(options, "url"),
        access=access_of(options),
        ca=options.text("ca", ""),
        timeout=options.number("timeout", _TIMEOUT) or _TIMEOUT,
        deadline=deadline,
        max_bytes=_whole(options, "max_bytes", _MOST_BYTES, 1),
    )


def _paging(options: Options) -> Paging:
    manner = options.choice("pages", "none", MANNERS)
    following = _pointer(options, "next")
    if manner == "cursor" and not following:
        raise SourceMisconfigured(options.system, "option next is missing: where in the answer the next cursor stands")
    size = _whole(options, "size", 0, 0)
    if manner == "since" and not size:
        raise SourceMisconfigured(options.system, "option size is missing: pages by since end with one that is shorter")
    return Paging(
        manner=manner,
        parameter=options.text("page_param", _PARAMETERS.get(manner, "")),
        first=_whole(options, "first", 1, 0),
        size=size,
        size_parameter=options.text("size_param", "limit"),
        next=following,
    )


def _since(options: Options, paging: Paging) -> Since | None:
    parameter, changed = options.text("since", ""), options.text("changed", "")
    if bool(parameter) != bool(changed) or (paging.manner == "since" and not parameter):
        raise SourceMisconfigured(options.system, "options since and changed stand together")
    overlap = options.number("overlap", 0) if "overlap" in options.values else None
    return Since(parameter, changed, overlap) if parameter else None


def _lookup(options: Options) -> Lookup:
    by = {name[len(BY) :]: value for name, value in options.values.items() if name.startswith(BY)}
    return Lookup(by, _whole(options, "batch", 1, 1), options.text("join", REPEAT))


def _body(options: Options) -> Mapping[str, Any] | None:
    text = options.text("body", "")
    if not text:
        return None
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise SourceMisconfigured(options.system, "option body is no JSON object")
    return body


def _pointer(options: Options, name: str) -> str:
    pointer = options.text(name, "")
    if not is_pointer(pointer):
        raise SourceMisconfigured(options.system, f"option {name} is no JSON pointer such as /data/items")
    return pointer


def _place_and_text(options: Options, name: str) -> tuple[str, str] | None:
    place, sign, text = options.text(name, "").partition("=")
    if place and not sign:
        raise SourceMisconfigured(options.system, f"option {name} is not PLACE=TEXT")
    return (place.strip(), text.strip()) if place else None


def _whole(options: Options, name: str, default: int, least: int) -> int:
    number = options.number(name, default)
    if number != int(number) or number < least:
        raise SourceMisconfigured(options.system, f"option {name} is not a whole number from {least} on")
    return int(number)
