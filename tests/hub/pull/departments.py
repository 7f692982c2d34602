"""Two departments that answer over HTTP, one by JSON, one by SOAP, and one that sends files: what tests of bad answers
pull from. Each lists a hundred companies in pages of twenty; the keys of one are not those of another.
"""

import asyncio
import time
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from xml.sax.saxutils import escape

from catalogue.model import Binding, Canonical, Catalogue, Column, System
from catalogue.snapshot import Snapshot
from connectors.registry import open_source
from connectors.resilience import Time
from hub.pull.model import PullOptions
from hub.pull.run import pull
from hub.sources import Sources
from tests.connectors import rest_service, soap_server
from tests.hub.pull.office import item, licence

COLUMNS = ("code", "name", "city", "stamp")
PAGE = 20
ROWS = 5 * PAGE
REST = {"path": "/records", "rows": "/data/items", "pages": "cursor", "next": "/next", "total": "/total"}
SOAP = {"operation": "QueryRows", "rows": "rows/row", "pages": "page", "page_param": "page", "size_param": "size"}
XML = {"path": "$folder/companies.xml", "row": "company"}
#: What a test may need a department to bear: little time, few bytes, one repeat.
BORNE = {"timeout": "0.4", "max_bytes": "200000", "retries": "1", "breaker_failures": "0"}


def companies(prefix):
    return [
        {"code": f"{prefix}{n:04d}", "name": f"名称{n}", "city": f"城市{n % 7}", "stamp": f"2024-01-01 08:{n // 60:02d}:{n % 60:02d}"}
        for n in range(ROWS)
    ]  # fmt: skip


class Departments:
    """The services while the block lasts, the hub that pulls from them, and what they should have come to."""

    def __init__(self, hub, stack: ExitStack, tls=None, ca=""):
        self.hub, self.folder = hub, hub.folder
        hub.resource = licence(
            items=(item("code", length=20, canonical=Canonical.CODE), *(item(name, length=100) for name in COLUMNS[1:])),
            subjects=(), moments=(), visibility=(),
        )  # fmt: skip
        self.rest = rest_service.Service("cursor")
        self.rest.rows = companies("R")
        url = stack.enter_context(rest_service.serving(self.rest, tls))
        self.soap = stack.enter_context(soap_server.running_soap())
        self.soap.handle_error = lambda *_: None  # clients leave in the middle; that is what is tested
        self.soap.rows = companies("S")
        self.files = companies("F")
        self.systems = {
            "rest": ({"url": url, **({"ca": ca} if ca else {})}, {**REST, "size": str(PAGE)}),
            "soap": ({"wsdl": f"{self.soap.address}?wsdl", "cache": "0"}, {**SOAP, "size": str(PAGE), "total": "total"}),
            "files": ({}, {name: text.replace("$folder", str(self.folder)) for name, text in XML.items()}),
        }  # fmt: skip
        self.borne = dict(BORNE)
        self.complete = True
        sources = Sources(partial(open_source, secrets=str), Time(time.monotonic, asyncio.sleep, lambda: 0.0))
        hub.stores = replace(hub.stores, open_source=sources.open)
        hub.worker = replace(hub.worker, stores=hub.stores)

    def binding(self, name):
        columns = tuple(Column(column, column) for column in COLUMNS)
        options = self.systems[name][1]
        return Binding(name, "licence", name, columns, options, complete=self.complete, delete_share=0.05)

    @property
    def snapshot(self):
        entries = self.hub.snapshot.catalogue
        department = next(iter(entries.departments))
        systems = {
            name: System(name, f"{name}系统", department, name, {**options, **self._borne(name)})
            for name, (options, _) in self.systems.items()
        }
        return Snapshot(1, replace(
            entries.with_(Catalogue(systems=systems)), bindings={name: self.binding(name) for name in self.systems},
        ))  # fmt: skip

    def _borne(self, name):
        own = {"timeout", "max_bytes"} if name == "files" else set()
        return {option: value for option, value in self.borne.items() if option not in own}

    async def pull(self, name, **options):
        self.hub.after(minutes=1)
        return await pull(self.hub.worker, self.snapshot, self.binding(name), PullOptions(**options))

    def rows(self, name):
        return {"rest": self.rest.rows, "soap": self.soap.rows, "files": self.files}[name]

    def write_files(self):
        """The third department writes its file anew."""
        text = "".join(
            f"<company>{''.join(f'<{k}>{escape(v)}</{k}>' for k, v in r.items())}</company>" for r in self.files
        )
        (self.folder / "companies.xml").write_text(f"<list>{text}</list>", encoding="utf-8")

    async def records(self, name):
        """What the hub holds of a department: a name by each code."""
        handles = await self.hub.records.handles(self.hub.resource, name, "", ROWS * 2)
        found = await self.hub.records.images(self.hub.resource, handles)
        return {image.values["code"]: image.values["name"] for image in found.values()}

    async def is_equal(self, name):
        return await self.records(name) == {row["code"]: row["name"] for row in self.rows(name)}

    async def place(self, name):
        return (await self.hub.ledger.binding(name)).checkpoint

    async def health(self, name):
        state = (await self.hub.stores.systems.system_states())[name]
        return str(state.condition.value), state.why

    def change(self, name):
        """On the first page and on the fourth a company has another name, and one on the fifth is gone."""
        rows = self.rows(name)
        rows[5] = {**rows[5], "name": "新名称"}
        rows[65] = {**rows[65], "name": "新名称"}
        del rows[90]

    # how they misbehave, from a page on until `behave`

    def behave(self):
        self.rest.guard = self.soap.misbehave = None

    def rest_from(self, page, reply):
        """The JSON department answers with `reply` from that page on."""
        first = rest_service.base64.b64encode(str((page - 1) * PAGE).encode()).decode()
        order = [None, *(rest_service.base64.b64encode(str(n * PAGE).encode()).decode() for n in range(1, 6))]
        bad = order[page - 1 :]
        assert page == 1 or first in bad
        self.rest.guard = lambda asked: reply if asked.one("cursor") in bad else None

    def soap_from(self, page, misbehave):
        """The SOAP department answers with `misbehave(handler)` from that page on."""

        def instead(handler, _path, body):
            asked = soap_server.re.search(r":page>(\d+)<", body)
            return misbehave(handler) if asked and int(asked[1]) >= page else False

        self.soap.misbehave = instead
