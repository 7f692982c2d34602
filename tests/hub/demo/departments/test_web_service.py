"""The web service under the demo's departments: its port, its secrets, connections that stay, what it cannot read."""

import socket

import httpx
import pytest

from hub.demo.departments.web_service import LARGEST_BODY, Refused, Request, object_of, secret, serve, told, whole


def echo(request):
    return told({"method": request.method, "path": request.path, "query": request.query, "body": request.body.decode()})


def asked(**query):
    return Request("GET", "/", query, {}, b"")


def test_a_port_is_noted_and_given_up_only_to_somebody_who_has_it(tmp_path):
    first = serve(tmp_path, echo)
    assert first == f"http://127.0.0.1:{(tmp_path / 'port').read_text()}"
    second = serve(tmp_path, echo)
    assert second != first
    assert second == f"http://127.0.0.1:{(tmp_path / 'port').read_text()}"
    assert httpx.get(second, trust_env=False).json()["path"] == "/"


def test_questions_share_a_connection(tmp_path):
    url = serve(tmp_path, echo)
    with httpx.Client(trust_env=False) as client:
        first = client.get(f"{url}/a?x=1&x=2&y=")
        second = client.post(f"{url}/b", content="名".encode())
        assert first.json() == {"method": "GET", "path": "/a", "query": {"x": "2", "y": ""}, "body": ""}
        assert second.json()["body"] == "名"
        streams = [each.extensions["network_stream"].get_extra_info("client_addr") for each in (first, second)]
    assert streams[0] == streams[1]


@pytest.mark.parametrize("head", ["", f"Content-Length: {LARGEST_BODY + 1}\r\n", "Content-Length: -1\r\n"])
def test_a_body_of_unknown_or_great_length_is_not_read(tmp_path, head):
    port = int(serve(tmp_path, echo).rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode())
        with connection.makefile("rb") as answer:
            assert answer.read().startswith(b"HTTP/1.1 413 ")


def test_a_secret_is_made_once_for_this_user_alone(tmp_path):
    made = secret(tmp_path, "key")
    assert len(made) >= 32
    assert secret(tmp_path, "key") == made != secret(tmp_path, "other")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_object_is_refused(body):
    with pytest.raises(Refused) as refused:
        object_of(body)
    assert refused.value.status == 400


@pytest.mark.parametrize("text", ["", "-1", "1.5", "11", "x"])
def test_a_number_is_whole_and_within_its_bounds(text):
    assert whole(asked(), "n", 7) == 7
    assert whole(asked(n="10"), "n", 7, 10) == 10
    with pytest.raises(Refused):
        whole(asked(n=text), "n", 7, 10)
