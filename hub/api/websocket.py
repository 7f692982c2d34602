"""GraphQL over WebSocket: the `graphql-transport-ws` protocol, for questions and subscriptions on one socket.

The connection's payload carries `authorization` and `purpose`; a token is judged when an operation starts (an expired
one closes with 4403, which clients retry). Every operation runs in a task of its own, and sends only as fast as the
client reads. What breaks the protocol closes the socket; what is wrong with one operation ends that operation alone.
A socket lives at most 24 hours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from auth.bearer import Principal
from auth.purpose import DeclaredPurpose
from hub.api.http import MAX_BODY, Document, body_of, document_of, purpose_of
from hub.engine.answers import error_of
from hub.engine.operation import Answer, Operation
from hub.errors import Code, HubError
from hub.observe import Event, emit
from hub.services import Services, new_request_id

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 5.0
LIFE_SECONDS = 24 * 3600.0
MOST_OPERATIONS = 100
MOST_REASON = 123  #: bytes that a close frame has room for (RFC 6455 §5.5)


class Close(Exception):
    """The socket is to be closed with a code of the protocol and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason.encode()[:MOST_REASON].decode(errors="ignore")


@dataclass(slots=True)
class Session:
    """One socket: what its client said of itself, and the operations that run on it."""

    socket: WebSocket
    services: Services
    operations: asyncio.TaskGroup
    initialised: bool = False
    authorization: str | None = None
    purpose: DeclaredPurpose | None = None
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, kind: str, **members: object) -> None:
        """Send one message; waits while the client does not read."""
        async with self.sending:
            await self.socket.send_text(orjson.dumps({"type": kind, **members}).decode())

    async def principal(self) -> Principal:
        """Who speaks, judged now; Close where the token opens nothing any more."""
        try:
            return await self.services.authenticate(self.authorization)
        except HubError as error:
            raise _closing(error) from error


async def graphql_socket(socket: WebSocket) -> None:
    """The route of the protocol."""
    if PROTOCOL not in socket.scope.get("subprotocols", ()):
        await socket.accept()
        await socket.close(4406, "Subprotocol not acceptable")
        return
    await socket.accept(subprotocol=PROTOCOL)
    try:
        async with asyncio.timeout(LIFE_SECONDS):
            await _live(socket)
    except TimeoutError:
        await socket.close(1001, "24 hours are over: connect again and resume")
    except Close as closing:
        await socket.close(closing.code, closing.reason)
    except WebSocketDisconnect:
        return  # the client has gone; there is nobody to tell


async def _live(socket: WebSocket) -> None:
    """Serve until the client goes or the socket is to be closed; every operation ends with it."""
    try:
        async with asyncio.TaskGroup() as operations:
            await _serve(Session(socket, socket.app.state.services, operations))
    except ExceptionGroup as ended:  # several operations may find at once that the socket is to be closed
        raise next((e for e in ended.exceptions if isinstance(e, Close)), ended.exceptions[0]) from ended


async def _serve(session: Session) -> None:
    try:
        async with asyncio.timeout(INIT_SECONDS):
            while not session.initialised:
                await _handle(session, await _receive(session))
    except TimeoutError:
        raise Close(4408, "Connection initialisation timeout") from None
    while True:
        await _handle(session, await _receive(session))


async def _receive(session: Session) -> dict[str, object]:
    message = await session.socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    text = message.get("text")
    if text is None or len(text.encode()) > MAX_BODY:
        raise Close(4400, f"messages are JSON text of at most {MAX_BODY} bytes")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Close(4400, "messages must be JSON") from None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise Close(4400, "messages must be objects with a `type`")
    return value


async def _handle(session: Session, message: Mapping[str, object]) -> None:
    match message["type"]:
        case "connection_init":
            await _init(session, message.get("payload"))
        case "ping":
            await session.send("pong")
        case "pong":
            pass
        case "subscribe":
            await _subscribe(session, message)
        case "complete":
            _complete(session, message.get("id"))
        case other:
            raise Close(4400, f"there is no message {str(other)[:40]!r}")


async def _init(session: Session, payload: object) -> None:
    if session.initialised:
        raise Close(4429, "Too many initialisation requests")
    said = {} if payload is None else payload
    if not isinstance(said, dict):
        raise Close(4400, "the payload must be an object")
    session.authorization = _text(said, "authorization")
    await session.principal()
    try:
        session.purpose = purpose_of(_text(said, "purpose"))
    except HubError as error:
        raise Close(4400, error.message) from error
    session.initialised = True
    await session.send("connection_ack")


def _text(payload: Mapping[str, object], name: str) -> str | None:
    value = payload.get(name)
    if value is None or isinstance(value, str):
        return value
    raise Close(4400, f"`{name}` of the payload must be text")


async def _subscribe(session: Session, message: Mapping[str, object]) -> None:
    if not session.initialised:
        raise Close(4401, "Unauthorized")
    name = message.get("id")
    if not isinstance(name, str) or not name:
        raise Close(4400, "`id` must be text")
    if name in session.tasks:
        raise Close(4409, f"Subscriber for {name} already exists")
    try:
        document = document_of(message.get("payload"))
    except HubError as error:
        raise Close(4400, error.message) from error
    session.tasks[name] = session.operations.create_task(_run(session, name, document))


def _complete(session: Session, name: object) -> None:
    """The client wants no more of an operation; one that has ended by itself meanwhile is not there any more."""
    task = session.tasks.pop(name, None) if isinstance(name, str) else None
    if task:
        task.cancel()


async def _run(session: Session, name: str, document: Document) -> None:
    """One operation, from its document to `complete` or `error`."""
    operation = Operation(
        text=document.query,
        name=document.name,
        variables=document.variables,
        principal=await session.principal(),
        purpose=session.purpose,
        request_id=new_request_id(),
        language=session.socket.headers.get("accept-language", "en"),
    )
    try:
        await _answered(session, name, operation)
    except HubError as error:
        await _refused(session, name, operation, error)
    except (Close, WebSocketDisconnect):
        raise
    except Exception as error:  # noqa: BLE001  # the edge: one operation's fault must not end its neighbours
        emit(Event.REQUEST_FAILED, request_id=operation.request_id, error=repr(error))
        hidden = HubError(Code.INTERNAL, "the hub failed; the request id tells where")
        await _refused(session, name, operation, hidden)
    finally:
        if session.tasks.get(name) is asyncio.current_task():  # its name may be in use again
            del session.tasks[name]


async def _answered(session: Session, name: str, operation: Operation) -> None:
    if len(session.tasks) > MOST_OPERATIONS:
        message = f"{len(session.tasks)} operations on one socket, the limit is {MOST_OPERATIONS}"
        raise HubError(Code.DOCUMENT_REFUSED, message, figure=len(session.tasks), limit=MOST_OPERATIONS)
    async with aclosing(_answers(session.services, operation)) as answers:
        async for answer in answers:
            if answer.status != 200:
                await session.send("error", id=name, payload=answer.errors)
                return
            await session.send("next", id=name, payload=body_of(answer))
    await session.send("complete", id=name)


async def _answers(services: Services, operation: Operation) -> AsyncGenerator[Answer, None]:
    if not await services.engine.is_subscription(operation):
        yield await services.engine.answer(operation)
        return
    async with aclosing(services.follow(await services.engine.subscribe(operation))) as answers:
        async for answer in answers:
            yield answer


async def _refused(session: Session, name: str, operation: Operation, error: HubError) -> None:
    """The end of one operation, or of the socket where it is the client itself that is not known any more."""
    emit(Event.SUBSCRIPTION_ENDED, request_id=operation.request_id, code=error.code)
    if error.code is Code.UNAUTHENTICATED:
        raise _closing(error) from error
    await session.send("error", id=name, payload=[error_of(operation, error)])


def _closing(error: HubError) -> Close:
    """4403 where the token is at fault; 1013 (try again later) where the hub is. Clients retry after both."""
    return Close(4403 if error.code is Code.UNAUTHENTICATED else 1013, error.message)
