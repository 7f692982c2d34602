"""`/live` and `/ready`: whether the process runs, and whether its stores can be read. No authentication, no data."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.errors import StoreUnavailable
from hub.services import Services


async def live(_: Request) -> Response:
    """The process answers."""
    return Response(b'{"live":true}', media_type="application/json")


async def ready(request: Request) -> Response:
    """What is published was confirmed within a second and the records can be read; 503 names the store that cannot."""
    services: Services = request.app.state.services
    try:
        await services.publication.fresh()
        await services.stores.log.oldest("", 0)
    except StoreUnavailable as error:
        return Response(orjson.dumps({"ready": False, "why": error.message}), 503, media_type="application/json")
    return Response(b'{"ready":true}', media_type="application/json")
