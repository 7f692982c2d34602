"""GraphQL over HTTP, POST: the first and the last step of walk 1 (a question). Bytes → operation → engine → bytes.

Follows the GraphQL over HTTP specification: `application/graphql-response+json` answers with the status of what
happened, `application/json` with 200 for every well-formed request that only the document refuses. Bodies are limited
before they are parsed; a batch is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from auth.purpose import DeclaredPurpose, parse_purpose
from hub.api.refusals import GRAPHQL, JSON, refused, refused_with
from hub.engine.operation import Answer, Operation
from hub.errors import Code, HubError
from hub.services import Services

MAX_BODY = 64 * 1024
BODY_SECONDS = 10.0
MEMBERS = {"query", "operationName", "variables", "extensions"}


class BadBody(Exception):
    """A body that cannot be taken as it comes: `status` says whether it is too large, too slow or cut off."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Document:
    """What a GraphQL request says, whatever brought it."""

    query: str
    name: str | None
    variables: Mapping[str, object]


async def graphql(request: Request) -> Response:
    """POST /graphql."""
    request_id: str = request.state.request_id
    if request.method != "POST":
        return refused_with(405, "questions are sent with POST", request_id, {"Allow": "POST"})
    media = accepted(request.headers.get("accept"))
    if media is None:
        return refused_with(406, f"the answer can be {GRAPHQL} or {JSON}", request_id)
    if not _is_json(request.headers.get("content-type", "")):
        return refused_with(415, f"the body must be {JSON} in UTF-8", request_id)
    try:
        return await _answered(request, media)
    except BadBody as error:
        return refused_with(error.status, str(error), request_id)
    except HubError as error:
        return refused(error, request_id, media=media)


async def _answered(request: Request, media: str) -> Response:
    services: Services = request.app.state.services
    body = await read_limited(request, MAX_BODY)
    principal = await services.authenticate(request.headers.get("authorization"))
    document = parse(body)
    operation = Operation(
        text=document.query,
        name=document.name,
        variables=document.variables,
        principal=principal,
        purpose=purpose_of(request.headers.get("hub-purpose")),
        request_id=request.state.request_id,
        language=request.headers.get("accept-language", "en"),
    )
    answer = await services.engine.answer(operation)
    return Response(orjson.dumps(body_of(answer)), _status(answer, media), media_type=media)


def body_of(answer: Answer) -> dict[str, object]:
    """The answer's members in the order that the specification recommends; `data` is absent where nothing was run."""
    body: dict[str, object] = {"errors": answer.errors} if answer.errors else {}
    if answer.data is not None or answer.status == 200:
        body["data"] = answer.data
    if answer.extensions:
        body["extensions"] = answer.extensions
    return body


def _status(answer: Answer, media: str) -> int:
    return 200 if media == JSON and answer.status == 400 else answer.status


def purpose_of(header: str | None) -> DeclaredPurpose | None:
    """The declared purpose, or None without a header; BAD_INPUT where the header cannot be read."""
    if header is None:
        return None
    try:
        return parse_purpose(header)
    except ValueError as error:
        raise HubError(Code.BAD_INPUT, str(error)) from error


async def read_limited(request: Request, limit: int) -> bytes:
    """The body; BadBody as soon as more than `limit` bytes are announced or have come, or it does not come."""
    if int(request.headers.get("content-length") or 0) > limit:
        raise BadBody(413, f"the body is larger than {limit} bytes")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request, limit)
    except TimeoutError:
        raise BadBody(408, f"the body did not come within {BODY_SECONDS:.0f} seconds") from None
    except ClientDisconnect:
        raise BadBody(400, "the body is cut off or badly framed") from None


async def _read(request: Request, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise BadBody(413, f"the body is larger than {limit} bytes")
        parts.append(part)
    return b"".join(parts)


def parse(body: bytes) -> Document:
    """The request's members, typed. BAD_INPUT names what is wrong; a batch is DOCUMENT_REFUSED."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HubError(Code.BAD_INPUT, f"the body is not JSON: {error}") from error
    if isinstance(value, list):
        raise HubError(Code.DOCUMENT_REFUSED, f"a batch of {len(value)} operations, the limit is 1: send them singly")
    return document_of(value)


def document_of(value: object) -> Document:
    """The members of one GraphQL request, from HTTP or a WebSocket."""
    if not isinstance(value, dict):
        raise HubError(Code.BAD_INPUT, "the request must be a JSON object")
    query, name = value.get("query"), value.get("operationName")
    variables, extensions = value.get("variables"), value.get("extensions")
    if not isinstance(query, str) or not query.strip():
        raise HubError(Code.BAD_INPUT, "`query` must be the text of a document")
    if name is not None and not isinstance(name, str):
        raise HubError(Code.BAD_INPUT, "`operationName` must be text")
    if variables is not None and not isinstance(variables, dict):
        raise HubError(Code.BAD_INPUT, "`variables` must be an object")
    if extensions is not None and not isinstance(extensions, dict):
        raise HubError(Code.BAD_INPUT, "`extensions` must be an object")
    return Document(query, name or None, variables or {})


def accepted(header: str | None) -> str | None:
    """The media type to answer with, or None where the client takes neither. Without a preference: JSON."""
    if not header:
        return JSON
    best: tuple[float, int, str] | None = None
    for place, part in enumerate(header.split(",")):
        name, *parameters = (p.strip().lower() for p in part.split(";"))
        media = JSON if name in ("*/*", "application/*") else name
        liked = quality(parameters)
        if media in (GRAPHQL, JSON) and liked > 0 and (best is None or (liked, -place) > best[:2]):
            best = (liked, -place, media)
    return best[2] if best else None


def quality(parameters: list[str]) -> float:
    """The weight that a media type's parameters give it: 1 where they say none, 0 where it cannot be read."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _is_json(content_type: str) -> bool:
    name, *parameters = (p.strip().lower() for p in content_type.split(";"))
    charset = next((p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")), "utf-8")
    return name == JSON and charset in ("utf-8", "utf8")
