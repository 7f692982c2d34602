"""GraphQL over HTTP from outside: statuses, media types, stamps, and requests that are no questions."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.api.http import BadBody, read_limited
from hub.app import Stamp

GRAPHQL, JSON = "application/graphql-response+json", "application/json"
CASES = [
    ("a question", {"json": {"query": "{ __typename }"}}, {}, 200, 200),
    ("a syntax error", {"json": {"query": "{"}}, {}, 400, 200),
    ("an unknown field", {"json": {"query": "{ nothing }"}}, {}, 400, 200),
    ("a variable of the wrong type", {"json": {"query": "query($n: Int) { legalPersons(first: $n) { totalCount } }", "variables": {"n": "x"}}}, {}, 400, 200),
    ("no query", {"json": {}}, {}, 400, 400),
    ("no JSON", {"content": b"{", "headers": {"Content-Type": JSON}}, {}, 400, 400),
    ("a batch", {"json": [{"query": "{ __typename }"}]}, {}, 400, 400),
    ("a scope that is missing", {"json": {"query": "{ licences { totalCount } }"}}, {}, 403, 403),
    ("another media type", {"content": b"{ a }", "headers": {"Content-Type": "application/graphql"}}, {}, 415, 415),
    ("another charset", {"content": b"{}", "headers": {"Content-Type": "application/json; charset=utf-16"}}, {}, 415, 415),
    ("a megabyte", {"json": {"query": "{ __typename } #" + "x" * 1_000_000}}, {}, 413, 413),
    ("a bad purpose", {"json": {"query": "{ __typename }"}, "headers": {"Hub-Purpose": "1;;"}}, {}, 400, 400),
]  # fmt: skip


@pytest.mark.parametrize(("what", "request_", "_", "graphql", "json"), CASES, ids=[case[0] for case in CASES])
def test_the_status_says_what_happened_in_both_media_types(served, what, request_, _, graphql, json):
    for media, status in ((GRAPHQL, graphql), (JSON, json)):
        headers = {**request_.get("headers", {}), "Accept": media}
        answer = served.post(**{**request_, "headers": headers})
        assert answer.status_code == status, answer.text
        assert answer.headers["x-request-id"]
        assert int(answer.headers["hub-schema-version"]) >= 1
        if status != 200:
            assert "data" not in answer.json()
            assert answer.json()["errors"][0]["extensions"]["requestId"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/graphql", "GET", 405), ("/graphql", "PUT", 405), ("/nothing", "GET", 404)]
)
def test_what_is_not_there_is_said_in_the_same_shape(served, path, method, status):
    answer = httpx.request(method, served.url + path)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, "BAD_INPUT")
    assert answer.headers["x-request-id"]


def test_a_client_that_takes_neither_media_type_gets_406(served):
    assert served.post(json={"query": "{ __typename }"}, headers={"Accept": "text/html"}).status_code == 406


def test_a_badly_framed_body_is_the_clients_fault(served):
    answer = served.raw(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 400"), answer[:200]


def test_a_chunked_body_over_the_limit_is_refused(served):
    def parts():
        for _ in range(70):
            yield b"x" * 1024

    answer = served.post(content=parts(), headers={"Content-Type": JSON})
    assert answer.status_code == 413


async def test_a_body_that_never_comes_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("hub.api.http.BODY_SECONDS", 0.05)

    async def silence():
        import asyncio

        await asyncio.Event().wait()

    with pytest.raises(BadBody) as caught:
        await read_limited(Request({"type": "http", "headers": []}, silence), 100)
    assert caught.value.status == 408


async def test_an_answer_of_the_edge_has_its_stamps_too():
    async def broken(_):
        raise RuntimeError("boom")

    async def edge(request, error):
        return Response(request.state.request_id, 500)

    app = Starlette(routes=[Route("/", broken)], exception_handlers={Exception: edge})
    app.state.services = type("Services", (), {"publication": type("Publication", (), {"version": 7})})
    transport = httpx.ASGITransport(app=Stamp(app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.headers["hub-schema-version"]) == (500, "7")
    assert answer.text == answer.headers["x-request-id"]


def test_the_served_schema_can_be_fetched_by_its_version(served):
    version = httpx.get(f"{served.url}/ready").headers["hub-schema-version"]
    headers = {"Authorization": f"Bearer {served.token()}"}
    answer = httpx.get(f"{served.url}/graphql/schema/{version}.graphql", headers=headers)
    assert answer.status_code == 200
    assert "type LegalPerson implements" in answer.text
    assert httpx.get(f"{served.url}/graphql/schema/9999.graphql", headers=headers).status_code == 404
    assert httpx.get(f"{served.url}/graphql/schema/{version}.graphql").status_code == 401
