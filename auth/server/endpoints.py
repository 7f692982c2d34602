"""The OAuth endpoints: method, headers and form bytes in, status, headers and JSON bytes out. What `hub.api` calls.

A client exchanges its id and secret for a token of ten minutes (client credentials), or asks what a token of its own
still opens. The clients of the moment and the time are passed in with each call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial

from joserfc.jwk import KeySet

from auth.bearer import Bearer, Principal, TokenRefused
from auth.ports import Access
from auth.scopes import RESOURCE_SCOPES, SCOPES
from auth.server.access_token import LIFETIME_SECONDS, Issuer
from auth.server.answer import Answer
from auth.server.authlib_server import Duties, Exchange, secure
from auth.server.form import Malformed, read_form
from auth.server.metadata import authorization_server, jwks, protected_resource


class OAuth:
    """The endpoints of one hub. Refuses an origin where a secret would travel in the clear: ValueError."""

    def __init__(self, issuer: Issuer, bearer: Bearer) -> None:
        if not secure(issuer.origin):
            raise ValueError(f"tokens are issued over https, or http on the loopback address, not at {issuer.origin}")
        self._issuer = issuer
        self._bearer = bearer

    async def token(
        self, method: str, headers: Mapping[str, str], body: bytes, access: Access, now: datetime
    ) -> Answer:
        """`/oauth/token` (RFC 6749): a token, or an error of §5.2."""
        try:
            form = read_form(method, headers, body, needed="grant_type")
        except Malformed as error:
            return error.answer
        return self._exchange(access, now).token(form)

    async def introspect(
        self, method: str, headers: Mapping[str, str], body: bytes, access: Access, now: datetime
    ) -> Answer:
        """`/oauth/introspect` (RFC 7662): what a token of the calling client opens now, or that it opens nothing."""
        try:
            form = read_form(method, headers, body, needed="token")
        except Malformed as error:
            return error.answer
        return self._exchange(access, now).introspect(form)

    def jwks(self) -> dict[str, object]:
        """`/oauth/jwks`: the public keys that sign tokens."""
        return jwks(KeySet([self._issuer.key]))

    def server_metadata(self, resources: Iterable[str]) -> dict[str, object]:
        """`/.well-known/oauth-authorization-server`, given the names of the published resources."""
        return authorization_server(self._issuer.origin, _scopes(resources))

    def resource_metadata(self, resources: Iterable[str]) -> dict[str, object]:
        """`/.well-known/oauth-protected-resource`, given the names of the published resources."""
        return protected_resource(self._issuer.origin, _scopes(resources))

    def _exchange(self, access: Access, now: datetime) -> Exchange:
        duties = Duties(
            origin=self._issuer.origin,
            client=access.clients.get,
            sign=partial(self._granted, now),
            bearer=partial(self._bearing, access, now),
        )
        return Exchange(duties)

    def _granted(self, now: datetime, client_id: str, scopes: frozenset[str]) -> Mapping[str, object]:
        """The body of RFC 6749 §5.1; the scope is always told, as it may be more than what was asked (nothing)."""
        return {
            "access_token": self._issuer.sign(client_id, scopes, now),
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "scope": " ".join(sorted(scopes)),
        }

    def _bearing(self, access: Access, now: datetime, token: str) -> Principal | None:
        """Whose token it is; None where it opens nothing, whatever the reason (RFC 7662 §2.2 tells none)."""
        try:
            return self._bearer.principal(token, access, now)
        except TokenRefused:
            return None


def _scopes(resources: Iterable[str]) -> list[str]:
    return [*SCOPES, *(f"{resource}:{verb}" for resource in resources for verb in RESOURCE_SCOPES)]
