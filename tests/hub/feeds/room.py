"""A hub without its network: the services of a process over stores in a folder, a department that writes, subscribers."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from auth.bearer import Principal
from auth.grants import Grant, GrantState, Shown, revoke
from auth.ports import Client, Purpose
from auth.purpose import DeclaredPurpose
from catalogue.model import (
    Binding,
    Catalogue,
    Column,
    Cycle,
    DataType,
    Department,
    Item,
    Link,
    Mask,
    Moment,
    Resource,
    Sharing,
    SharingType,
    SubjectColumn,
    System,
    Variant,
    Visibility,
)
from catalogue.rules import TRUE, Compare, Either, Op, Reached, stored_time
from catalogue.stores.sqlite import SqliteCatalogue
from catalogue.stores.sqlite_file import SqliteFile
from hub.engine.operation import Operation
from hub.pull.difference import Offered, deletions, difference
from hub.pull.marks import Mark, MarkKind, put_mark
from hub.pull.model import Worker
from hub.pull.protocol import CLOCK, Batch, Desk, write
from hub.records.model import Image, RecordWarning
from hub.services import open_services
from hub.settings import Settings

START = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
LATER = datetime(2030, 1, 1, tzinfo=UTC)
OFFICE = "91350100M000100Y43"
OPEN, GRANTED = Sharing(SharingType.UNCONDITIONAL), Sharing(SharingType.CONDITIONAL)
NEVER = Sharing(SharingType.DENIED, reason="内部信息", basis="条例")
SCOPES = frozenset({"permit:read", "company:read", "feed:subscribe"})
PURPOSES = (Purpose("check", "核查"),)
PATIENCE = 10


def item(name, kind=DataType.TEXT, sharing=OPEN, **fields):
    return Item(name, name, kind, sharing, **fields)


def resource(name, plural, items, key, **fields):
    return Resource(
        name=name, plural=plural, title=name, code=f"307010/{name}", classification=(), provider=OFFICE, abstract=name,
        format="数据库", sharing=OPEN, open_attribute="不开放", cycle=Cycle.DAILY, published_on="2026-01-01", items=tuple(items),
        key=key, **fields,
    )  # fmt: skip


PERMITS = resource(
    "permit",
    "permits",
    [
        item("code", length=20),
        item("name", length=100),
        item("kind", length=1),
        item(
            "holder", sharing=GRANTED, mask=Mask.IDENTITY, length=18, varies_by="kind",
            variants=(Variant(frozenset({"1"}), OPEN, 1),),
        ),
        item("phone", sharing=GRANTED, mask=Mask.PHONE, length=20),
        item("office", sharing=GRANTED, length=20),
        item("remark", sharing=NEVER, length=20),
        item("state", length=1),
        item("valid_to", DataType.DATE),
        item("inspected", DataType.DATE, GRANTED),
        item("public_to", DataType.DATE),
    ],
    ("code",),
    subjects=(SubjectColumn("holder", kind="legal_person"),),
    links=(
        Link("company", "企业", "permit", "company", (("holder", "code"),), "permits", "许可", OPEN, many=False, inverse_many=True),
    ),
    moments=(
        Moment("due", "应检查", "inspected", 0),
        Moment("expired", "已到期", "valid_to", 0),
        Moment("ended", "公示结束", "public_to", 0),
    ),
    visibility=(Visibility("repaired", "已修复", Either((Compare("state", Op.EQ, "9"), Reached("public_to", 0)))),),
)  # fmt: skip
COMPANIES = resource("company", "companies", [item("code", length=18), item("name", length=100)], ("code",))


def binding(name, of):
    return Binding(name, of.name, "desk", tuple(Column(i.name, source=i.name) for i in of.items))


CATALOGUE = Catalogue(
    departments={OFFICE: Department(OFFICE, "审批局")},
    systems={"desk": System("desk", "办事系统", OFFICE, "files")},
    resources={r.name: r for r in (PERMITS, COMPANIES)},
    bindings={"desk:permit": binding("desk:permit", PERMITS), "desk:company": binding("desk:company", COMPANIES)},
)

FEED = """
subscription Follow($after: String, $where: PermitChangeWhere, $from: FeedStart) {
  permitChanges(after: $after, where: $where, from: $from) {
    __typename
    ... on PermitChange { cursor operation key at record { code name holder phone office state } }
    ... on Caughtup { cursor }
    ... on Gap { from to reason }
  }
}
"""


class Room:
    """One process's services; its clock stands still until moved."""

    def __init__(self, folder):
        self.folder, self.now, self.services, self.reached = folder, START, None, None

    @property
    def worker(self):
        worker = Worker(self.services.pull_stores(), lambda: self.now, "desk")
        return replace(worker, reached=self.reached) if self.reached else worker

    def after(self, **time):
        self.now += timedelta(**time)

    def permits(self):
        return self.services.publication.current.snapshot.resource("permit")

    def handle(self, code, of=PERMITS):
        return self.services.handles.of(of, (code,), f"desk:{of.name}")

    async def put(self, *rows, of=PERMITS, by=None):
        """A department's batch: each row as it stands there now."""
        await self._write(of, [self._offered(of, by or f"desk:{of.name}", row) for row in rows])

    def _offered(self, of, by, row):
        warnings = tuple(RecordWarning(name, "check", "check digit") for name in row.pop("warn", ()))
        values = {i.name: row.get(i.name) for i in of.items if row.get(i.name) is not None}
        subjects = tuple(
            (self.services.handles.subject("legal_person", "", values[n]), n) for n in ["holder"] if n in values
        )
        at = stored_time(self.now)
        image = Image(self.handle(row["code"], of), by, values, at, at, warnings=warnings, subjects=subjects)
        return Offered(image, "1", row)

    async def _write(self, of, offered):
        async def judge(stored):
            return difference(offered, stored, ())

        await self._batch(of, Batch([o.image.handle for o in offered], judge))

    async def delete(self, *codes):
        handles = [self.handle(code) for code in codes]

        async def judge(stored):
            return deletions(handles, stored, "desk:permit")

        await self._batch(PERMITS, Batch(handles, judge))

    async def pass_time(self, **time):
        self.after(**time)
        await self._batch(PERMITS, CLOCK)

    async def _batch(self, of, batch):
        await write(Desk(self.worker, self.services.publication.current.snapshot.resource(of.name), "desk"), batch)
        await self.services.publication.confirm()

    async def correct(self, code, **values):
        await put_mark(
            self.worker, self.permits(), Mark(MarkKind.CORRECTION, self.handle(code), values, "王五", "核实")
        )
        await self.services.publication.confirm()

    async def applied(self):
        return (await self.services.stores.control.state("permit")).applied

    async def grant(self, of="permit", *, until=LATER, items=None, rows=TRUE, purpose="check", **more):
        """Give the reader a grant in place of the one before."""
        given = {"phone": Shown.MASKED} if items is None else items
        made = Grant(
            f"{of}.{purpose}", "reader", of, purpose, until, items=given, rows=rows, state=GrantState.ACTIVE, **more
        )
        access = self.services.stores.access
        await access.save_grant(made, expected=(await access.access()).grants.get(made.id))
        await self.services.publication.confirm()

    async def revoke(self, grant="permit.check"):
        """As another process does: this one finds out by itself."""
        access = self.services.stores.access
        old = (await access.access()).grants[grant]
        await access.save_grant(revoke(old, "审查结束"), expected=old)

    async def register(self, *, scopes=SCOPES, secret_hashes=(), purposes=PURPOSES, **more):
        client = Client("reader", "reader", OFFICE, scopes, secret_hashes, purposes, **more)
        await self.services.stores.access.save_client(client)
        await self.services.publication.confirm()

    async def publish(self, changed):
        await self.services.publish(Catalogue(resources={changed.name: changed}), "admin")
        await self.services.publication.confirm()

    def operation(self, text=FEED, *, purpose="check", **variables):
        declared = DeclaredPurpose(purpose, "案-1", "王五") if purpose else None
        variables = {name.removesuffix("_"): value for name, value in variables.items()}
        principal = Principal("reader", OFFICE, SCOPES, "token", LATER)
        return Operation(text, None, variables, principal, declared, "req-1")

    @asynccontextmanager
    async def subscriber(self, text=FEED, **asked):
        """Somebody who follows the permits."""
        subscription = await self.services.engine.subscribe(self.operation(text, **asked))
        async with aclosing(self.services.follow(subscription)) as answers:
            yield Subscriber(answers)

    async def audited(self, kind="feed"):
        entries = [json.loads(str(entry["body"])) async for entry in self.services.stores.audit.entries()]
        return [entry for entry in entries if entry["kind"] == kind]


class Subscriber:
    """Reads a feed; `copy` is what it keeps of the records, by key, as the events tell it."""

    def __init__(self, answers):
        self.answers, self.cursor, self.copy = answers, None, {}

    async def answer(self):
        return await asyncio.wait_for(anext(self.answers), PATIENCE)

    async def event(self):
        """The next event; `cursor` is then where to go on from."""
        [event] = (await self.answer()).data.values()
        self.cursor = event["to"] if event["__typename"] == "Gap" else event["cursor"]
        if event["__typename"] == "PermitChange":
            self._keep(event)
        return event

    def _keep(self, event):
        if event["operation"] == "DELETED" or event["record"] is None:
            self.copy.pop(event["key"], None)
        else:
            self.copy[event["key"]] = event["record"]

    async def caught_up(self):
        """Every event before the next Caughtup."""
        events = []
        while (event := await self.event())["__typename"] != "Caughtup":
            events.append(event)
        return events

    async def changes(self, count):
        """So many events, each in short: operation and code (None without a record)."""
        return [in_short(await self.event()) for _ in range(count)]


def in_short(event):
    record = event.get("record")
    return event.get("operation") or event.get("reason") or event["__typename"], record and record["code"]


def permit(code, **values):
    return {
        "code": code,
        "name": f"许可证{code}",
        "kind": "1",
        "holder": OFFICE,
        "phone": "13800138000",
        "state": "1",
    } | values


async def furnish(folder):
    """A store with the catalogue published, and the reader registered under a grant."""
    folder.mkdir(parents=True)
    file = SqliteFile(folder / "control.db")
    await SqliteCatalogue(file).publish(CATALOGUE, by="admin", at=stored_time(START))
    file.close()
    async with opened(folder) as room:
        await room.register()
        await room.grant()


@asynccontextmanager
async def opened(folder):
    """The hub over a furnished store."""
    room, place = Room(folder), f"sqlite:///{folder}"
    async with open_services(replace(Settings(), catalogue=place, records=place), lambda: room.now) as services:
        room.services = services
        yield room
