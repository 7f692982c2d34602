"""The OAuth routes: token, introspection, keys and metadata, handed to `auth.server`. No second way in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth.ports import Access
from auth.server.answer import Answer
from hub.api.http import BadBody, read_limited
from hub.api.refusals import refused_with
from hub.services import Services

MAX_FORM = 8 * 1024
Endpoint = Callable[[str, Mapping[str, str], bytes, Access, datetime], Awaitable[Answer]]


async def token(request: Request) -> Response:
    """POST /oauth/token (RFC 6749)."""
    services: Services = request.app.state.services
    return await _exchanged(request, services.oauth.token)


async def introspect(request: Request) -> Response:
    """POST /oauth/introspect (RFC 7662)."""
    services: Services = request.app.state.services
    return await _exchanged(request, services.oauth.introspect)


async def _exchanged(request: Request, endpoint: Endpoint) -> Response:
    services: Services = request.app.state.services
    try:
        body = await read_limited(request, MAX_FORM)
    except BadBody as error:
        return refused_with(error.status, str(error), request.state.request_id)
    access = (await services.publication.fresh()).access
    status, headers, answer = await endpoint(request.method, dict(request.headers), body, access, services.clock())
    return Response(answer, status, headers=dict(headers))


async def jwks(request: Request) -> Response:
    """GET /oauth/jwks: the public keys that sign tokens."""
    services: Services = request.app.state.services
    return _document(services.oauth.jwks())


async def server_metadata(request: Request) -> Response:
    """GET /.well-known/oauth-authorization-server (RFC 8414)."""
    services: Services = request.app.state.services
    published = await services.publication.fresh()
    return _document(services.oauth.server_metadata(published.snapshot.resources))


async def resource_metadata(request: Request) -> Response:
    """GET /.well-known/oauth-protected-resource (RFC 9728)."""
    services: Services = request.app.state.services
    published = await services.publication.fresh()
    return _document(services.oauth.resource_metadata(published.snapshot.resources))


def _document(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers={"Cache-Control": "max-age=60"})


ROUTES = (
    Route("/oauth/token", token, methods=["POST"]),
    Route("/oauth/introspect", introspect, methods=["POST"]),
    Route("/oauth/jwks", jwks),
    Route("/.well-known/oauth-authorization-server", server_metadata),
    Route("/.well-known/oauth-protected-resource", resource_metadata),
)
