"""A hub over a folder department that has files, asked over ASGI; its clock stands still until it is moved."""

import base64
import csv
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx

from auth.grants import Approval, Grant, GrantState, Shown
from auth.ports import Purpose
from catalogue.descriptor import load_files
from hub.app import create_app
from hub.granting import Registration
from hub.pull import run as walk
from hub.pull.model import PullOptions, Worker
from hub.services import open_services
from hub.settings import Settings

START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
ORIGIN = "https://hub.test"
PURPOSE = 'check;case="2026-0042";operator=%"%e6%9e%97%e6%99%93"'
ISSUER, HOLDER = "11350000003590122P", "91350100M000100Y43"
HEAD = ("licence_id", "kind", "type_code", "number", "holder_kind", "holder_code", "issuer_code", "status", "file")
QUESTION = "{ licence(licenceId: %s) { id fileDigest { digest url expiresAt } } }"
DESCRIPTOR = """
[[department]]
code = "11350000003590122P"
name = "行政审批局"

[[system]]
name = "licence_folder"
title = "电子证照共享目录"
department = "11350000003590122P"
connector = "files"
deadline = 5
options = {{ path = "{folder}" }}

[[binding]]
name = "licensing"
resource = "licence"
system = "licence_folder"
complete = true
options = {{ files = "*.csv"{blobs} }}
[binding.columns]
licence_id = "licence_id"
kind = "kind"
type_code = "type_code"
number = "number"
holder_kind = "holder_kind"
holder_code = "holder_code"
issuer_code = "issuer_code"
status = "status"
file_digest = "file"
"""


def digest(content):
    return f"sha256:{sha256(content).hexdigest()}"


class House:
    """The hub, its department's folder, and one client with a grant."""

    def __init__(self, folder, *, blobs=True, **settings):
        self.folder, self.now = folder / "office", START
        self.folder.mkdir()
        (self.folder / "blobs").mkdir()
        store = f"sqlite:///{folder / 'store'}"
        self.settings = Settings(catalogue=store, records=store, origin=ORIGIN, **settings)
        self.descriptor = DESCRIPTOR.format(folder=self.folder, blobs=', blobs = "blobs"' if blobs else "")
        self.licences = {}

    def put(self, content, suffix=".pdf"):
        """A file in the folder, where its digest says; its digest."""
        name = digest(content)
        place = self.path_of(name, suffix)
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
        return name

    def path_of(self, name, suffix=".pdf"):
        digits = name.removeprefix("sha256:")
        return self.folder / "blobs" / digits[:2] / f"{digits}{suffix}"

    async def licence(self, number, file, **more):
        """One more licence, or the one of that number as it is now, pulled."""
        row = {"kind": "1", "type_code": "A", "number": number, "holder_kind": "001", "holder_code": HOLDER,
               "issuer_code": ISSUER, "status": "1", "file": file}  # fmt: skip
        self.licences[number] = {"licence_id": number, **row, **more}
        await self.pull()

    async def pull(self):
        with (self.folder / "licences.csv").open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, HEAD)
            writer.writeheader()
            writer.writerows(self.licences.values())
        snapshot = (await self.services.publication.fresh()).snapshot
        worker = Worker(self.services.pull_stores(), self.services.clock, "test")
        options = PullOptions(full=True, dry_run=False, allow_delete=True)
        tally = await walk.pull(worker, snapshot, snapshot.catalogue.bindings["licensing"], options)
        assert tally.outcome == "done", tally

    async def grant(self, **more):
        """Give the client a grant of the file; the one before it ends."""
        access = await self.services.stores.access.access()
        given = {"items": {"file_digest": Shown.PLAIN}, "lookup": True, "until": START + timedelta(days=1)}
        approvals = tuple(Approval(person, "x", START) for person in ("林晓", "陈志远"))
        made = Grant(
            client_id="desk", resource="licence", purpose="check", state=GrantState.ACTIVE, approvals=approvals,
            **{"id": "g", **given, **more},
        )  # fmt: skip
        await self.services.stores.access.save_grant(made, expected=access.grants.get(made.id))
        await self.services.publication.confirm()

    async def revoke(self):
        await self.services.registrar("test").revoke("g", "no longer needed")
        await self.services.publication.confirm()

    async def ask(self, document, purpose=PURPOSE):
        """The answer's body."""
        basic = base64.b64encode(f"desk:{self.secret}".encode()).decode()
        form = {"grant_type": "client_credentials"}
        token = await self.http.post("/oauth/token", data=form, headers={"Authorization": f"Basic {basic}"})
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        headers |= {"Hub-Purpose": purpose} if purpose else {}
        return (await self.http.post("/graphql", json={"query": document}, headers=headers)).json()

    async def file(self, number="L1"):
        """What the licence's item answers."""
        body = await self.ask(QUESTION % json.dumps(number))
        assert "errors" not in body, body
        return body["data"]["licence"]["fileDigest"]

    async def url(self, number="L1"):
        return (await self.file(number))["url"]

    async def entries(self, kind):
        """Audit entries of that kind, as they are stored."""
        found = [json.loads(str(entry["body"])) async for entry in self.services.stores.audit.entries()]
        return [entry for entry in found if entry["kind"] == kind]


@asynccontextmanager
async def opened(folder, **more):
    house = House(folder, **more)
    async with open_services(house.settings, lambda: house.now) as services:
        house.services = services
        (folder / "office.toml").write_text(house.descriptor, encoding="utf-8")
        await services.publish(
            load_files([folder / "office.toml"], services.publication.current.snapshot.catalogue), "test"
        )
        await services.publication.confirm()
        house.secret, hashed = services.new_secret()
        scopes = frozenset({"licence:read", "feed:subscribe"})
        new = Registration("desk", "窗口", ISSUER, scopes, (Purpose("check", "核查"),))
        await services.registrar("test").register(new, hashed, services.publication.current.snapshot)
        await house.grant()
        app = create_app(lambda: _as_it_is(services))
        async with _running(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as house.http:
            yield house


@asynccontextmanager
async def _as_it_is(services):
    yield services


@asynccontextmanager
async def _running(app):
    """What a server does before its first and after its last request."""
    starlette = app._app
    async with starlette.router.lifespan_context(starlette):
        yield


def error_of(answer):
    return answer.json()["errors"][0]
