"""Token → Principal, or why not: step 2 of walk 1, before any document is read.

An access token is a signed JWT as RFC 9068 profiles it. Its claims say what it was issued for; what it may do now is
also what its client may do now, so every call passes the present `Access`. Keys and time are passed in. Reading headers
and answering 401 is `hub.api`'s; the words of that answer (RFC 6750) are here.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from auth.keys import NotSigned, Signed, read_signed
from auth.ports import Access

LONGEST = 8_192
SKEW_SECONDS = 5
TYPES = frozenset({"at+jwt", "application/at+jwt"})


class TokenRefused(Exception):
    """The bearer may not pass. `error` is the code of RFC 6750 §3.1: `invalid_token` (get another token),
    `invalid_request` (the header is malformed), or empty where no token was given at all.
    """

    def __init__(self, reason: str, error: str = "invalid_token") -> None:
        super().__init__(reason)
        self.reason = reason
        self.error = error


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: the client of a checked token, the department that answers for it, and the scopes that both the token
    and the client hold now. `jti` names the token in logs; `expires` is when it ends.
    """

    client_id: str
    department: str
    scopes: frozenset[str]
    jti: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class _Checked:
    """What a token says of itself, once its signature and claims were found good."""

    client_id: str
    scopes: frozenset[str]
    jti: str
    issued: int
    expires: datetime


class Bearer:
    """Checks tokens of one issuer for one audience. A good token's claims are remembered by its hash until it expires
    (a signature costs 110 µs), at most `remembered` of them. Refusals are not: nobody can fill the memory with them.
    """

    def __init__(self, keys: KeySet, issuer: str, audience: str, *, remembered: int = 10_000) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._remembered = remembered
        self._known: OrderedDict[bytes, _Checked] = OrderedDict()

    def principal(self, token: str, access: Access, now: datetime) -> Principal:
        """Who bears the token, judged by the clients of `access` at `now`. Raises TokenRefused."""
        checked = self._checked(token, now)
        client = access.clients.get(checked.client_id)
        if client is None or client.removed or checked.issued < _second(client.created):
            raise TokenRefused("The client of the token is not registered any more.")
        scopes = checked.scopes & client.scopes
        return Principal(client.id, client.department, scopes, checked.jti, checked.expires)

    def _checked(self, token: str, now: datetime) -> _Checked:
        if len(token) > LONGEST:
            raise TokenRefused(f"The token is longer than {LONGEST} characters.")
        name = sha256(token.encode(errors="surrogatepass")).digest()
        checked = self._known.get(name) or self._check(token, now)
        if checked.expires <= now:
            self._known.pop(name, None)
            raise TokenRefused("The token has expired.")
        self._remember(name, checked)
        return checked

    def _remember(self, name: bytes, checked: _Checked) -> None:
        self._known[name] = checked
        self._known.move_to_end(name)
        if len(self._known) > self._remembered:
            self._known.popitem(last=False)

    def _check(self, token: str, now: datetime) -> _Checked:
        try:
            claims = _claims(read_signed(token, self._keys))
            self._registry(now).validate(claims)
        except NotSigned as error:
            raise _foreign(str(error)) from error
        except ExpiredTokenError as error:
            raise TokenRefused("The token has expired.") from error
        except JoseError as error:
            raise _foreign(error.error) from error
        return _read(claims)

    def _registry(self, now: datetime) -> JWTClaimsRegistry:
        """The claims that RFC 9068 §2.2 requires. The leeway serves `iat` of another process's clock, never expiry."""
        return JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=SKEW_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
            sub={"essential": True},
            client_id={"essential": True},
        )


def _claims(signed: Signed) -> dict[str, Any]:
    """The claims of an access token, which are not yet judged. Whatever else the hub signed is none (RFC 9068 §4)."""
    if signed.kind not in TYPES:
        raise _foreign("its type is not at+jwt")
    try:
        claims = orjson.loads(signed.payload)
    except ValueError as error:
        raise _foreign("no JSON") from error
    if not isinstance(claims, dict):
        raise _foreign("no claims")
    return claims


def _foreign(why: str) -> TokenRefused:
    return TokenRefused(f"The token is not an access token for this hub ({why}).")


def _read(claims: dict[str, Any]) -> _Checked:
    scope = claims.get("scope", "")
    client_id = claims["client_id"]
    if not isinstance(scope, str) or not isinstance(client_id, str):
        raise _foreign("invalid_claim")
    expires = datetime.fromtimestamp(claims["exp"], UTC)
    return _Checked(client_id, frozenset(scope.split()), claims["jti"], int(claims["iat"]), expires)


def _second(created: datetime | None) -> int:
    """The second of a client's registration: a token that is older was another client's of the same id."""
    return int(created.timestamp()) if created else 0


def bearer_token(authorization: str | None) -> str:
    """The token of an `Authorization` header (or of a WebSocket payload's `authorization`). Raises TokenRefused."""
    if not authorization:
        raise TokenRefused("A bearer token is required.", error="")
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise TokenRefused("A bearer token is required.", error="")
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token.strip()):
        raise TokenRefused("The Authorization header holds no well-formed bearer token.", error="invalid_request")
    return token.strip()


def challenge(refused: TokenRefused, origin: str) -> str:
    """The `WWW-Authenticate` value of a refusal (RFC 6750 §3), which points at the metadata of RFC 9728."""
    told = f'error="{refused.error}", error_description="{refused.reason}", ' if refused.error else ""
    return f'Bearer {told}resource_metadata="{origin}/.well-known/oauth-protected-resource"'
