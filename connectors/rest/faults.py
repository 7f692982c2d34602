"""What an HTTP status or a failure of the connection asks of the caller: wait, give it time, look at it. Pure.

Messages say what a person must do. They hold no address parameters, no header, no secret and nothing of an answer.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from connectors.source import SourceBroken, SourceError, SourceMisconfigured, SourceTimeout, SourceUnavailable

#: What a service answers where a cursor of it is no longer good.
FORGOTTEN = frozenset({400, 404, 410, 422})
_LONGEST_WAIT = 86_400.0
_SENTENCES: dict[int, tuple[type[SourceError], str]] = {
    401: (SourceMisconfigured, "refuses the credentials: look at the options of auth"),
    403: (SourceMisconfigured, "does not let these credentials read that"),
    404: (SourceMisconfigured, "has nothing there: look at url and path"),
    407: (SourceMisconfigured, "stands behind a proxy that wants credentials"),
    408: (SourceTimeout, "gave up waiting for the question"),
    410: (SourceMisconfigured, "has nothing there any more: look at url and path"),
    425: (SourceUnavailable, "does not want to answer yet"),
    429: (SourceUnavailable, "is asked too often"),
}


class Refused(Exception):
    """An answer that is none: `status`, and `error`, the SourceError that it comes to."""

    def __init__(self, status: int, error: SourceError) -> None:
        super().__init__(str(error))
        self.status = status
        self.error = error


def refusal(system: str, response: httpx.Response, now: Callable[[], float]) -> Refused:
    """What another status than 200 means. `now` are the seconds since 1970, for a Retry-After that is a date."""
    status = response.status_code
    kind, words = _SENTENCES.get(status) or _by_class(status)
    after = _retry_after(response.headers.get("Retry-After", ""), now()) if kind.retryable else None
    return Refused(status, kind(system, f"{words} (HTTP {status})", retry_after=after))


def _by_class(status: int) -> tuple[type[SourceError], str]:
    if status >= 500:
        return SourceUnavailable, "cannot answer now"
    if status >= 400:
        return SourceMisconfigured, "does not understand the question: look at path and the names of parameters"
    return SourceBroken, "answers without a list"


def _retry_after(text: str, now: float) -> float | None:
    """Seconds to wait, from seconds or an HTTP date; None where it says nothing that can be understood."""
    if text.strip().isascii() and text.strip().isdigit():
        return min(float(text), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0.0, aware.timestamp() - datetime.fromtimestamp(now, UTC).timestamp()), _LONGEST_WAIT)


@contextmanager
def told_apart(system: str, seconds: float) -> Iterator[None]:
    """Turns what can happen to a connection into the SourceError that says what to do."""
    try:
        yield
    except (TimeoutError, httpx.TimeoutException) as error:
        raise SourceTimeout(system, f"did not answer completely within {seconds:g} s") from error
    except httpx.ConnectError as error:
        raise _not_connected(system, error) from error
    except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
        raise SourceUnavailable(system, "cut the connection before its answer was complete") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceBroken(system, f"cannot be spoken to: {type(error).__name__}") from error


def _not_connected(system: str, error: httpx.ConnectError) -> SourceError:
    cause = _tls(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        words = cause.verify_message or "it cannot be verified"
        return SourceMisconfigured(system, f"its certificate is not accepted: {words}; renew it there, or look at ca")
    if cause is not None:
        return SourceMisconfigured(system, f"does not speak TLS as it should ({cause.reason}): look at url")
    return SourceUnavailable(system, "cannot be reached: it refuses connections, or its name is unknown")


def _tls(error: BaseException | None) -> ssl.SSLError | None:
    """The TLS failure among the causes of an error."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None
