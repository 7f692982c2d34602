"""An engine over real SQLite stores, with a reader that counts and a department system that misbehaves when told to."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from auth.bearer import Principal
from auth.grants import Grant, GrantState, Shown
from auth.keys import AUDIT_KEY, signing_key
from auth.ports import Access, Client
from auth.purpose import DeclaredPurpose
from auth.stores.sqlite import SqliteAccess, SqliteKeys
from auth.stores.sqlite_audit import SqliteAuditLog
from catalogue.model import Catalogue
from catalogue.snapshot import Snapshot
from catalogue.stores.sqlite_file import SqliteFile
from connectors.resilience import Time
from connectors.source import SourceRow
from hub.control.sqlite import SqliteLedger
from hub.engine.engine import Engine, EngineParts
from hub.engine.operation import Operation
from hub.files.address import Addresses
from hub.published import Published
from hub.records.handles import Handles
from hub.records.model import Change, Image, RecordWarning
from hub.records.model import Operation as ChangeKind
from hub.records.sqlite import SqliteLog, SqliteRecords, prepare_connection
from hub.schema.build import Built, build
from hub.sources import Sources
from tests.hub.engine.catalogue import (
    COMPANIES,
    COMPANY,
    LICENCES,
    LICENSING,
    MARKET,
    PERSON,
    POLICE_BINDING,
    STEPS,
    built,
    snapshot,
)

NOW = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
LATER = datetime(2030, 1, 1, tzinfo=UTC)
HANDLES = Handles(b"h" * 32)
ANNA, BERT = "11010519491231002X", "440524188001010014"
READS = frozenset({"company:read", "licence:read", "step:read", "person:read", "catalogue:read", "feed:subscribe"})
CALLS = ("page", "lookup", "follow", "count", "counts", "keys", "about")


class CountingReader:
    """The reader, with a list of the calls that were made."""

    def __init__(self, reader):
        self.reader, self.calls, self.failing = reader, [], {}

    def __getattr__(self, name):
        assert name in CALLS
        method = getattr(self.reader, name)

        async def counted(query, *more):
            about = query.resource.name if name != "about" else "*"
            self.calls.append((name, about))
            if about in self.failing:
                raise self.failing[about]
            return await method(query, *more)

        return counted


class Police:
    """The police's system: people by column, slow or broken when told to."""

    def __init__(self):
        self.people = [
            {"sfzh": ANNA, "zjlx": "111", "xm": "张三丰", "hh": "H1", "csrq": "1949-12-31"},
            {"sfzh": BERT, "zjlx": "111", "xm": "欧阳修文", "hh": "H1", "csrq": "1880-01-01"},
        ]
        self.calls, self.closed, self.error, self.hangs = [], 0, None, False

    async def fetch(self, by, values):
        self.calls.append((by, list(values)))
        if self.error:
            raise self.error
        if self.hangs:
            await asyncio.Event().wait()
        wanted = set(values)
        return [SourceRow(p, f"row {n}") for n, p in enumerate(self.people) if tuple(p[c] for c in by) in wanted]

    async def close(self):
        self.closed += 1


@dataclass
class World:
    """Everything a test touches."""

    reader: CountingReader
    records: SqliteRecords
    audit: SqliteAuditLog
    access_store: SqliteAccess
    police: Police
    files: list[SqliteFile]
    engine: Engine | None = None
    grants: dict[str, Grant] = field(default_factory=dict)
    now: datetime = NOW
    steps: list[str] = field(default_factory=list)
    version: int = 1
    snapshot: Snapshot = field(default_factory=snapshot)
    built: Built = field(default_factory=built)
    held: frozenset[str] = READS
    departments: dict[str, Police] = field(default_factory=dict)
    sources: Sources = field(init=False)

    def __post_init__(self):
        self.sources = Sources(self.open, Time(time.monotonic, asyncio.sleep, lambda: 0.0))

    def open(self, system, _binding):
        return self.departments.get(system.name, self.police)

    @property
    def calls(self):
        return self.reader.calls

    def principal(self, client="reader", scopes=READS):
        return Principal(client, MARKET, frozenset(scopes), "token", LATER)

    def operation(
        self, text, variables=None, *, purpose="check", name=None, client="reader", scopes=READS, language="en"
    ):
        declared = DeclaredPurpose(purpose, "案-1", "王五") if purpose else None
        return Operation(text, name, variables or {}, self.principal(client, scopes), declared, "req-1", language)

    async def ask(self, text, variables=None, **more):
        self.reader.calls.clear()
        return await self.engine.answer(self.operation(text, variables, **more))

    async def data(self, text, variables=None, **more):
        answer = await self.ask(text, variables, **more)
        assert not answer.errors, answer.errors
        return answer.data

    def grant(self, resource, **more):
        """Give the client `reader` a grant (or another one) for the purpose `check`."""
        made = Grant(f"g-{resource}", "reader", resource, "check", LATER, state=GrantState.ACTIVE, **more)
        self.grants[made.id] = made
        self.version += 1
        return made

    def revoke(self, resource):
        del self.grants[f"g-{resource}"]
        self.version += 1

    async def published(self):
        clients = {name: Client(name, name, MARKET, self.held, ()) for name in ("reader", "stranger")}
        return Published(self.snapshot, self.built, Access(self.version, clients, dict(self.grants)))

    def second_department(self, name):
        """People asked for at another department's system as well."""
        system = replace(snapshot().catalogue.systems["police"], name=name, department=LICENSING)
        binding = replace(POLICE_BINDING, name=f"{name}:person", system=name)
        changed = self.snapshot.catalogue.with_(Catalogue(systems={name: system}, bindings={binding.name: binding}))
        self.snapshot = Snapshot(self.snapshot.version + 1, changed)
        self.built = build(self.snapshot)
        self.departments[name] = Police()
        return self.departments[name]

    def publish(self, resource):
        """A new version of the catalogue with this resource in place of its namesake."""
        changed = self.snapshot.catalogue.with_(Catalogue(resources={resource.name: resource}))
        self.snapshot = Snapshot(self.snapshot.version + 1, changed)
        self.built = build(self.snapshot)

    async def entries(self):
        return [json.loads(str(e["body"])) async for e in self.audit.entries()]

    async def put(self, resource, binding, rows, warnings=()):
        """Write records as walk 2 would."""
        changes = []
        for number, values in enumerate(rows):
            key = [values[name] for name in resource.key]
            handle = HANDLES.of(resource, key, binding)
            subjects = []
            if resource is COMPANIES:
                subjects = [(HANDLES.subject("legal_person", "", values["uscc"]), "uscc")]
            if resource is LICENCES and values.get("holder_code"):
                kind, id_type = ("legal_person", "") if values["holder_kind"] == COMPANY else ("person", "111")
                subjects = [(HANDLES.subject(kind, id_type, values["holder_code"]), "holder_code")]
            image = Image(
                handle, binding, {k: v for k, v in values.items() if v is not None}, "2026-04-30T00:00:00.000Z",
                "2026-04-30T01:00:00.000Z", warnings=tuple(warnings), subjects=tuple(subjects),
            )  # fmt: skip
            at = "2026-04-30T01:00:00.000Z"
            changes.append(
                Change(resource.name, 1, self.sequence + number, 1, handle, ChangeKind.CREATED, at, None, image)
            )
        self.sequence += len(changes)
        await self.records.apply(resource, changes)

    sequence: int = 1


def company(number, **more):
    return {
        "uscc": f"91350100M00010{number:04d}",
        "name": f"福州第{number}贸易有限公司",
        "capital": number * 1_500_000,
        "status": "1" if number % 2 else "2",
        "division": "350102000000" if number < 3 else "350104000000",
        "established": f"2020-01-{number + 1:02d}",
        "staff": number,
        "phone": "13800138000",
        "rep_name": "张三丰",
        "rep_id": ANNA if number % 2 else BERT,
        "secret": "秘密",
        "scope": "批发；零售",
    } | more


def licence(name, holder, **more):
    return {
        "licence_id": name,
        "type_code": "A",
        "holder_kind": COMPANY,
        "holder_code": holder,
        "valid_to": "2026-05-20",
        "issued_at": "2020-01-01T00:00:00.000Z",
        "fee": 1250,
        "current": True,
        "score": 0.5,
        "pages": 12,
        "state": "valid",
    } | more


async def fill(world):
    """Six companies with 0…5 licences each, one licence of a person, one revoked, two steps of a process."""
    companies = [company(n) for n in range(6)]
    await world.put(
        COMPANIES,
        "market:company",
        companies,
        [RecordWarning("uscc", "check", "check digit"), RecordWarning("rep_id", "check", "x")],
    )
    licences = [
        licence(f"L{n}-{k}", c["uscc"], valid_to=None if k == 0 else f"2026-0{4 + k}-15")
        for n, c in enumerate(companies)
        for k in range(n)
    ]
    licences.append(licence("P1", ANNA, holder_kind=PERSON))
    licences.append(licence("R1", companies[1]["uscc"], state="revoked"))
    await world.put(LICENCES, "licensing:licence", licences)
    steps = [{"process_no": "350100-1", "seq": n, "handler": "李四"} for n in (1, 2)]
    await world.put(STEPS, "licensing:licence", steps)


@asynccontextmanager
async def opened(folder, *, filled=True):
    files = [
        SqliteFile(folder / "records.db", prepare=prepare_connection),
        SqliteFile(folder / "control.db"),
        SqliteFile(folder / "audit.db"),
    ]
    keys = SqliteKeys(files[1])
    audit = await SqliteAuditLog.open(
        files[2], "c1", await signing_key(keys, AUDIT_KEY, lambda n: b"r" * n), lambda: NOW
    )
    records = SqliteRecords(files[0], 5.0)
    reader, police, access_store = CountingReader(records), Police(), SqliteAccess(files[1])
    world = World(reader, records, audit, access_store, police, files)
    parts = EngineParts(
        reader=reader, log=SqliteLog(files[0]), ledger=SqliteLedger(files[1]), access_store=access_store, audit=audit,
        handles=HANDLES, sources=world.sources, published=world.published, cursor_key=b"c" * 32,
        addresses=Addresses(b"c" * 32, "http://hub", lambda n: b"r" * n),
        clock=lambda: world.now,
    )  # fmt: skip
    world.engine = Engine(parts, world.steps.append)
    world.grant(
        "company",
        items={"phone": Shown.MASKED},
        links=frozenset({"representative"}),
    )
    world.grant(
        "person",
        items={"name": Shown.MASKED, "household_no": Shown.PLAIN},
        links=frozenset({"represents"}),
        lookup=True,
    )
    try:
        if filled:
            await fill(world)
        yield world
    finally:
        await world.sources.close()
        await audit.close()
        for file in files:
            file.close()


__all__ = ["ANNA", "BERT", "LICENSING", "NOW", "World", "company", "licence", "opened"]
