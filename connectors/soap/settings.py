"""What a soap binding declares: which service and operation, what is asked, where the rows stand. Parsed once.

It loads no WSDL; `connectors.soap.wsdl` does. Paths are local names of elements with `/` between them: those of inputs
begin inside the request's element, those of answers inside the answer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from urllib.parse import urlsplit

from catalogue.model import Binding, System
from connectors.options import Options
from connectors.source import SourceMisconfigured

#: Every option of the connector. `input.PATH` and `by.COLUMN` stand for any number of options with that beginning.
OPTIONS = frozenset(
    {"wsdl", "cache", "strict", "service", "port", "address", "auth", "user", "password", "header", "secret", "ca"}
    | {"timeout", "max_bytes", "operation", "rows", "input.PATH", "by.COLUMN", "batch"}
    | {"pages", "page_param", "first", "size", "size_param", "total", "since", "changed", "overlap"}
)
#: HTTP basic authentication, or a WS-Security UsernameToken with the password or with its digest.
MANNERS = frozenset({"none", "basic", "token", "digest"})
#: The rows path that means the answer's own element: one row an answer.
WHOLE = "."
BATCH = 100
SIZE = 500
TIMEOUT = 60.0
LARGEST_ANSWER = 32 << 20
KEPT_SECONDS = 3600.0
_INPUT, _BY = "input.", "by."

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """How the service is reached: credentials never stand in its text."""

    auth: str = "none"
    user: str = ""
    password: str = field(default="", repr=False)
    header: str = ""
    secret: str = field(default="", repr=False)
    ca: str = ""
    timeout: float = TIMEOUT
    deadline: float = TIMEOUT
    largest: int = LARGEST_ANSWER


@dataclass(frozen=True, slots=True)
class Paging:
    """How a pull reads on. `page` is empty where one answer holds everything, `since` where every pull reads all."""

    page: Path = ()
    first: int = 1
    size: int = SIZE
    size_path: Path = ()
    total: Path = ()
    since: Path = ()
    changed: str = ""
    overlap: float | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """A binding's options, typed. `rows` is None where no binding says what is read."""

    system: str
    wsdl: str
    kept: float
    strict: bool
    service: str
    port: str
    address: str
    access: Access
    operation: str
    rows: Path | None
    inputs: Mapping[Path, str]
    by: Mapping[str, Path]
    batch: int
    paging: Paging
    columns: tuple[str, ...]


def settings_of(system: System, binding: Binding | None) -> Settings:
    """The typed options; SourceMisconfigured names the one that cannot be used."""
    given = {**system.options, **(binding.options if binding else {})}
    free = [name for name in given if name.startswith((_INPUT, _BY))]
    options = Options.of(system, binding, OPTIONS | set(free))
    return Settings(
        system=system.name,
        wsdl=_location(options.text("wsdl")),
        kept=options.number("cache", KEPT_SECONDS),
        strict=options.choice("strict", "true", {"true", "false"}) == "true",
        service=options.text("service", ""),
        port=options.text("port", ""),
        address=_address(options),
        access=_access(options, system.deadline),
        operation=options.text("operation", None if binding else ""),
        rows=_rows(options) if binding or "rows" in given else None,
        inputs={_path(options, name, name[len(_INPUT) :]): given[name] for name in free if name.startswith(_INPUT)},
        by={name[len(_BY) :]: _path(options, name) for name in free if name.startswith(_BY)},
        batch=_whole(options, "batch", BATCH, least=1),
        paging=_paging(options),
        columns=tuple(dict.fromkeys(c.source for c in binding.columns if c.source)) if binding else (),
    )


def _location(text: str) -> str:
    """A URL: a file's as well, so that what it includes is found the same way."""
    return text if urlsplit(text).scheme in ("http", "https") else FilePath(text).resolve().as_uri()


def _address(options: Options) -> str:
    address = options.text("address", "")
    if address and urlsplit(address).scheme not in ("http", "https"):
        raise SourceMisconfigured(options.system, "option address is no http or https URL")
    return address


def _access(options: Options, deadline: float) -> Access:
    header, secret = options.text("header", ""), options.text("secret", "")
    if bool(header) != bool(secret):
        raise SourceMisconfigured(options.system, "the options header and secret stand together or not at all")
    auth = options.choice("auth", "none", MANNERS)
    if (auth != "none") != ("user" in options.values and "password" in options.values):
        raise SourceMisconfigured(options.system, "auth, user and password stand together or not at all")
    return Access(
        auth=auth,
        user=options.text("user", ""),
        password=options.text("password", ""),
        header=header,
        secret=secret,
        ca=options.text("ca", ""),
        timeout=options.number("timeout", TIMEOUT) or TIMEOUT,
        deadline=deadline,
        largest=_whole(options, "max_bytes", LARGEST_ANSWER, least=1),
    )


def _paging(options: Options) -> Paging:
    paged = options.choice("pages", "none", {"none", "page"}) == "page"
    if paged != ("page_param" in options.values):
        raise SourceMisconfigured(options.system, "pages = page and page_param stand together or not at all")
    if ("since" in options.values) != ("changed" in options.values):
        raise SourceMisconfigured(options.system, "the options since and changed stand together or not at all")
    return Paging(
        page=_optional(options, "page_param"),
        first=_whole(options, "first", 1, least=0),
        size=_whole(options, "size", SIZE, least=1),
        size_path=_optional(options, "size_param"),
        total=_optional(options, "total"),
        since=_optional(options, "since"),
        changed=options.text("changed", ""),
        overlap=options.number("overlap", 0) if "overlap" in options.values else None,
    )


def _rows(options: Options) -> Path:
    """The steps to the rows; none where the answer's own element is the row."""
    return () if options.text("rows") == WHOLE else _path(options, "rows")


def _optional(options: Options, name: str) -> Path:
    return _path(options, name) if name in options.values else ()


def _path(options: Options, name: str, text: str | None = None) -> Path:
    steps = tuple(step.strip() for step in (options.text(name) if text is None else text).split("/"))
    if not all(steps) or WHOLE in steps:
        raise SourceMisconfigured(options.system, f"option {name} is no path of element names")
    return steps


def _whole(options: Options, name: str, default: int, least: int) -> int:
    number = options.number(name, default)
    if number != int(number) or number < least:
        raise SourceMisconfigured(options.system, f"option {name} is no whole number from {least} on")
    return int(number)
