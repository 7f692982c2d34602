"""What a sql binding declares: which database, what is read of it, and how a pull reads on. Parsed once, at opening.

It connects to nothing; `connectors.sql.database` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from catalogue.model import Binding, System
from connectors.options import Options
from connectors.source import SourceMisconfigured

#: Every option of the connector. `url` is SQLAlchemy's, without the password, which `password` refers to; `schema`,
#: `table` or `query` say what is read; `key` its columns that name a row (a table's own primary key without it);
#: `changed` a column that grows with every change; `overlap` how far behind it late commits are looked for, in seconds
#: for times (60 without it), in its own unit for numbers (0); `timeout` the seconds that one statement of a pull takes;
#: `blobs` a SELECT that gives the file of a `:digest`.
OPTIONS = frozenset({"url", "password", "schema", "table", "query", "key", "changed", "overlap", "timeout", "blobs"})
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """A binding's options, typed. `columns` are the source columns it reads, without repetition."""

    system: str
    url: URL
    schema: str | None
    table: str
    query: str
    key: tuple[str, ...]
    changed: str | None
    overlap: float | None
    timeout: float
    deadline: float
    columns: tuple[str, ...]
    blobs: str = ""

    @property
    def name(self) -> str:
        """What a row's position says it stands in."""
        return self.table or "query"


def settings_of(system: System, binding: Binding | None) -> Settings:
    """The typed options; SourceMisconfigured names the one that cannot be used."""
    options = Options.of(system, binding, OPTIONS)
    table, query = options.text("table", ""), options.text("query", "").strip().rstrip(";")
    if binding and bool(table) == bool(query):
        raise SourceMisconfigured(system.name, "exactly one of the options table and query must stand")
    return Settings(
        system=system.name,
        url=_url(options),
        schema=options.text("schema", "") or None,
        table=table,
        query=query,
        key=options.names("key"),
        changed=options.text("changed", "") or None,
        overlap=options.number("overlap", 0) if "overlap" in options.values else None,
        timeout=options.number("timeout", _TIMEOUT) or _TIMEOUT,
        deadline=system.deadline,
        columns=tuple(dict.fromkeys(c.source for c in binding.columns if c.source)) if binding else (),
        blobs=_blobs(options),
    )


def _blobs(options: Options) -> str:
    statement = options.text("blobs", "").strip().rstrip(";")
    if statement and ":digest" not in statement:
        raise SourceMisconfigured(options.system, "option blobs asks for no :digest")
    return statement


def _url(options: Options) -> URL:
    try:
        url = make_url(options.text("url"))
    except ArgumentError as error:
        raise SourceMisconfigured(options.system, "option url is not a database URL") from error
    driver = DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise SourceMisconfigured(options.system, f"option url names none of {', '.join(sorted(DRIVERS))}")
    if driver == "sqlite" and not url.database:
        raise SourceMisconfigured(options.system, "option url names no SQLite file")
    password = options.text("password", "")
    return url.set(drivername=driver, password=password) if password else url.set(drivername=driver)
