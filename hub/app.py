"""The ASGI application: routes, the stamp on every answer, and a lifespan that opens and closes the services.

Where walk 1 (a question) meets the network. It decides nothing about access.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api import explorer, health, oauth, status
from hub.api.files import download
from hub.api.http import graphql
from hub.api.refusals import refused, refused_with
from hub.api.websocket import graphql_socket
from hub.errors import Code, HubError
from hub.observe import Event, emit
from hub.services import Services, new_request_id

#: How long a starting process waits for its live systems before it takes questions.
WARM_SECONDS = 5.0

OpenServices = Callable[[], AbstractAsyncContextManager[Services]]


def create_app(open_services: OpenServices) -> ASGIApp:
    """The application over the services that `open_services` opens at start-up and closes at the end."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_services() as services:
            app.state.services = services
            await services.sources.warm(services.publication.current.snapshot, WARM_SECONDS)
            yield

    app = Starlette(
        routes=[
            Route("/graphql", graphql, methods=["POST"]),
            WebSocketRoute("/graphql", graphql_socket),
            Route("/graphql/schema/{version:int}.graphql", schema_text),
            *explorer.ROUTES,
            *oauth.ROUTES,
            Route("/files/{token}", download, methods=["GET"]),
            Route("/live", health.live),
            Route("/ready", health.ready),
            Route("/status", status.status),
        ],
        lifespan=lifespan,
        exception_handlers={404: _not_found, 405: _not_allowed, HubError: _hub_error, Exception: _internal},  # type: ignore[dict-item]  # Starlette types its handlers by the base class
    )
    return Stamp(app)


class Stamp:
    """Gives every request an id, and puts it and the schema's version on every answer, a 500 of the edge included."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with an id, and stamp what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_request_id()
        scope.setdefault("state", {})["request_id"] = request_id

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._stamps(request_id)]
            await send(message)

        await self._app(scope, receive, stamped)

    def _stamps(self, request_id: str) -> list[tuple[bytes, bytes]]:
        services: Services = self._app.state.services
        version = services.publication.version
        return [(b"x-request-id", request_id.encode()), (b"hub-schema-version", str(version).encode())]


async def schema_text(request: Request) -> Response:
    """GET /graphql/schema/{version}.graphql: the SDL of the version that is served now; names are no secret."""
    services: Services = request.app.state.services
    await services.authenticate(request.headers.get("authorization"))
    published = await services.publication.fresh()
    if request.path_params["version"] != published.snapshot.version:
        return refused_with(404, "that version is not served", request.state.request_id)
    return Response(published.built.sdl, media_type="text/plain; charset=utf-8")


async def _not_found(request: Request, _: Exception) -> Response:
    return refused_with(404, f"there is nothing at {request.url.path}", request.state.request_id)


async def _not_allowed(request: Request, _: Exception) -> Response:
    return refused_with(405, f"{request.method} is not possible here", request.state.request_id)


async def _hub_error(request: Request, error: HubError) -> Response:
    return refused(error, request.state.request_id)


async def _internal(request: Request, error: Exception) -> Response:
    """The process's edge: logged with the request id, nothing of it told to the client."""
    emit(Event.REQUEST_FAILED, request_id=request.state.request_id, error=repr(error))
    return refused(HubError(Code.INTERNAL, "the hub failed; the request id tells where"), request.state.request_id)
