"""Authlib's OAuth core (RFC 6749, RFC 7662) round one request: the only module that touches it.

Authlib is synchronous and untyped. One `Exchange` is made a request, with the clients of the moment already in memory;
it finds the grant, authenticates the client and words the errors. What a client may do, and signing, are ours.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from authlib.common.security import is_secure_transport
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientCredentialsGrant, InvalidScopeError, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from auth.bearer import Principal
from auth.ports import Client
from auth.server.answer import Answer, answer
from auth.server.client_secret import matches
from auth.server.form import Form

CLIENT_METHODS = ["client_secret_basic", "client_secret_post"]
GRANT_TYPES = ["client_credentials"]
# Its debug lines print whole tokens: whatever level the process logs at, those stay out.
logging.getLogger("authlib").setLevel(logging.INFO)


def secure(origin: str) -> bool:
    """Whether tokens may be issued there: https, or http on this machine's loopback (RFC 6749 §3.2, RFC 8252 §7.3)."""
    return bool(is_secure_transport(origin))


@dataclass(frozen=True, slots=True)
class Duties:
    """What Authlib asks for while it works through one request: all answers are in memory."""

    origin: str
    client: Callable[[str], Client | None]
    sign: Callable[[str, frozenset[str]], Mapping[str, object]]
    bearer: Callable[[str], Principal | None]


class Exchange(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Authlib's server for one request: `token(form)` or `introspect(form)`, once."""

    def __init__(self, duties: Duties) -> None:
        super().__init__()
        self.duties = duties
        self.register_grant(_ClientCredentials)
        self.register_token_generator("default", self._token)
        self.register_endpoint(_Introspection)

    def token(self, form: Form) -> Answer:
        """The answer to a token request."""
        given: Answer = self.create_token_response(form)
        return given

    def introspect(self, form: Form) -> Answer:
        """The answer to an introspection request."""
        given: Answer = self.create_endpoint_response(_Introspection.ENDPOINT_NAME, form)
        return given

    def query_client(self, client_id: str) -> _Registered:
        """The client, or one whose secret nothing matches: an unknown id is answered as a wrong secret is."""
        return _Registered(self.duties.client(client_id))

    def save_token(self, token: Mapping[str, object], request: OAuth2Request) -> None:
        """Nothing to keep: an access token carries its own proof."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens to Authlib's signals."""

    def create_oauth2_request(self, request: Form) -> OAuth2Request:
        """The form as Authlib wants it."""
        return _Request(request, self.duties.origin)

    def handle_response(self, status: int, body: Mapping[str, object], _headers: object) -> Answer:
        """Authlib's answer with our headers: its 401 names no realm, which RFC 7617 §2 requires."""
        return answer(status, body)

    def _token(self, client: _Registered, scope: str | None, **_: object) -> Mapping[str, object]:
        """Authlib's token generator: by then the client is authenticated and the scope was found to be its own."""
        assert client.known
        scopes = frozenset(scope.split()) if scope else client.known.scopes
        return self.duties.sign(client.known.id, scopes)


class _Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    def __init__(self, form: Form, origin: str) -> None:
        super().__init__("POST", origin, headers={"Authorization": form.authorization})
        self.payload = BasicOAuth2Payload(form.fields)
        self.resources = form.resources

    @property
    def form(self) -> Mapping[str, str]:
        fields: Mapping[str, str] = self.payload.data
        return fields


class _Registered:
    """A client in the words that Authlib calls it by. Unknown and removed clients have no secret."""

    def __init__(self, client: Client | None) -> None:
        self.known = client if client and not client.removed else None

    def check_client_secret(self, secret: str) -> bool:
        return matches(secret, self.known.secret_hashes if self.known else ())

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method in CLIENT_METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in GRANT_TYPES


class _ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_METHODS

    def validate_requested_scope(self) -> None:
        """Only scopes that the client has, only for this hub. Called once the client is authenticated."""
        asked = (self.request.payload.scope or "").split()
        if not self.client.known.scopes.issuperset(asked):
            raise InvalidScopeError("The client does not have every scope that it asks for.")
        origin = self.server.duties.origin
        if any(resource.removesuffix("/") != origin for resource in self.request.resources):
            raise OAuth2Error(error="invalid_target", description="Tokens are issued for this hub only.")


class _Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib has no types
    CLIENT_AUTH_METHODS = CLIENT_METHODS

    def check_params(self, request: OAuth2Request, client: _Registered) -> None:
        """The form was found to hold a token; a hint of its kind may be ignored (RFC 7662 §2.1)."""

    def query_token(self, token: str, _hint: str | None) -> _Active | None:
        principal = self.server.duties.bearer(token)
        return _Active(principal) if principal else None

    def check_permission(self, token: _Active, client: _Registered, _request: OAuth2Request) -> bool:
        """A client may look at its own tokens; another's is as inactive to it as an unknown one (RFC 7662 §2.2)."""
        return client.known is not None and token.principal.client_id == client.known.id

    def introspect_token(self, token: _Active) -> dict[str, Any]:
        principal, origin = token.principal, self.server.duties.origin
        return {
            "scope": " ".join(sorted(principal.scopes)),
            "client_id": principal.client_id,
            "sub": principal.client_id,
            "token_type": "Bearer",
            "exp": int(principal.expires.timestamp()),
            "iss": origin,
            "aud": origin,
            "jti": principal.jti,
        }


@dataclass(frozen=True, slots=True)
class _Active:
    """A token that was checked a moment ago, in the words that Authlib asks by."""

    principal: Principal

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False
