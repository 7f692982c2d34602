"""One department database, opened for reading only: statements with a deadline, rows as plain tuples. Blocking.

Connections are made when first asked, kept in a small pool, and never write. Values come as the driver gives them: what
it cannot decode is handed on as text, so that one bad value costs one row.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from psycopg import DataError
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
from sqlalchemy import URL, Connection, Engine, Executable, create_engine, event, func, select
from sqlalchemy.pool import QueuePool

from connectors.sql.errors import told_apart
from connectors.sql.settings import Settings

Row = Sequence[Any]
_CONNECT_SECONDS = 10
_STEPS_BETWEEN_LOOKS = 20_000


class Undecodable(str):
    """Text of a row whose bytes are not UTF-8, with those bytes escaped."""

    __slots__ = ()


class _Watch:
    """The time that a step may take. PostgreSQL counts by itself, from every fetch anew."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.restart()

    def restart(self) -> None:
        """Count from now."""
        self._end = time.monotonic() + self.seconds

    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._end


class Database:
    """An engine for one system. Every method raises a SourceError that says what to do."""

    def __init__(self, settings: Settings) -> None:
        self._system = settings.system
        self.is_sqlite = settings.url.get_backend_name() == "sqlite"
        self._engine = _sqlite(settings.url) if self.is_sqlite else _postgresql(settings.url)

    @contextmanager
    def connected(self, seconds: float) -> Iterator[Connection]:
        """A connection whose statements end after so many seconds each; its errors are told apart."""
        with self._watched(_Watch(seconds)) as connection:
            yield connection

    @contextmanager
    def _watched(self, watch: _Watch) -> Iterator[Connection]:
        with told_apart(self._system), self._engine.connect() as connection:
            if self.is_sqlite:
                with _interrupted(connection, watch):
                    yield connection
            else:
                timeout = func.set_config("statement_timeout", f"{max(1, int(watch.seconds * 1000))}", True)
                connection.execute(select(timeout))
                yield connection

    def rows(self, statement: Executable, seconds: float) -> Sequence[Row]:
        """All rows of a statement."""
        with self.connected(seconds) as connection:
            return connection.execute(statement).fetchall()

    def stream(self, statement: Executable, seconds: float, size: int) -> Generator[Sequence[Row], None, None]:
        """The rows of a statement in parts, from a cursor on the server; the connection is held meanwhile."""
        watch = _Watch(seconds)
        with self._watched(watch) as connection:
            streamed = connection.execution_options(stream_results=True, max_row_buffer=size)
            for part in streamed.execute(statement).partitions(size):
                yield part
                watch.restart()

    def names(self, statement: Executable, seconds: float) -> tuple[str, ...]:
        """The column names of a statement, without reading its rows."""
        with self.connected(seconds) as connection:
            result = connection.execution_options(stream_results=True, max_row_buffer=1).execute(statement)
            with result:
                return tuple(result.keys())

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _sqlite(url: URL) -> Engine:
    address = f"file:{quote(url.database or '')}?mode=ro"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=_CONNECT_SECONDS, check_same_thread=False)
        connection.text_factory = _decode
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=2, hide_parameters=True)


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return Undecodable(raw.decode("utf-8", "backslashreplace"))


@contextmanager
def _interrupted(connection: Connection, watch: _Watch) -> Iterator[None]:
    """SQLite asks from time to time whether to go on."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.set_progress_handler(watch.is_over, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def _postgresql(url: URL) -> Engine:
    arguments = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "tongshu",
        "prepare_threshold": None,  # a pooler in between may not keep prepared statements
    }
    reading = {"postgresql_readonly": True}
    pool = {"pool_size": 2, "max_overflow": 3, "pool_pre_ping": True}
    engine = create_engine(url, connect_args=arguments, execution_options=reading, hide_parameters=True, **pool)
    event.listen(engine, "connect", _load_dates_as_they_are)
    return engine


def _load_dates_as_they_are(driver: Any, _record: object) -> None:
    """`infinity` and years beyond Python's calendar arrive as text instead of failing every row of a page."""
    for name, loader in _LOADERS.items():
        driver.adapters.register_loader(name, loader)


class _Date(DateLoader):
    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except DataError:
            return bytes(data).decode()


class _Timestamp(TimestampLoader):
    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except DataError:
            return bytes(data).decode()


class _Timestamptz(TimestamptzLoader):
    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except DataError:
            return bytes(data).decode()


_LOADERS = {"date": _Date, "timestamp": _Timestamp, "timestamptz": _Timestamptz}
