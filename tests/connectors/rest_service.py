"""A department's HTTP service for tests: real sockets on loopback, pages in every manner, misbehaviour on demand; and
the connector bound to it.
"""

import base64
import json
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from catalogue.model import Binding, Column, System
from connectors.contract import COLUMNS
from connectors.rest.source import RestSource
from connectors.source import SourceError, SourceRow

BROKEN = "broken-bytes-here"


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes

    def one(self, name, default=None):
        return self.query.get(name, [default])[-1]

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def form(self):
        return {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Reply:
    """An answer as it is sent. `how` is whole, cut (half of it, then the connection ends), drip or endless."""

    body: bytes = b""
    status: int = 200
    headers: dict = field(default_factory=dict)
    how: str = "whole"

    @classmethod
    def of(cls, value, status=200, **headers):
        text = json.dumps(value, ensure_ascii=False).encode().replace(BROKEN.encode(), b"A\xffB")
        return cls(text, status, {"Content-Type": "application/json", **headers})


class Service:
    """Rows behind `/records`, paged in one manner. `script` answers the next requests instead, one a request."""

    def __init__(self, manner="page"):
        self.manner = manner
        self.rows = []
        self.there = True
        self.inclusive = True
        self.most = 100_000
        self.script = []
        self.asked = []
        self.cut_in = None
        self.released = threading.Event()
        self.extra = {}
        self.routes = {"/records": self.records}
        self.guard = None

    def answer(self, asked):
        self.asked.append(asked)
        if self.script:
            reply = self.script.pop(0)
            if reply is not None:
                return reply(asked) if callable(reply) else reply
        if self.guard is not None and (refused := self.guard(asked)) is not None:
            return refused
        route = self.routes.get(asked.path) if self.there else None
        reply = route(asked) if route else Reply.of({"error": "nothing here"}, 404)
        return self.cut(reply)

    def cut(self, reply):
        if self.cut_in is not None:
            self.cut_in -= 1
            if self.cut_in < 0:
                self.cut_in, reply.how = None, "cut"
        return reply

    # the list

    def records(self, asked):
        rows = self.matching(asked)
        return getattr(self, self.manner)(asked, rows)

    def matching(self, asked):
        rows = self.rows
        for name in ("code", "city"):
            if name in asked.query:
                rows = [row for row in rows if row[name] in asked.query[name]]
        since = asked.one("since")
        if since is not None:
            rows = [r for r in rows if r["stamp"] > since or (self.inclusive and r["stamp"] == since)]
        return rows

    def limit(self, asked):
        return min(int(asked.one("limit", "100")), self.most)

    def body(self, rows, total, **more):
        return Reply.of({"data": {"items": rows}, "total": total, **more, **self.extra})

    def none(self, asked, rows):
        return self.body(rows, len(rows))

    def page(self, asked, rows):
        start = (int(asked.one("page", "1")) - 1) * self.limit(asked)
        return self.body(rows[start : start + self.limit(asked)], len(rows))

    def offset(self, asked, rows):
        start = int(asked.one("offset", "0"))
        return self.body(rows[start : start + self.limit(asked)], len(rows))

    def cursor(self, asked, rows):
        start = int(base64.b64decode(asked.one("cursor", "MA==")))
        end = start + self.limit(asked)
        following = base64.b64encode(str(end).encode()).decode() if end < len(rows) else None
        return self.body(rows[start:end], len(rows), next=following)

    def link(self, asked, rows):
        start = int(asked.one("after", "0"))
        end = start + self.limit(asked)
        reply = self.body(rows[start:end], len(rows))
        if end < len(rows):
            query = {**{name: values[-1] for name, values in asked.query.items()}, "after": end}
            reply.headers["Link"] = f'</records?{urlencode(query)}>; rel="next", </>; rel="up"'
        return reply

    def since(self, asked, rows):
        return self.body(sorted(rows, key=lambda row: row["stamp"])[: self.limit(asked)], len(rows))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle_one(self):
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = parse_qs(parts.query, keep_blank_values=True)
        asked = Asked(self.command, parts.path, query, dict(self.headers.items()), body)
        self.send(self.server.service.answer(asked))

    do_GET = do_POST = handle_one

    def send(self, reply):
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.how in ("whole", "cut"):
            self.send_header("Content-Length", str(len(reply.body)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        try:
            getattr(self, reply.how)(reply.body)
            self.wfile.flush()
        except OSError:  # the client has gone, as it should
            self.close_connection = True

    def whole(self, body):
        self.wfile.write(body)

    def cut(self, body):
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True

    def drip(self, body):
        """A byte now and then, until the test lets go."""
        self.close_connection = True
        while not self.server.service.released.wait(0.02):
            self.wfile.write(body[:1])
            self.wfile.flush()

    def hang(self, body):
        """Nothing more, until the test lets go."""
        self.wfile.flush()
        self.close_connection = True
        self.server.service.released.wait(30)

    def endless(self, body):
        """The same for ever."""
        self.close_connection = True
        while not self.server.service.released.is_set():
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients here leave in the middle; that is what is tested."""


@contextmanager
def serving(service, tls=None):
    """The service on a free port of loopback until the block ends; its address."""
    server = Server(("127.0.0.1", 0), Handler)
    server.service = service
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        service.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


# the connector

LIST = {"path": "/records", "rows": "/data/items", "size": "100", "by.code": "code", "by.city": "city"}
MANNERS = {
    "page": {"pages": "page", "total": "/total"},
    "offset": {"pages": "offset", "total": "/total"},
    "cursor": {"pages": "cursor", "next": "/next", "total": "/total", "since": "since", "changed": "stamp"},
    "link": {"pages": "link", "since": "since", "changed": "stamp"},
    "since": {"pages": "since", "size": "500", "since": "since", "changed": "stamp", "total": "/total"},
}


def opened(url, columns=COLUMNS, deadline=5.0, system=(), clock=None, **options):
    made = System("office", "", "", "rest", {"url": url, **dict(system)}, deadline=deadline)
    bound = Binding("b", "r", "office", tuple(Column(f"i{n}", name) for n, name in enumerate(columns)), options)
    return RestSource(made, bound, clock) if clock else RestSource(made, bound)


class Stand:
    """A service whose rows the contract changes, and the connector bound to it."""

    def __init__(self, service, url):
        self.service, self.url = service, url

    spread = False

    def fill(self, given):
        self.service.rows = [dict(row) for row in given]
        for number, row in enumerate(self.service.rows if self.spread else ()):
            row["stamp"] = f"2024-01-01 {number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}"

    def change(self, row):
        self.service.rows = [dict(row) if old["code"] == row["code"] else old for old in self.service.rows]

    def break_bytes(self, code):
        for row in self.service.rows:
            if row["code"] == code:
                row["name"] = BROKEN
        return True

    def take_away(self):
        self.service.there = False

    def cut_after(self, answers):
        self.service.cut_in = answers

    def open(self, **options):
        return opened(self.url, **{**LIST, **MANNERS.get(self.service.manner, {}), **options})


@pytest.fixture
def office():
    """Starts stands; their services end with the test."""
    with ExitStack() as stack:

        def start(manner="page", tls=None):
            service = Service(manner)
            return Stand(service, stack.enter_context(serving(service, tls)))

        yield start


def company(number, stamp="2024-01-01 08:00:00"):
    return {"code": f"k{number:04d}", "name": f"名称{number}", "city": f"城市{number % 7}", "stamp": stamp}


async def read(source, cursor=None):
    try:
        return [page async for page in source.pull(cursor)]
    finally:
        await source.close()


def codes(pages):
    return [row.values["code"] for page in pages for row in page.rows if isinstance(row, SourceRow)]


async def error_of(source):
    """How a pull ends, and what it gave before."""
    pages = []
    try:
        async for page in source.pull(None):
            pages.append(page)
    except SourceError as error:
        return error, pages
    finally:
        await source.close()
    return None, pages
