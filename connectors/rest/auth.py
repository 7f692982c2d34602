"""How the hub proves to a service who asks: nothing, user and password, a key, or an OAuth token that it renews.

A token is kept with the opened source, never stored. It sends nothing itself: `connectors.rest.client` gives it a way.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus

from httpx import URL

from connectors.options import Options
from connectors.rest.address import http_url
from connectors.source import SourceBroken, SourceMisconfigured

#: The options of this page, by `auth`.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "basic": ("user", "password"),
    "api_key": ("secret",),
    "oauth": ("token_url", "client_id", "client_secret"),
}
OPTIONS = frozenset({"auth", "header", "scope", *(name for names in NEEDED.values() for name in names)})
_KEY_HEADER = "X-API-Key"
#: A token is renewed so many seconds before its end, or a tenth of its life where that is less.
_BEFORE_ITS_END = 30.0
#: What a token that does not say it is taken to live (seconds).
_UNSAID = 300.0

#: Posts a form to an address with an Authorization header; the answer's JSON, or a SourceError.
Send = Callable[[URL, Mapping[str, str], str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Client:
    """What the client credentials grant of OAuth 2.0 (RFC 6749, 4.4) asks with."""

    token_url: URL
    authorization: str
    scope: str


@dataclass(frozen=True, slots=True)
class Access:
    """Fixed headers, or the client that gets a token."""

    headers: Mapping[str, str]
    client: Client | None = None


def access_of(options: Options) -> Access:
    """What the options say; SourceMisconfigured names the one that is missing or cannot stand in a header."""
    manner = options.choice("auth", "none", NEEDED)
    for name in NEEDED[manner]:
        options.text(name)
    if manner == "basic":
        return Access({"Authorization": _basic(options.text("user"), options.text("password"))})
    if manner == "api_key":
        return Access({_header(options, "header", _KEY_HEADER): _header(options, "secret")})
    if manner == "oauth":
        secret = _basic(quote_plus(options.text("client_id")), quote_plus(options.text("client_secret")))
        return Access({}, Client(http_url(options, "token_url"), secret, options.text("scope", "")))
    return Access({})


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _header(options: Options, name: str, default: str | None = None) -> str:
    text = options.text(name, default)
    if not text.isascii() or not text.isprintable() or not text.strip() or (name == "header" and " " in text):
        raise SourceMisconfigured(options.system, f"option {name} cannot stand in a header")
    return text


class Credentials:
    """The headers of the next request. `clock` counts seconds."""

    def __init__(self, system: str, access: Access, send: Send, clock: Callable[[], float]) -> None:
        self._system, self._access, self._send, self._clock = system, access, send, clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._until = 0.0

    async def headers(self) -> Mapping[str, str]:
        """What proves who asks; a token that is about to end is renewed first, once for all that wait."""
        client = self._access.client
        if client is None:
            return self._access.headers
        async with self._lock:
            if not self._token or self._clock() >= self._until:
                await self._renew(client)
            return {"Authorization": f"Bearer {self._token}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Take note of a 401; whether another token is worth a try."""
        if self._access.client is not None and headers.get("Authorization") == f"Bearer {self._token}":
            self._token = ""
        return self._access.client is not None

    async def _renew(self, client: Client) -> None:
        form = {"grant_type": "client_credentials", **({"scope": client.scope} if client.scope else {})}
        asked = self._clock()
        token, seconds = _token_of(await self._send(client.token_url, form, client.authorization))
        if not token:
            raise SourceBroken(self._system, "its token address answers without an access_token for a header")
        self._token, self._until = token, asked + seconds - min(_BEFORE_ITS_END, seconds / 10)


def _token_of(answer: object) -> tuple[str, float]:
    """The token and the seconds that it lives; an empty one where there is none that can stand in a header."""
    given = answer if isinstance(answer, dict) else {}
    token, seconds = given.get("access_token"), given.get("expires_in", _UNSAID)
    try:
        lives = max(0.0, float(seconds))
    except (TypeError, ValueError):
        lives = _UNSAID
    usable = isinstance(token, str) and token.isascii() and token.isprintable() and " " not in token
    return (token, lives) if usable and isinstance(token, str) else ("", lives)
