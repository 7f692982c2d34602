"""The `graphql-transport-ws` protocol as a client meets it, over the real application; only the wire is ours."""

import asyncio
import base64
import json
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from hub.api import oauth, websocket
from hub.api.websocket import graphql_socket
from tests.hub.feeds.room import FEED, PATIENCE, permit

SUBSCRIBE = {"type": "subscribe", "id": "1", "payload": {"query": FEED}}
TYPENAME = {"type": "subscribe", "id": "q", "payload": {"query": "{ __typename }"}}


class Wire:
    """One end of a socket. The hub's messages wait while nobody reads, as a network's buffers make them."""

    def __init__(self, app, subprotocols=("graphql-transport-ws",), language="en"):
        self._said, self._heard = asyncio.Queue(), asyncio.Queue(maxsize=1)
        self._said.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket", "path": "/graphql", "query_string": b"", "subprotocols": list(subprotocols),
            "headers": [(b"accept-language", language.encode())],
        }  # fmt: skip
        self.serving = asyncio.create_task(app(scope, self._said.get, self._heard.put))

    async def say(self, message):
        text = message if isinstance(message, str) else json.dumps(message)
        await self._said.put({"type": "websocket.receive", "text": text})

    async def hang_up(self):
        await self._said.put({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(self.serving, PATIENCE)

    async def heard(self):
        return await asyncio.wait_for(self._heard.get(), PATIENCE)

    async def hear(self):
        message = await self.heard()
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def event(self):
        message = await self.hear()
        assert message["type"] == "next", message
        return message["payload"]["data"]["permitChanges"]

    async def closed(self):
        """The code and reason of the close that comes, whatever comes before it."""
        while (message := await self.heard())["type"] != "websocket.close":
            pass
        await asyncio.wait_for(self.serving, PATIENCE)
        return message["code"], message["reason"]


class Front:
    """The application over a room's services, and a client that has a token."""

    def __init__(self, room, token):
        self.room, self.token = room, token
        self.app = application(room)

    @asynccontextmanager
    async def socket(self, *, initialised=True, **more):
        wire = Wire(self.app, **more)
        assert (await wire.heard())["type"] == "websocket.accept"
        if initialised:
            await wire.say({"type": "connection_init", "payload": self.payload})
            assert await wire.hear() == {"type": "connection_ack"}
        try:
            yield wire
        finally:
            if wire.serving.done():
                wire.serving.result()
            wire.serving.cancel()

    @property
    def payload(self):
        return {"authorization": f"Bearer {self.token}", "purpose": 'check;case="1"'}


def application(room):
    app = Starlette(
        routes=[WebSocketRoute("/graphql", graphql_socket), Route("/oauth/token", oauth.token, methods=["POST"])]
    )
    app.state.services = room.services
    return app


@pytest.fixture
async def front(room):
    secret, digest = room.services.new_secret()
    await room.register(secret_hashes=(digest,))
    basic = base64.b64encode(f"reader:{secret}".encode()).decode()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application(room)), base_url="http://hub") as client:
        answer = await client.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
        )
    return Front(room, answer.json()["access_token"])


async def test_a_question_is_answered_once_and_completed(front):
    async with front.socket() as wire:
        await wire.say(TYPENAME)
        assert await wire.hear() == {"type": "next", "id": "q", "payload": {"data": {"__typename": "Query"}}}
        assert await wire.hear() == {"type": "complete", "id": "q"}


async def test_a_ping_is_answered_also_before_the_connection_is_initialised(front):
    async with front.socket(initialised=False) as wire:
        await wire.say({"type": "ping", "payload": {}})
        assert await wire.hear() == {"type": "pong"}


async def test_one_operations_fault_ends_it_alone(front):
    async with front.socket() as wire:
        await wire.say(SUBSCRIBE)
        assert (await wire.event())["__typename"] == "Caughtup"
        await wire.say({"type": "subscribe", "id": "2", "payload": {"query": FEED, "variables": {"after": "nonsense"}}})
        message = await wire.hear()
        assert (message["type"], message["id"]) == ("error", "2")
        assert message["payload"][0]["extensions"]["code"] == "CURSOR_INVALID"
        await front.room.put(permit("A"))
        assert (await wire.event())["record"]["code"] == "A"


async def test_an_error_speaks_the_clients_language(front):
    async with front.socket(language="zh-CN") as wire:
        await wire.say({"type": "subscribe", "id": "2", "payload": {"query": FEED, "variables": {"after": "nonsense"}}})
        [error] = (await wire.hear())["payload"]
        assert error["message"].startswith("游标无效")


async def test_an_operation_that_was_completed_sends_nothing_more_and_its_id_is_free(front):
    async with front.socket() as wire:
        for code in "ABC":
            await wire.say(SUBSCRIBE)
            assert (await wire.event())["__typename"] == "Caughtup"
            await front.room.put(permit(code))
            assert (await wire.event())["record"]["code"] == code
            await wire.say({"type": "complete", "id": "1"})
        await wire.say({"type": "complete", "id": "unknown"})
        await wire.say(TYPENAME)
        assert (await wire.hear())["id"] == "q"


async def test_the_sockets_end_ends_every_operation(front):
    before = asyncio.all_tasks()
    async with front.socket() as wire:
        for number in "123":
            await wire.say({**SUBSCRIBE, "id": number})
            await wire.event()
        await wire.hang_up()
    assert asyncio.all_tasks() == before


async def test_a_client_that_does_not_read_holds_up_only_itself(front):
    async with front.socket() as slow, front.socket() as quick:
        for wire in (slow, quick):
            await wire.say(SUBSCRIBE)
            assert (await wire.event())["__typename"] == "Caughtup"
        await front.room.put(*(permit(str(number)) for number in range(50)))
        assert [(await quick.event())["record"]["code"] for _ in range(50)] == [str(number) for number in range(50)]
        await front.room.delete("49")
        assert (await quick.event())["operation"] == "DELETED"
        events = [await slow.event() for _ in range(51)]
        assert [event["operation"] for event in events] == [*["CREATED"] * 50, "DELETED"]


async def test_an_expired_token_closes_the_socket_when_an_operation_starts(front):
    async with front.socket() as wire:
        await wire.say(SUBSCRIBE)
        await wire.event()
        front.room.after(minutes=11)
        await front.room.put(permit("A"))
        assert (await wire.event())["record"]["code"] == "A"
        await wire.say({**SUBSCRIBE, "id": "2"})
        assert (await wire.closed())[0] == 4403


async def test_a_client_that_is_removed_is_sent_away(front):
    async with front.socket() as wire:
        await wire.say(SUBSCRIBE)
        await wire.event()
        await front.room.register(removed=True)
        assert (await wire.closed())[0] == 4403


async def test_more_operations_than_a_socket_carries_are_refused_singly(front, monkeypatch):
    monkeypatch.setattr(websocket, "MOST_OPERATIONS", 2)
    async with front.socket() as wire:
        for number in "12":
            await wire.say({**SUBSCRIBE, "id": number})
            await wire.event()
        await wire.say({**SUBSCRIBE, "id": "3"})
        message = await wire.hear()
        assert (message["type"], message["id"]) == ("error", "3")
        assert message["payload"][0]["extensions"] | {"requestId": ""} == {
            "code": "DOCUMENT_REFUSED", "figure": 3, "limit": 2, "requestId": "",
        }  # fmt: skip


async def test_a_socket_does_not_live_for_ever(front, monkeypatch):
    monkeypatch.setattr(websocket, "LIFE_SECONDS", 0.3)
    async with front.socket() as wire:
        await wire.say(SUBSCRIBE)
        assert (await wire.closed())[0] == 1001


@pytest.mark.parametrize("first", [None, {"type": "ping"}])
async def test_a_connection_that_is_never_initialised_is_closed(front, monkeypatch, first):
    monkeypatch.setattr(websocket, "INIT_SECONDS", 0.2)
    async with front.socket(initialised=False) as wire:
        if first:
            await wire.say(first)
        assert (await wire.closed())[0] == 4408


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("not json", 4400),
        ("[]", 4400),
        ("{}", 4400),
        ({"type": "dance"}, 4400),
        ("x" * 70_000, 4400),
        ({"type": "subscribe", "payload": {"query": FEED}}, 4400),
        ({"type": "subscribe", "id": "1"}, 4400),
        ({"type": "subscribe", "id": "1", "payload": {"query": 7}}, 4400),
        ({"type": "subscribe", "id": "1", "payload": {"query": FEED, "variables": []}}, 4400),
        ({"type": "connection_init"}, 4429),
    ],
)
async def test_what_breaks_the_protocol_closes_the_socket(front, message, code):
    async with front.socket() as wire:
        await wire.say(message)
        assert (await wire.closed())[0] == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "connection_init"}, 4403),
        ({"type": "connection_init", "payload": {"authorization": "Bearer 假的" + "很长" * 100}}, 4403),
        ({"type": "connection_init", "payload": {"authorization": 7}}, 4400),
        ({"type": "connection_init", "payload": []}, 4400),
        (SUBSCRIBE, 4401),
    ],
)
async def test_who_does_not_say_who_it_is_gets_no_further(front, message, code):
    async with front.socket(initialised=False) as wire:
        await wire.say(message)
        found, reason = await wire.closed()
        assert found == code
        assert 0 < len(reason.encode()) <= 123


async def test_a_purpose_that_cannot_be_read_closes_the_socket(front):
    async with front.socket(initialised=False) as wire:
        await wire.say({"type": "connection_init", "payload": {**front.payload, "purpose": "1;;"}})
        assert (await wire.closed())[0] == 4400


async def test_two_operations_of_one_id_close_the_socket(front):
    async with front.socket() as wire:
        await wire.say(SUBSCRIBE)
        await wire.event()
        await wire.say(SUBSCRIBE)
        assert await wire.closed() == (4409, "Subscriber for 1 already exists")


async def test_a_reason_fits_into_a_close_frame_however_long_the_id(front):
    async with front.socket() as wire:
        for _ in range(2):
            await wire.say({**SUBSCRIBE, "id": "很长" * 100})
        code, reason = await wire.closed()
        assert (code, len(reason.encode()) <= 123) == (4409, True)


async def test_another_subprotocol_is_not_spoken(front):
    async with front.socket(initialised=False, subprotocols=["graphql-ws"]) as wire:
        assert (await wire.closed())[0] == 4406
