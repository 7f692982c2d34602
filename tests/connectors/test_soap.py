import asyncio
import base64
import hashlib
import re
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from catalogue.model import Binding, Column, System
from connectors.contract import COLUMNS, SourceContract
from connectors.soap.answer import Answer
from connectors.soap.document import read_document
from connectors.soap.pages import read_pages
from connectors.soap.requests import questions
from connectors.soap.service import Service
from connectors.soap.since import later, moved_back
from connectors.soap.source import SoapSource
from connectors.source import (
    SourceBroken,
    SourceError,
    SourceMisconfigured,
    SourceShapeChanged,
    SourceTimeout,
    SourceUnavailable,
)

SECRET = "p@ss-word"
WSDL = Path(__file__).parent.parent / "cases/soap/rows.wsdl"


@pytest.fixture
def server(soap_server):
    with soap_server.running_soap() as running:
        yield running


ROWS = {
    "operation": "QueryRows",
    "rows": "rows/row",
    "by.code": "codes/code",
    "by.city": "city",
    "pages": "page",
    "page_param": "page",
    "size_param": "size",
    "since": "since",
    "changed": "stamp",
}


def opened(server, columns=COLUMNS, deadline=10.0, wsdl=None, **options):
    given = {"wsdl": wsdl or f"{server.address}?wsdl", **ROWS, **options}
    given = {name: value for name, value in given.items() if value is not None}
    system = System("police", "", "", "soap", {}, deadline=deadline)
    return SoapSource(system, Binding("b", "r", "police", tuple(Column(c, c) for c in columns), given))


class SoapAddress:
    address = ""


class Stand:
    def __init__(self, server, port):
        self.server, self.port = server, port

    def fill(self, rows):
        self.server.rows = [dict(row) for row in rows]

    def change(self, row):
        self.server.rows = [row if r["code"] == row["code"] else r for r in self.server.rows]

    def break_bytes(self, code):
        return False

    def take_away(self):
        self.server.misbehave = lambda handler, path, body: handler.send("not here", 404, "text/plain")

    def open(self):
        return opened(self.server, port=self.port)


@pytest.fixture(params=["Rows11", "Rows12"])
def stand(request, server):
    return Stand(server, request.param)


class TestSoap(SourceContract):
    pass


async def fetched(source, by=("code",), values=(("k1",),)):
    try:
        return await source.fetch(by, list(values))
    finally:
        await source.close()


async def pulled(source, cursor=None):
    try:
        return [page async for page in source.pull(cursor)]
    finally:
        await source.close()


async def refused(ask, kind):
    """The message of the one error that it must end in."""
    with pytest.raises(SourceError) as caught:
        await ask
    assert type(caught.value) is kind, repr(caught.value)
    assert caught.value.source == "police"
    assert SECRET not in str(caught.value)
    return caught.value


def row(code, **values):
    return {"code": code, "name": "名", "city": "城", "stamp": "2024-01-01 08:00:00", **values}


def answers(server, content, **how):
    """Every operation answers with that envelope; the WSDL stays."""
    server.misbehave = lambda handler, path, body: handler.send_envelope(content, **how) if body else False


def sends(server, content, *how, **headers):
    server.misbehave = lambda handler, path, body: handler.send(content, *how, **headers) if body else False


# What goes wrong, and what a person is told


FAULT_11 = "<e:Fault><faultcode>{}</faultcode><faultstring>the number 110101199001010011</faultstring></e:Fault>"
FAULT_12 = (
    "<e:Fault><e:Code><e:Value>{}</e:Value><e:Subcode><e:Value>{}</e:Value></e:Subcode></e:Code>"
    "<e:Reason><e:Text>the number 110101199001010011</e:Text></e:Reason></e:Fault>"
)


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    ("media", "fault", "kind"),
    [
        ("text/xml", FAULT_11.format("e:Server"), SourceUnavailable),
        ("text/xml", FAULT_11.format("e:Server.Database"), SourceUnavailable),
        ("text/xml", FAULT_11.format("e:Client"), SourceBroken),
        ("text/xml", FAULT_11.format("wsse:FailedAuthentication"), SourceMisconfigured),
        ("text/xml", FAULT_11.format("e:VersionMismatch"), SourceBroken),
        ("application/soap+xml", FAULT_12.format("e:Receiver", "x:Busy"), SourceUnavailable),
        ("application/soap+xml", FAULT_12.format("e:Sender", "x:Input"), SourceBroken),
        ("application/soap+xml", FAULT_12.format("e:Sender", "wsse:InvalidSecurity"), SourceMisconfigured),
        ("text/xml", "<e:Fault/>", SourceBroken),
    ],
)
async def test_a_fault_is_told_by_its_code_and_never_by_its_text(server, status, media, fault, kind):
    answers(server, fault, media=media, status=status)
    error = await refused(fetched(opened(server)), kind)
    assert "fault" in str(error)
    assert "1101" not in str(error)
    assert error.retryable is (kind is SourceUnavailable)


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (401, SourceMisconfigured, "refuses user, password or key"),
        (403, SourceMisconfigured, "refuses user, password or key"),
        (404, SourceMisconfigured, "has no service there"),
        (302, SourceMisconfigured, "redirects are not followed"),
        (400, SourceBroken, "does not take the request"),
        (500, SourceUnavailable, "does not answer now"),
        (503, SourceUnavailable, "does not answer now"),
        (504, SourceTimeout, "gave up waiting"),
    ],
)
async def test_a_status_without_a_fault_says_what_to_do(server, status, kind, told):
    sends(server, "<html><body>notice</body></html>", status, "text/html", Location="http://127.0.0.1:1/")
    error = await refused(fetched(opened(server, auth="basic", user="hub", password=SECRET)), kind)
    assert told in str(error)


async def test_a_throttled_service_says_when_to_come_back(server):
    sends(server, "", 429, Retry_After="7")
    assert (await refused(fetched(opened(server)), SourceUnavailable)).retry_after == 7


GOOD = '<t:QueryRowsResponse xmlns:t="urn:rows"><t:rows>{}</t:rows></t:QueryRowsResponse>'
ROW = "<t:row><t:code>{}</t:code><t:name>x</t:name><t:city>y</t:city><t:stamp>z</t:stamp>{}</t:row>"
ENVELOPE = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{}</e:Body></e:Envelope>'
LAUGHS = '<!DOCTYPE l [<!ENTITY a "{}">{}]>'.format(
    "ha" * 1000, "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
)


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        ("<!doctype html><html><body>please log in</body></html>", SourceBroken, "web page"),
        ("", SourceBroken, "no whole XML"),
        ('{"rows": []}', SourceBroken, "no whole XML"),
        (ENVELOPE.format(GOOD.format(ROW))[:-30], SourceBroken, "no whole XML"),
        ("<other/>", SourceBroken, "no SOAP envelope"),
        (ENVELOPE.format(""), SourceShapeChanged, "holds nothing where"),
        (ENVELOPE.format("<NewResponse/>"), SourceShapeChanged, "holds NewResponse where"),
        (ENVELOPE.format('<t:QueryRowsResponse xmlns:t="urn:rows"/>'), SourceShapeChanged, "holds no rows"),
        (ENVELOPE.format(GOOD.format("<t:record/>")), SourceShapeChanged, "holds record, which"),
        (ENVELOPE.format(GOOD.format(ROW.format("k", "<t:new>n</t:new>"))), SourceShapeChanged, "a row holds new"),
        (ENVELOPE.format(GOOD.format(ROW.format("\x01", ""))), SourceBroken, "no whole XML"),
        (
            ENVELOPE.format(GOOD.format(ROW.format("k", ""))).encode().replace(b">k<", b">\xff<"),
            SourceBroken,
            "no whole",
        ),
        ("<a>" * 300 + "</a>" * 300, SourceBroken, "no whole XML"),
        (LAUGHS + ENVELOPE.format(GOOD.format(ROW.format("&i;", ""))), SourceBroken, "DTD"),
        ("<!DOCTYPE l>" + ENVELOPE.format(GOOD.format("")), SourceBroken, "DTD"),
        ("<?xml version='1.0' encoding='x-none'?>" + ENVELOPE.format(""), SourceBroken, ""),
    ],
)
async def test_what_is_no_answer_is_named_and_none_of_it_is_taken(server, content, kind, told):
    sends(server, content)
    assert told in str(await refused(fetched(opened(server)), kind))


@pytest.mark.parametrize("where", ["file", "url", "parameter"])
async def test_an_external_entity_is_never_fetched(server, tmp_path, where):
    (tmp_path / "passwd").write_text("root")
    here = f"http://127.0.0.1:{server.server_port}/stolen"
    target = {"file": (tmp_path / "passwd").as_uri(), "url": here, "parameter": here}[where]
    entity = f'<!ENTITY % x SYSTEM "{target}">%x;' if where == "parameter" else f'<!ENTITY x SYSTEM "{target}">'
    text = "k" if where == "parameter" else "&x;"
    sends(server, f"<!DOCTYPE l [{entity}]>" + ENVELOPE.format(GOOD.format(ROW.format(text, ""))))
    await refused(fetched(opened(server)), SourceBroken)
    sends(server, f'<!DOCTYPE l SYSTEM "{target}">' + ENVELOPE.format(GOOD.format("")))
    await refused(fetched(opened(server)), SourceBroken)
    assert not [path for path, _, _ in server.requests if "stolen" in path]


async def test_attachments_are_refused_by_name(server):
    sends(server, "--x\r\n", 200, 'multipart/related; boundary="x"')
    assert "attachments" in str(await refused(fetched(opened(server)), SourceBroken))


async def test_without_strict_undeclared_elements_are_left_out(server):
    sends(server, ENVELOPE.format(GOOD.format("<t:record/>" + ROW.format("k", "<t:new>n</t:new>"))))
    (found,) = await fetched(opened(server, strict="false"))
    assert found.values == {"code": "k", "name": "x", "city": "y", "stamp": "z"}
    sends(server, ENVELOPE.format('<t:QueryRowsResponse xmlns:t="urn:rows"/>'))
    assert await fetched(opened(server, strict="false")) == []


async def test_an_answer_in_the_encoding_that_it_declares_is_read(server):
    text = "<?xml version='1.0' encoding='gb18030'?>" + ENVELOPE.format(GOOD.format(ROW.format("中文", "")))
    sends(server, text.encode("gb18030"))
    (found,) = await fetched(opened(server))
    assert found.values["code"] == "中文"
    sends(server, text.partition("?>")[2].encode("gb18030"), 200, "text/xml; charset=gb18030")
    (found,) = await fetched(opened(server))
    assert found.values["code"] == "中文"


async def test_an_answer_larger_than_allowed_is_broken_and_not_kept(server):
    server.rows = [row(f"k{i}") for i in range(2000)]
    source = opened(server, max_bytes="20000", size="2000")
    assert "more than 20000 bytes" in str(await refused(pulled(source), SourceBroken))


def hangs(handler, path, body):
    handler.server.over.wait(20)


def drips(handler, path, body):
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.over.wait(0.02):
        handler.wfile.write(b" ")


def drips_its_head(handler, path, body):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.over.wait(0.02):
        handler.wfile.write(b"x")


def never_ends(handler, path, body):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


def cuts(handler, path, body):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"<x")
    handler.connection.shutdown(2)


@pytest.mark.parametrize(
    ("manner", "kind"),
    [
        (hangs, SourceTimeout),
        (drips, SourceTimeout),
        (drips_its_head, SourceTimeout),
        (never_ends, SourceBroken),
        (cuts, SourceUnavailable),
    ],
)
@pytest.mark.parametrize("what", ["wsdl", "pull", "fetch"])
async def test_a_service_that_does_not_come_to_an_end_holds_nobody(server, manner, kind, what):
    quiet = dict.fromkeys(("BrokenPipeError", "ConnectionResetError"))
    server.handle_error = lambda *_: quiet.get(sys.exc_info()[0].__name__)
    server.misbehave = lambda handler, path, body: manner(handler, path, body) if body or what == "wsdl" else False
    source = opened(server, deadline=0.3, timeout="0.3", max_bytes="300000")
    threads = threading.active_count()
    await refused(source.check() if what == "wsdl" else (pulled if what == "pull" else fetched)(source), kind)
    await source.close()
    assert threading.active_count() <= threads + 4
    assert not server.over.is_set()


async def test_a_service_that_is_not_there_is_unavailable(server):
    source = opened(server, address="http://127.0.0.1:1/rows")
    assert "cannot be reached" in str(await refused(fetched(source), SourceUnavailable))


# The WSDL


@pytest.mark.parametrize(
    ("before", "after", "options", "told"),
    [
        ("QueryRows", "QueryAll", {}, "has no operation QueryRows; it has QueryAll, QueryPerson"),
        (
            'name="code" type="x:string" minOccurs="0" maxO',
            'name="id" type="x:string" maxO',
            {},
            "no element codes/code",
        ),
        ('element name="page"', 'element name="pageNo"', {}, "the request has no element page; it has kind"),
        ('element name="rows"', 'element name="list"', {}, "the answer has no element rows/row; it has total, list"),
        ('name="stamp"', 'name="changed"', {}, "answers without stamp; it has code, name, city, changed"),
        ('name="total"', 'name="number"', {"total": "total"}, "the answer has no element total"),
        ("x", "x", {"input.nothing": "1"}, "the request has no element nothing"),
    ],
)
async def test_a_wsdl_that_lost_what_the_binding_names_is_a_changed_shape(server, before, after, options, told):
    changed = server.wsdl().replace(before, after)
    server.misbehave = lambda handler, path, body: handler.send(changed)
    for ask in (opened(server, **options).check, opened(server, **options).shape):
        assert told in str(await refused(ask(), SourceShapeChanged))


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        ("<html><body>moved<br></body></html>", SourceBroken, "is a web page (HTML): it is not the WSDL"),
        ("<html><body>moved</body></html>", SourceBroken, "no WSDL 1.1: its root is html"),
        ("no xml", SourceBroken, "is no XML"),
        ("<definitions/>", SourceBroken, "no WSDL 1.1: its root is definitions"),
        ('<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>', SourceMisconfigured, "has no service"),
        (LAUGHS + "<l>&i;</l>", SourceBroken, "DTD"),
        (None, SourceBroken, "the WSDL cannot be read"),
    ],
)
async def test_what_is_no_wsdl_is_named(server, content, kind, told):
    content = server.wsdl().replace('type="t:Row"', 'type="t:Lost"') if content is None else content
    server.misbehave = lambda handler, path, body: handler.send(content)
    assert told in str(await refused(opened(server).check(), kind))


@pytest.mark.parametrize(
    "reference", ["http://127.0.0.2:1/stolen.xsd", "file:///etc/passwd", "https://127.0.0.1/x.xsd"]
)
async def test_a_wsdl_cannot_send_the_hub_elsewhere(server, reference):
    include = f'<x:import namespace="urn:o" schemaLocation="{reference}"/><x:element name="QueryRows">'
    text = server.wsdl().replace('<x:element name="QueryRows">', include)
    server.misbehave = lambda handler, path, body: handler.send(text)
    assert "elsewhere: save it beside the WSDL" in str(await refused(opened(server).check(), SourceMisconfigured))


async def test_schemas_beside_the_wsdl_are_loaded_also_in_a_circle(server):
    include = '<x:import namespace="urn:o" schemaLocation="rows?xsd=1"/><x:element name="QueryRows">'
    text = server.wsdl().replace('<x:element name="QueryRows">', include)
    schema = '<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:{}"><import namespace="urn:{}" schemaLocation="rows?xsd={}"/></schema>'
    texts = {"wsdl": text, "xsd=1": schema.format("o", "p", 2), "xsd=2": schema.format("p", "o", 1)}
    server.misbehave = lambda handler, path, body: handler.send(texts[path.partition("?")[2]])
    await opened(server).check()
    assert [path for path, _, _ in server.requests] == ["/rows?wsdl", "/rows?xsd=1", "/rows?xsd=2"]


async def test_a_wsdl_file_is_read_with_the_files_below_its_folder_and_no_other(server, tmp_path):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in/rows.wsdl"
    path.write_text(server.wsdl(), "utf-8")
    server.rows = [row("k1")]
    assert [r.values["code"] for r in await fetched(opened(server, wsdl=str(path)))] == ["k1"]
    (tmp_path / "x.xsd").write_text("<x/>")
    include = '<x:import namespace="urn:o" schemaLocation="../x.xsd"/><x:element name="QueryRows">'
    path.write_text(server.wsdl().replace('<x:element name="QueryRows">', include), "utf-8")
    await refused(opened(server, wsdl=str(path)).check(), SourceMisconfigured)
    await refused(opened(server, wsdl=str(tmp_path / "none.wsdl")).check(), SourceMisconfigured)


async def test_an_address_on_another_host_is_taken_only_when_a_person_says_so(server):
    server.rows = [row("k1")]
    inner = server.wsdl("http://10.0.0.8:8080/rows")
    server.misbehave = lambda handler, path, body: handler.send(inner) if not body else False
    told = str(await refused(opened(server).check(), SourceMisconfigured))
    assert "http://10.0.0.8:8080/rows: option address must say which one is right" in told
    assert len(await fetched(opened(server, address=server.address))) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [({"service": "Other"}, "has no service Other; it has RowsService"), ({"port": "P"}, "it has Rows11, Rows12")],
)
async def test_service_and_port_are_found_by_name(server, options, told):
    assert told in str(await refused(opened(server, **options).check(), SourceMisconfigured))


async def test_one_load_serves_all_who_wait_and_those_who_come_after_one_gave_up(server):
    go = threading.Event()
    server.misbehave = lambda handler, path, body: go.wait(20) and False if not body else False
    hasty, patient = opened(server, deadline=0.05), opened(server)
    await refused(hasty.fetch(("code",), [("k1",)]), SourceTimeout)
    waiting = [asyncio.create_task(patient.fetch(("code",), [(f"k{i}",)])) for i in range(3)]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*waiting)
    assert loads(server) == 1
    await hasty.close()
    await patient.close()


def loads(server):
    return len([path for path, _, body in server.requests if not body])


async def test_the_wsdl_is_kept_for_questions_and_loaded_anew_by_checks(server):
    await fetched(opened(server))
    await fetched(opened(server))
    assert loads(server) == 1
    await opened(server).check()
    await opened(server).shape()
    assert loads(server) == 3
    await fetched(opened(server, cache="0"))
    await fetched(opened(server, cache="0"))
    assert loads(server) == 5


async def test_an_answer_that_is_not_what_the_kept_wsdl_declares_makes_it_load_anew(server):
    await fetched(opened(server))
    sends(server, ENVELOPE.format("<NewResponse/>"))
    await refused(fetched(opened(server)), SourceShapeChanged)
    await refused(fetched(opened(server)), SourceShapeChanged)
    assert loads(server) == 2


# What is asked


@pytest.mark.parametrize("port", ["Rows11", "Rows12"])
async def test_a_request_says_its_action_constants_and_key(server, port):
    await fetched(opened(server, port=port, header="X-App-Key", secret="k-42", **{"input.kind": "户籍 & <所有>"}))
    _path, headers, body = server.requests[-1]
    assert "kind>户籍 &amp; &lt;所有&gt;</" in body
    assert headers["X-App-Key"] == "k-42"
    assert server.requests[0][1]["X-App-Key"] == "k-42"
    if port == "Rows11":
        assert (headers["Content-Type"], headers["SOAPAction"]) == ("text/xml; charset=utf-8", '"urn:rows/QueryRows"')
    else:
        assert headers["Content-Type"] == 'application/soap+xml; charset=utf-8; action="urn:rows/QueryRows"'


async def test_who_asks_is_said_by_http_or_by_ws_security(server):
    who = {"user": "hub", "password": "p@ss-w€rd"}
    await fetched(opened(server, auth="basic", **who))
    assert server.requests[-1][1]["Authorization"] == "Basic " + base64.b64encode("hub:p@ss-w€rd".encode()).decode()
    await fetched(opened(server, auth="token", **who))
    assert "Authorization" not in server.requests[-1][1]
    assert ">p@ss-w€rd</" in server.requests[-1][2]
    await fetched(opened(server, auth="digest", **who))
    token = ET.fromstring(server.requests[-1][2]).find(".//{*}UsernameToken")
    nonce, created = (token.find("{*}" + name).text for name in ("Nonce", "Created"))
    wanted = hashlib.sha1(base64.b64decode(nonce) + created.encode() + "p@ss-w€rd".encode()).digest()
    assert token.find("{*}Password").text == base64.b64encode(wanted).decode()


def test_no_text_of_the_source_holds_its_secrets(server):
    source = opened(server, auth="basic", user="hub", password=SECRET, header="X-Key", secret=SECRET)
    assert SECRET not in repr(source._settings)


async def test_values_go_in_batches_where_the_element_repeats(server):
    server.rows = [row(f"k{i}") for i in range(250)]
    found = await fetched(opened(server), values=[(f"k{i}",) for i in range(250)] * 2)
    assert sorted(r.values["code"] for r in found) == sorted(r["code"] for r in server.rows)
    assert sorted(body.count(":code>") // 2 for body in server.asked("codes")) == [50, 100, 100]
    server.requests.clear()
    await fetched(opened(server, batch="1"), values=[("k1",), ("k2",)])
    assert len(server.asked("codes")) == 2


async def test_several_columns_go_in_one_batch_inside_an_element_that_repeats(server):
    server.rows = [row(f"k{i}", name=f"n{i}", city=f"c{i}") for i in range(8)]
    source = opened(server, **{"by.name": "pair/name", "by.city": "pair/city"})
    found = await fetched(source, ("name", "city"), [(f"n{i}", f"c{i}") for i in range(7)] + [("n7", "c1")])
    assert sorted(r.values["code"] for r in found) == [f"k{i}" for i in range(7)]
    assert sorted(body.count(":pair>") // 2 for body in server.asked("pair")) == [2, 3, 3]


async def test_a_column_that_cannot_be_asked_by_is_compared_here(server):
    server.rows = [row("k1", name="甲"), row("k1", name="乙"), row("k2", name="甲")]
    found = await fetched(opened(server), ("code", "name"), [("k1", "甲"), ("k2", "乙")])
    assert [(r.values["code"], r.values["name"]) for r in found] == [("k1", "甲")]
    told = str(await refused(fetched(opened(server), ("name",), [("甲",)]), SourceMisconfigured))
    assert "no option by.name" in told


async def test_a_value_that_xml_cannot_hold_is_in_no_answer(server):
    server.rows = [row("k1")]
    found = await fetched(opened(server), values=[("k\x00",), ("k1",), ("\ud800",)])
    assert [r.values["code"] for r in found] == ["k1"]
    assert await fetched(opened(server), values=[("\x01",)]) == []


SETTINGS = opened(SoapAddress, wsdl="http://police/rows?wsdl", address="http://police/rows")._settings
SERVICE = Service(SETTINGS, read_document(SETTINGS, {SETTINGS.wsdl: WSDL.read_bytes()}))


@given(st.lists(st.text(max_size=5), max_size=20), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_whatever_is_asked_arrives_once_and_as_it_was(texts, batch):
    asked = []
    chosen = replace(SETTINGS, batch=batch)
    for said in questions(chosen, SERVICE, ("code",), [(text,) for text in texts]):
        codes = [code.text or "" for code in ET.fromstring(SERVICE.message(said).body).iter("{urn:rows}code")]
        assert 1 <= len(codes) <= batch
        asked += codes
    assert asked == [text for text in dict.fromkeys(texts) if is_xml(text)]


def is_xml(text):
    try:
        etree.Element("x").text = text
    except ValueError:
        return False
    return True


async def test_at_most_four_requests_of_a_question_run_at_once(server):
    running, most = [], []

    def count(handler, path, body):
        if "codes>" not in body:
            return False
        running.append(1)
        most.append(len(running))
        time.sleep(0.01)
        running.pop()
        return False

    server.misbehave = count
    await fetched(opened(server, batch="1"), values=[(f"k{i}",) for i in range(20)])
    assert len(most) == 20
    assert max(most) <= 4


PERSON = (
    '<t:QueryPersonResponse xmlns:t="urn:rows" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><t:person id="7">'
    "<t:name>张三</t:name><t:born>1990-01-01+08:00</t:born><t:height i:nil='true'/><t:phone>1</t:phone><t:phone>2</t:phone>"
    "<t:address code='350102'><t:city>福州</t:city></t:address></t:person></t:QueryPersonResponse>"
)
PERSON_OPTIONS = {"operation": "QueryPerson", "rows": "person", "by.@id": "id"} | dict.fromkeys(
    ("by.code", "by.city", "pages", "page_param", "size_param", "since", "changed")
)


async def test_attributes_nested_and_repeated_elements_have_their_paths(server):
    answers(server, PERSON)
    source = opened(server, ("@id", "name", "address/city"), **PERSON_OPTIONS)
    names = ("@id", "name", "born", "height", "phone", "address/@code", "address/city")
    assert await source.shape() == names
    (found,) = await fetched(source, ("@id",), [("7",)])
    assert tuple(found.values.values()) == ("7", "张三", "1990-01-01+08:00", None, '["1", "2"]', "350102", "福州")
    assert found.position == "QueryPerson match 1"
    answers(server, '<t:QueryPersonResponse xmlns:t="urn:rows"/>')
    assert await fetched(opened(server, ("name",), **PERSON_OPTIONS), ("@id",), [("8",)]) == []


async def test_discovery_offers_every_operation_with_the_types_of_its_rows(server):
    system = System("police", "", "", "soap", {"wsdl": f"{server.address}?wsdl"})
    person, rows_ = await SoapSource(system, None).discover()
    assert [(person.name, person.options), (rows_.name, rows_.options)] == [
        ("QueryPerson", {"operation": "QueryPerson", "rows": "."}),
        ("QueryRows", {"operation": "QueryRows", "rows": "rows/row"}),
    ]
    assert [column.name for column in rows_.columns] == list(COLUMNS)
    types = {column.name: column.type for column in person.columns}
    assert (types["person/born"], types["person/height"], types["person/name"]) == ("D", "N", "C")
    await SoapSource(system, None).check()
    await refused(pulled(SoapSource(system, None)), SourceMisconfigured)


OLD = WSDL.with_name("old.wsdl")
OLD_ANSWER = (
    '<t:listResponse xmlns:t="urn:old" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/"><return e:arrayType="t:Row[2]">'
    '<item href="#1"/><item><code>b</code><名称>乙</名称></item></return></t:listResponse>'
    '<multiRef id="1" e:root="0" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/"><code>a</code><名称>甲</名称></multiRef>'
)


async def test_rpc_with_encoded_arrays_and_references_is_read_and_addressed(server):
    text = OLD.read_text("utf-8").replace("$address", server.address)
    server.misbehave = lambda handler, path, body: handler.send_envelope(OLD_ANSWER) if body else handler.send(text)
    free = dict.fromkeys(("by.city", "pages", "page_param", "size_param", "since", "changed"))
    options = {**free, "operation": "list", "rows": "return/item", "by.code": "codes", "input.kind": "1"}
    source = opened(server, ("code", "名称"), **options)
    assert await source.shape() == ("code", "名称")
    found = await fetched(source, ("code",), [("a",)])
    assert [(row.values["code"], row.values["名称"]) for row in found] == [("a", "甲"), ("b", "乙")]
    request = ET.fromstring(server.requests[-1][2])
    assert [e.text for e in request.find("{*}Body/{urn:old}list")] == ["1", "a"]
    assert request.find("{*}Header/{*}Action").text == "urn:old/list"
    assert request.find("{*}Header/{*}To").text == server.address


@pytest.mark.parametrize(
    ("references", "told"),
    [
        ('<multiRef id="1"><next href="#1"/></multiRef>', "lead in a circle"),
        ("".join(f'<m id="{i}">' + f'<x href="#{i + 1}"/>' * 10 + "</m>" for i in range(1, 9)), "multiply without end"),
    ],
)
async def test_references_that_lead_in_a_circle_or_multiply_are_refused(server, references, told):
    text = OLD.read_text("utf-8").replace("$address", server.address)
    content = f'<t:listResponse xmlns:t="urn:old"><return><item href="#1"/></return></t:listResponse>{references}'
    server.misbehave = lambda handler, path, body: handler.send_envelope(content) if body else handler.send(text)
    free = dict.fromkeys(("by.city", "pages", "page_param", "size_param", "since", "changed"))
    options = {**free, "operation": "list", "rows": "return/item", "by.code": "codes", "input.kind": "1"}
    assert told in str(await refused(fetched(opened(server, ("code",), **options)), SourceBroken))


# Pulls


def codes(pages):
    return [r.values["code"] for page in pages for r in page.rows]


async def test_without_pages_one_answer_is_everything_and_nothing_is_kept_of_it(server):
    server.rows = [row(f"k{i}") for i in range(1203)]
    source = opened(server, **dict.fromkeys(("pages", "page_param", "size_param", "since", "changed")))
    pages = await pulled(source)
    assert len(codes(pages)) == 1203
    assert max(len(page.rows) for page in pages) == 500
    assert [(page.cursor, page.complete) for page in pages] == [(None, False), (None, False), (None, True)]
    assert len(server.asked("QueryRows")) == 1


async def test_a_pull_after_a_full_read_asks_for_changes_with_an_overlap_and_never_calls_them_complete(server):
    server.rows = [row(f"k{i}", stamp=f"2024-01-01 08:00:{i % 60:02d}") for i in range(900)]
    last = (await pulled(opened(server, overlap="10")))[-1]
    server.rows.append(row("late", stamp="2024-01-01 08:00:51"))
    server.rows.append(row("equal", stamp="2024-01-01 08:00:59"))
    server.requests.clear()
    pages = await pulled(opened(server, overlap="10"), last.cursor)
    since = re.search("since>(.*?)<", server.asked("QueryRows")[0])[1]
    assert "2024-01-01 08:00:30" < since <= "2024-01-01 08:00:49"
    assert {"late", "equal"} <= set(codes(pages))
    assert len(codes(pages)) < 900
    assert not any(page.complete for page in pages)


async def test_what_changed_behind_a_page_while_the_others_were_read_is_asked_for_the_next_time(server):
    ticks = iter(range(0, 100_000, 400))
    chosen = opened(server, overlap="0")._settings

    async def ask(texts):
        stamp, page = "2024-01-01 08:30:00", texts[("page",)]
        asked.append(texts.get(("since",)))
        return Answer(({"code": page, "stamp": stamp},) if page < "3" else ())

    asked = []
    pages = [page async for page in read_pages(chosen, ask, None, lambda: float(next(ticks)))]
    assert pages[-1].complete
    asked.clear()
    _ = [page async for page in read_pages(chosen, ask, pages[-1].cursor, lambda: 0.0)]
    assert asked[0] == "2024-01-01 08:10:00"


async def test_a_service_that_gives_one_page_for_ever_is_broken(server):
    server.rows = [row(f"k{i}") for i in range(20)]
    answered = re.sub("<t:total>.*?</t:total>", "", server_answer(server))
    answers(server, answered)
    told = str(await refused(pulled(opened(server)), SourceBroken))
    assert "page 2 is page 1 once more" in told


def server_answer(server):
    listed = "".join(ROW.format(r["code"], "") for r in server.rows)
    return GOOD.format(listed)


async def test_a_service_that_counts_otherwise_than_it_gives_deletes_nothing(server):
    server.rows = [row(f"k{i}") for i in range(20)]
    total = 20

    def lie(handler, path, body):
        rows, _ = server.query(next(ET.fromstring(body).iter("{urn:rows}QueryRows"))) if body else ([], 0)
        listed = "".join(ROW.format(r["code"], "") for r in rows)
        said = f'<t:QueryRowsResponse xmlns:t="urn:rows"><t:total>{total}</t:total><t:rows>{listed}</t:rows></t:QueryRowsResponse>'
        return handler.send_envelope(said) if body else False

    server.misbehave = lie
    pages = await pulled(opened(server, total="total", size="7"))
    assert (len(codes(pages)), pages[-1].complete) == (20, True)
    total = 25
    assert "has 25 rows and gave 20" in str(
        await refused(pulled(opened(server, total="total", size="7")), SourceBroken)
    )
    assert (await pulled(opened(server, size="7")))[-1].complete


async def test_a_number_of_rows_that_changes_meanwhile_makes_the_read_incomplete(server):
    chosen = opened(server, total="total")._settings
    given = iter([Answer(({"code": "a"},), 2), Answer(({"code": "b"},), 3), Answer((), 3)])

    async def ask(texts):
        return next(given)

    pages = [page async for page in read_pages(chosen, ask, None, lambda: 0.0)]
    assert [page.complete for page in pages] == [False, False, False]


async def test_a_cursor_of_another_connector_means_from_the_beginning(server):
    server.rows = [row("k1")]
    for cursor in ("nonsense", "[]", '{"read":{}}', '{"soap":"x","since":null,"seen":null,"at":0}'):
        pages = await pulled(opened(server), cursor)
        assert pages[-1].complete


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"wsdl_": "x"}, "unknown option wsdl_"),
        ({"strict": "perhaps"}, "option strict"),
        ({"auth": "basic"}, "auth, user and password"),
        ({"user": "x", "password": "y"}, "auth, user and password"),
        ({"header": "X-Key"}, "header and secret"),
        ({"page_param": None}, "page_param"),
        ({"changed": None}, "since and changed"),
        ({"rows": "a//b"}, "option rows is no path"),
        ({"by.x": "."}, "option by.x is no path"),
        ({"input.": "x"}, "option input. is no path"),
        ({"size": "0"}, "option size"),
        ({"batch": "1.5"}, "option batch"),
        ({"operation": None}, "option operation is missing"),
        ({"rows": None}, "option rows is missing"),
        ({"address": "ftp://x"}, "option address"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(server, options, fault):
    with pytest.raises(SourceMisconfigured, match=re.escape(fault)):
        opened(server, **options)


async def test_inputs_that_the_types_do_not_take_are_misconfigured(server):
    told = await refused(pulled(opened(server, **{"input.pair/name": "x"})), SourceMisconfigured)
    assert "does not take the declared inputs" in str(told)
    told = await refused(pulled(opened(server, **{"input.kind/x": "2"})), SourceShapeChanged)
    assert "has no element kind/x" in str(told)
    both = {"input.codes": "1", "by.code": "codes/code"}
    told = await refused(fetched(opened(server, **{**both, "batch": "1"})), SourceMisconfigured)
    assert "leads through another one's" in str(told)


# TLS


def certificate(folder, begins, ends):
    """A key and a certificate for 127.0.0.1 that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "police")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begins, ends)
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = made.sign(key, SHA256()).public_bytes(Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.mark.parametrize(
    ("days", "trusted", "told"),
    [((-9, 9), True, None), ((-9, -1), True, "certificate has expired"), ((-9, 9), False, "self-signed certificate")],
)
async def test_a_certificate_is_believed_only_while_it_is_valid_and_known(soap_server, tmp_path, days, trusted, told):
    now = datetime.now(UTC)
    certificate(tmp_path, *(now + timedelta(days=d) for d in days))
    with soap_server.running_soap(tls=tmp_path / "key.pem") as server:
        server.handle_error = lambda *_: None
        source = opened(server, **({"ca": str(tmp_path / "ca.pem")} if trusted else {}))
        if told is None:
            await source.check()
        else:
            assert told in str(await refused(source.check(), SourceMisconfigured))
        await source.close()


async def test_a_ca_that_is_not_there_is_misconfigured(server, tmp_path):
    assert "option ca" in str(await refused(opened(server, ca=str(tmp_path / "x")).check(), SourceMisconfigured))


# The last change


@pytest.mark.parametrize(
    ("text", "overlap", "took", "before"),
    [
        ("2024-01-01 08:00:30", None, 0, "2024-01-01 07:59:30"),
        ("2024-01-01T08:00:30", 10, 0.5, "2024-01-01T08:00:19"),
        ("2024-01-01T08:00:30Z", 30, 0, "2024-01-01T08:00:00Z"),
        ("2024-01-01T08:00:30.250+08:00", 30, 0, "2024-01-01T08:00:00.250+08:00"),
        ("2024-01-01", None, 0, "2023-12-31"),
        ("2024-01-01", 0, 0, "2024-01-01"),
        ("1024", None, 90, "1024"),
        ("1024", 24, 90, "1000"),
        ("7", 24, 0, "0"),
        ("v17b", None, 5, "v17b"),
    ],
)
def test_the_last_change_is_moved_back_in_its_own_form(text, overlap, took, before):
    assert moved_back(text, overlap, took) == before


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("9", "10"),
        ("2024-01-01 08:00:00", "2024-01-01 08:00:00.1"),
        ("2024-01-01T09:00:00+08:00", "2024-01-01T02:00:00Z"),
        ("a", "b"),
        (None, "x"),
    ],
)
def test_the_later_of_two_changes_is_found_in_either_order(first, second):
    assert later(first, second) == second
    assert later(second, first) == second
    assert later(second, " ") == second
