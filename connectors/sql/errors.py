"""What a database's error asks of the caller: wait, give it more time, correct the binding, or look at the source.

PostgreSQL tells by SQLSTATE, SQLite by its result code. Failures to connect carry no SQLSTATE; there the connection
says whether it had come to the password. Messages name the system and never hold a password.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from connectors.source import SourceBroken, SourceError, SourceMisconfigured, SourceTimeout, SourceUnavailable

_STATES: dict[str, type[SourceError]] = {
    "57014": SourceTimeout,  # query_canceled: its statement_timeout
    "55P03": SourceTimeout,  # lock_not_available
    "08": SourceUnavailable,  # connection exception
    "40": SourceUnavailable,  # serialization failure, deadlock
    "53": SourceUnavailable,  # insufficient resources
    "57": SourceUnavailable,  # operator intervention: shutting down, starting up
    "22": SourceBroken,  # data exception
    "XX": SourceBroken,  # internal error: corrupted data
}
_SQLITE: dict[int, type[SourceError]] = {
    5: SourceUnavailable,  # busy
    6: SourceUnavailable,  # locked
    9: SourceTimeout,  # interrupted by our deadline
    10: SourceUnavailable,  # disk I/O
    11: SourceBroken,  # corrupt
    14: SourceUnavailable,  # cannot open: not there, or not mounted
    26: SourceBroken,  # not a database
}
#: A refusal whose SQLSTATE the client library does not pass on; a server's own language may hide it.
_REFUSED = ("authentication failed", "does not exist", "pg_hba.conf", "password")


@contextmanager
def told_apart(system: str) -> Iterator[None]:
    """Turns SQLAlchemy's errors into the SourceError that says what to do."""
    try:
        yield
    except DBAPIError as error:
        raise _kind(error)(system, _message(error)) from error
    except NoSuchTableError as error:
        raise SourceMisconfigured(system, f"no such table: {error}") from error
    except PoolTimeout as error:
        raise SourceTimeout(system, "all connections are in use") from error
    except SQLAlchemyError as error:
        raise SourceBroken(system, str(error).splitlines()[0]) from error


def is_bad_value(error: SourceError) -> bool:
    """Whether the database refused a value that cannot be of its column's type (class 22)."""
    cause = error.__cause__
    return isinstance(cause, DBAPIError) and str(getattr(cause.orig, "sqlstate", "") or "").startswith("22")


def _kind(error: DBAPIError) -> type[SourceError]:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF, SourceMisconfigured)
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return _STATES.get(state) or _STATES.get(state[:2]) or SourceMisconfigured
    return _refusal(error)


def _refusal(error: DBAPIError) -> type[SourceError]:
    connection = getattr(error.orig, "pgconn", None)
    asked = connection is not None and (connection.used_password or connection.needs_password)
    refused = asked or any(words in str(error.orig) for words in _REFUSED)
    return SourceMisconfigured if refused else SourceUnavailable


def _message(error: DBAPIError) -> str:
    """The database's first line, without the statement and its values. A data exception's line quotes the value."""
    if str(getattr(error.orig, "sqlstate", "") or "").startswith("22"):
        return type(error.orig).__name__
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
