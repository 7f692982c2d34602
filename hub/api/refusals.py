"""How errors leave over HTTP: one JSON shape, the status of the table in `hub.errors`, and who must act.

Used by every route; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from hub.errors import Code, HubError, Unauthenticated

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"


def graphql_error(error: HubError, request_id: str) -> dict[str, object]:
    """The error as a member of a GraphQL answer's `errors`."""
    extensions = {"code": error.code.value, **error.extensions, "requestId": request_id}
    return {"message": error.message, "extensions": extensions}


def refused(error: HubError, request_id: str, *, media: str = JSON) -> Response:
    """The whole request refused; a 401 says how to come in."""
    headers = {"WWW-Authenticate": error.challenge} if isinstance(error, Unauthenticated) else {}
    body = orjson.dumps({"errors": [graphql_error(error, request_id)]})
    return Response(body, error.status, headers=headers, media_type=media)


def refused_with(status: int, message: str, request_id: str, headers: Mapping[str, str] | None = None) -> Response:
    """A request that is not GraphQL over HTTP at all (media type, method, size): BAD_INPUT with that status."""
    body = orjson.dumps({"errors": [graphql_error(HubError(Code.BAD_INPUT, message), request_id)]})
    return Response(body, status, headers=dict(headers or {}), media_type=JSON)
