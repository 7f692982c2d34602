"""A department's SOAP service on loopback: it answers QueryRows and QueryPerson of tests/cases/soap/rows.wsdl.

`misbehave` takes over a request's answer: a function of the handler and the request's path and body.
"""

import re
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

WSDL = Path(__file__).parent.parent / "cases/soap/rows.wsdl"
ENVELOPES = {
    "text/xml": "http://schemas.xmlsoap.org/soap/envelope/",
    "application/soap+xml": "http://www.w3.org/2003/05/soap-envelope",
}


class SoapServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.rows, self.misbehave, self.requests = [], None, []
        self.address = f"http://127.0.0.1:{self.server_port}/rows"
        self.over = threading.Event()

    def wsdl(self, address=None):
        return WSDL.read_text("utf-8").replace("$address", address or self.address)

    def asked(self, name):
        """The bodies of the requests that named an element."""
        return [body for path, headers, body in self.requests if re.search(rf":{name}\b", body)]

    def query(self, request):
        """The rows that a request asks for, and their number over all pages."""
        said = {e.tag.rpartition("}")[2]: e.text or "" for e in request}
        codes = [e.text or "" for e in request.iter("{urn:rows}code")]
        pairs = [(e[0].text, e[1].text) for e in request.iter("{urn:rows}pair")]
        found = [r for r in self.rows if not codes or r["code"] in codes]
        found = [r for r in found if not pairs or (r["name"], r["city"]) in pairs]
        found = [r for r in found if "city" not in said or r["city"] == said["city"]]
        found = [r for r in found if "since" not in said or r["stamp"] >= said["since"]]
        if "page" not in said:
            return found, len(found)
        size, page = int(said.get("size", 500)), int(said["page"])
        return found[(page - 1) * size : page * size], len(found)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.answer("")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def answer(self, body):
        server = self.server
        server.requests.append((self.path, dict(self.headers), body))
        if server.misbehave is not None and server.misbehave(self, self.path, body) is not False:
            return
        if self.command == "GET":
            self.send(server.wsdl())
        else:
            media = self.headers["Content-Type"].partition(";")[0]
            self.send_envelope(answer_of(server, body), media)

    def send_envelope(self, content, media="text/xml", status=200):
        ns = ENVELOPES[media]
        text = f'<?xml version="1.0" encoding="utf-8"?>\n<e:Envelope xmlns:e="{ns}"><e:Body>{content}</e:Body></e:Envelope>'
        self.send(text, status, f"{media}; charset=utf-8")

    def send(self, content, status=200, media="text/xml; charset=utf-8", **headers):
        raw = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(raw)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)


def answer_of(server, body):
    request = next(iter(ET.fromstring(body).iter("{urn:rows}QueryRows")), None)
    rows, total = server.query(request)
    listed = "".join(
        "<t:row>" + "".join(f"<t:{k}>{escape(v)}</t:{k}>" for k, v in row.items()) + "</t:row>" for row in rows
    )
    return f'<t:QueryRowsResponse xmlns:t="urn:rows"><t:total>{total}</t:total><t:rows>{listed}</t:rows></t:QueryRowsResponse>'


@contextmanager
def running_soap(tls=None):
    """The service, with https where `tls` is a file of key and certificate."""
    server = SoapServer()
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.address = server.address.replace("http:", "https:")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
