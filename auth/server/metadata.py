"""What a hub publishes about its tokens: keys, authorization server (RFC 8414), protected resource (RFC 9728). Pure.

`origin` is scheme, host and port of the hub, without a slash behind: issuer, audience and resource at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from joserfc.jwk import KeySet

from auth.server.authlib_server import CLIENT_METHODS, GRANT_TYPES

JWKS_PATH = "/oauth/jwks"


def jwks(keys: KeySet) -> dict[str, object]:
    """`/oauth/jwks`: the public keys that tokens are signed with."""
    return {"keys": keys.as_dict(private=False)["keys"]}


def authorization_server(origin: str, scopes: Iterable[str]) -> dict[str, object]:
    """`/.well-known/oauth-authorization-server`. No response types: no endpoint here asks a person for consent."""
    return {
        "issuer": origin,
        "token_endpoint": f"{origin}/oauth/token",
        "introspection_endpoint": f"{origin}/oauth/introspect",
        "jwks_uri": f"{origin}{JWKS_PATH}",
        "scopes_supported": sorted(scopes),
        "response_types_supported": [],
        "grant_types_supported": list(GRANT_TYPES),
        "token_endpoint_auth_methods_supported": list(CLIENT_METHODS),
        "introspection_endpoint_auth_methods_supported": list(CLIENT_METHODS),
    }


def protected_resource(origin: str, scopes: Iterable[str]) -> dict[str, object]:
    """`/.well-known/oauth-protected-resource`: what a client needs to ask this hub."""
    return {
        "resource": origin,
        "authorization_servers": [origin],
        "scopes_supported": sorted(scopes),
        "bearer_methods_supported": ["header"],
    }
