"""A department's web service on loopback: HTTP/1.1 kept alive, a port that it comes back on, secrets in files.

Departments give one function from Request to Answer; a thread a connection calls it. It knows no department's manner,
and is for a demo: it speaks plain HTTP to this machine alone.
"""

from __future__ import annotations

import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import orjson

LOOPBACK = "127.0.0.1"
JSON = "application/json; charset=utf-8"
#: A request that says it is longer is not read.
LARGEST_BODY = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent. `headers` have lower-case names; of a repeated query parameter the last value stands."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What it gets back."""

    body: bytes
    status: int = 200
    type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


Handle = Callable[[Request], Answer]


class Refused(Exception):
    """A request that cannot be served: its HTTP status, and in words for a person what is wrong with it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def told(value: object, status: int = 200, **headers: str) -> Answer:
    """An answer of JSON; `Retry_After="1"` becomes the header Retry-After."""
    return Answer(orjson.dumps(value), status, headers={name.replace("_", "-"): text for name, text in headers.items()})


def object_of(body: bytes) -> dict[str, Any]:
    """The JSON object that was sent, or Refused."""
    try:
        given = orjson.loads(body)
    except ValueError as error:
        raise Refused(400, f"不是 JSON: {error}") from error
    if not isinstance(given, dict):
        raise Refused(400, "不是 JSON 对象")
    return given


def whole(request: Request, name: str, usual: int, most: int = 10**9) -> int:
    """A parameter that is a whole number of zero or more, or Refused."""
    text = request.query.get(name, str(usual))
    if not text.isdecimal() or int(text) > most:
        raise Refused(400, f"{name} 须为不超过 {most} 的自然数")
    return int(text)


def serve(folder: Path, handle: Handle) -> str:
    """Answer requests from now on until the process ends; the service's address.

    The port is noted in the folder and taken again at the next start, unless somebody else has it by then.
    """
    service = _on_its_port(folder / "port", handle)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    return f"http://{LOOPBACK}:{service.server_port}"


def secret(folder: Path, name: str) -> str:
    """The secret kept in that file of the folder, made at the first start; only this user can read it."""
    path = folder / name
    if not path.exists():
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(secrets.token_urlsafe(24), encoding="ascii")
        part.replace(path)
    return path.read_text(encoding="ascii")


def _on_its_port(note: Path, handle: Handle) -> _Service:
    noted = int(note.read_text(encoding="ascii")) if note.exists() else 0
    try:
        service = _Service(noted, handle)
    except OSError:
        if not noted:
            raise
        service = _Service(0, handle)
    note.write_text(str(service.server_port), encoding="ascii")
    return service


class _Service(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, port: int, handle: Handle) -> None:
        self.handle = handle
        super().__init__((LOOPBACK, port), _Exchange)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no fault of ours; anything else is printed, and its connection closed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # handed through as it came


class _Exchange(BaseHTTPRequestHandler):
    """One connection: head and body leave in one packet each, at once, since a delayed one costs 40 ms."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._send(told({"error": "a body of known, small length is needed"}, 413))
        else:
            self._answer(self.rfile.read(int(length)))

    def _answer(self, body: bytes) -> None:
        place = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(place.query, keep_blank_values=True))
        service = cast("_Service", self.server)
        self._send(service.handle(Request(self.command, place.path, query, headers, body)))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that the library gives it
        """A demo's department keeps no access log."""
