"""One request to a service and its answer as bytes: a deadline over everything, a limit on size, errors told apart.

It waits on the event loop, so that a service that hangs or drips holds no thread. It knows HTTP, not SOAP: an answer
with an error's status is handed on where it may be a fault. Messages never hold what was sent or received.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from connectors.soap.settings import Access
from connectors.source import (
    SourceBroken,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
    SourceUnavailable,
)

_CONNECT_SECONDS = 10.0
_REFUSED = (401, 403, 407)
_GONE = (404, 405, 410)
_LONGEST_WAIT = 86_400.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the status, the media type and encoding that its head names, the body."""

    status: int
    media: str
    charset: str | None
    body: bytes
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        """Whether the status says that the body is what was asked for."""
        return 200 <= self.status < 300


class Exchange:
    """A client for one system's hosts. It connects when first asked; every method raises a SourceError."""

    def __init__(self, system: str, access: Access) -> None:
        self._system, self._access = system, access
        self._client: httpx.AsyncClient | None = None

    async def get(self, url: str) -> bytes:
        """A document; SourceError unless it is there."""
        reply = await self._ask(httpx.Request("GET", url, headers=self._headers({})), self._access.timeout)
        if not reply.is_success:
            raise self.refusal(reply, url)
        return reply.body

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Reply:
        """The answer to a message, whatever its status: one of an error may hold a fault."""
        return await self._ask(httpx.Request("POST", url, content=body, headers=self._headers(headers)), seconds)

    def refusal(self, reply: Reply, url: str) -> SourceError:
        """What a status other than success means."""
        kind, told = _meaning(reply.status)
        return kind(self._system, f"{_place(url)} {told} (HTTP {reply.status})", retry_after=reply.retry_after)

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.aclose()

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        own = {"User-Agent": "tongshu", "Accept-Encoding": "identity", **headers}
        return {**own, self._access.header: self._access.secret} if self._access.header else own

    async def _ask(self, request: httpx.Request, seconds: float) -> Reply:
        place = _place(str(request.url))
        with _told_apart(self._system, place, seconds):
            if self._client is None:
                self._client = await asyncio.to_thread(_client, self._access)
            async with asyncio.timeout(seconds):
                response = await self._client.send(request, auth=_login(self._access), stream=True)
                try:
                    return _reply(response, await self._body(response, place))
                finally:
                    await response.aclose()

    async def _body(self, response: httpx.Response, place: str) -> bytes:
        body = bytearray()
        async for part in response.aiter_bytes():
            body += part
            if len(body) > self._access.largest:
                told = f"{place} answers with more than {self._access.largest} bytes; option max_bytes is the limit"
                raise SourceBroken(self._system, told)
        return bytes(body)


def _client(access: Access) -> httpx.AsyncClient:
    timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
    return httpx.AsyncClient(verify=_trusted(access.ca), timeout=timeout, follow_redirects=False, trust_env=False)


@lru_cache(maxsize=64)
def _trusted(ca: str) -> ssl.SSLContext:
    """Whose certificates are believed. Loading the machine's takes longer than most answers."""
    return ssl.create_default_context(cafile=ca or None)


def _login(access: Access) -> httpx.Auth | None:
    if access.auth != "basic":
        return None
    return httpx.BasicAuth(access.user.encode(), access.password.encode())


def _reply(response: httpx.Response, body: bytes) -> Reply:
    media = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    waited = response.headers.get("Retry-After", "")
    retry_after = min(float(waited), _LONGEST_WAIT) if waited.isascii() and waited.isdigit() else None
    return Reply(response.status_code, media, response.charset_encoding, body, retry_after)


def _meaning(status: int) -> tuple[type[SourceError], str]:
    if status in _REFUSED:
        return SourceMisconfigured, "refuses user, password or key: correct the system's options"
    if 300 <= status < 400:
        return SourceMisconfigured, "leads elsewhere, and redirects are not followed: give the new address"
    if status in _GONE:
        return SourceMisconfigured, "has no service there: correct option address or wsdl"
    if status in (408, 504):
        return SourceTimeout, "gave up waiting for what stands behind it"
    if status == 429 or status >= 500:
        return SourceUnavailable, "does not answer now"
    return SourceBroken, "does not take the request"


def _place(url: str) -> str:
    """Scheme, host and path: a query or user part may hold a secret."""
    parts = urlsplit(url)
    host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    return f"{parts.scheme}://{host}{parts.path}"


@contextmanager
def _told_apart(system: str, place: str, seconds: float) -> Iterator[None]:
    """Turns what goes wrong on the way into the SourceError that says what to do."""
    try:
        yield
    except (TimeoutError, httpx.TimeoutException) as error:
        raise SourceTimeout(system, f"{place} did not answer to the end within {seconds:g} s") from error
    except httpx.TransportError as error:
        refused = _certificate(error)
        if refused is not None:
            told = f"{place} shows a certificate that is not believed: {refused.verify_message}"
            raise SourceMisconfigured(system, told) from error
        raise SourceUnavailable(system, f"{place} cannot be reached: {type(error).__name__}") from error
    except (httpx.InvalidURL, UnicodeError) as error:
        raise SourceMisconfigured(system, f"{place} is no address that can be asked") from error
    except (httpx.DecodingError, httpx.StreamError) as error:
        raise SourceBroken(system, f"{place} answers with bytes that cannot be unpacked") from error
    except (OSError, ssl.SSLError) as error:
        raise SourceMisconfigured(system, f"option ca cannot be read: {error.strerror}") from error


def _certificate(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The refusal of a certificate that an error of the connection comes from."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error
