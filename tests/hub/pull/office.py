"""What tests of pulls work with: a small catalogue, the embedded stores in a folder, departments as CSV files."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from catalogue.model import (
    Binding,
    Canonical,
    Catalogue,
    Column,
    Cycle,
    DataType,
    Department,
    Item,
    Moment,
    Resource,
    Sharing,
    SharingType,
    SubjectColumn,
    System,
    Visibility,
)  # fmt: skip
from catalogue.rules import Compare, Either, Op, Reached
from catalogue.snapshot import Snapshot
from catalogue.stores.sqlite_file import SqliteFile
from connectors.registry import open_source
from hub.control.sqlite import SqliteControl, SqliteLedger, SqliteSystems
from hub.pull.model import PullOptions, PullStores, Worker
from hub.pull.run import pull
from hub.records.handles import Handles
from hub.records.sqlite import SqliteLog, SqliteRecords, prepare_connection

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
OPEN = Sharing(SharingType.UNCONDITIONAL)
HEAD = ("code", "name", "holder", "amount", "state", "valid_to", "public_from", "public_to")


def item(name, kind=DataType.TEXT, **fields):
    return Item(name, name, kind, OPEN, **fields)


def licence(**fields):
    """A licence: two moments on one date, one visibility rule on a date, one on a time."""
    given = {
        "name": "licence", "plural": "licences", "title": "证照", "code": "1/1", "classification": (),
        "provider": "91350100M000100Y43", "abstract": "", "format": "", "sharing": OPEN, "open_attribute": "",
        "cycle": Cycle.DAILY, "published_on": "2026-01-01", "key": ("code",),
        "items": (
            item("code", length=20, canonical=Canonical.CODE), item("name", length=100), item("holder", length=20),
            item("amount", DataType.MONEY, length=18, scale=2), item("state", length=2),
            item("valid_to", DataType.DATE), item("public_from", DataType.DATETIME), item("public_to", DataType.DATE),
        ),
        "subjects": (SubjectColumn("holder", kind="legal_person"),),
        "moments": (Moment("expiring", "即将到期", "valid_to", -30), Moment("expired", "到期", "valid_to")),
        "visibility": (
            Visibility("ended", "公示结束", Either((Reached("public_to", 0), Compare("state", Op.EQ, "9")))),
            Visibility("embargo", "未到公布时间", Either((Reached("public_from", 0),))),
        ),
    }  # fmt: skip
    return Resource(**{**given, **fields})


def binding_to(folder, name="licences_csv", **fields):
    given = {
        "name": name, "resource": "licence", "system": "office",
        "columns": tuple(Column(name, source=name) for name in HEAD),
        "options": {"path": str(folder / f"{name}.csv")}, "delete_share": 0.5,
    }  # fmt: skip
    return Binding(**{**given, **fields})


def snapshot_of(resource, *bindings):
    department = Department("91350100M000100Y43", "审批局")
    system = System("office", "办事系统", department.code, "files")
    return Snapshot(1, Catalogue(
        departments={department.code: department}, systems={system.name: system},
        resources={resource.name: resource}, bindings={b.name: b for b in bindings},
    ))  # fmt: skip


def row(code, **fields):
    return {**dict.fromkeys(HEAD, ""), "code": code, "name": f"许可证{code}", **fields}


class Hub:
    """One process's view of the stores in a folder, and its departments' files; its clock stands still until moved."""

    def __init__(self, folder, *, lease_seconds=5.0, patience=10.0, records_pages=None):
        self.folder = folder
        self.now = START
        self.store_seconds = None
        # Without waiting for the disk: what a killed process has written stays with the operating system.
        opened = partial(SqliteFile, synchronous="OFF")
        self._control = opened(folder / "control.db", prepare=self._prepare)
        self._records = opened(folder / "records.db", prepare=partial(self._prepare_records, records_pages))
        self.control = SqliteControl(self._control, store_clock="store_clock()")
        self.ledger = SqliteLedger(self._control)
        self.records = SqliteRecords(self._records)
        self.log = SqliteLog(self._records)
        self.stores = PullStores(
            control=self.control,
            ledger=self.ledger,
            systems=SqliteSystems(self._control),
            writer=self.records,
            log=self.log,
            handles=Handles(b"s" * 32),
            open_source=partial(open_source, secrets=str),
        )
        self.worker = Worker(self.stores, lambda: self.now, "test", lease_seconds, patience)
        self.resource = licence()
        self.binding = binding_to(folder)
        self.others = ()

    def _prepare(self, connection):
        connection.create_function("store_clock", 0, lambda: self.store_seconds or datetime.now(UTC).timestamp())

    def _prepare_records(self, pages, connection):
        prepare_connection(connection)
        if pages:
            connection.execute(f"PRAGMA max_page_count = {pages}")

    def close(self):
        self._control.close()
        self._records.close()

    @property
    def snapshot(self):
        return snapshot_of(self.resource, self.binding, *self.others)

    def send(self, *rows, name="licences_csv", head=HEAD):
        """The department writes its file anew."""
        path = self.folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, head, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    def send_text(self, text, name="licences_csv"):
        (self.folder / f"{name}.csv").write_text(text, encoding="utf-8")

    async def pull(self, binding=None, *, reached=None, holder="test", **options):
        worker = replace(self.worker, holder=holder)
        if reached:
            worker = replace(worker, reached=reached)
        return await pull(worker, self.snapshot, binding or self.binding, PullOptions(**options))

    def after(self, **time):
        self.now += timedelta(**time)

    def handle(self, code, binding="licences_csv"):
        return self.stores.handles.of(self.resource, (code,), binding)

    async def images(self):
        """Every present image by its code."""
        names = [b.name for b in (self.binding, *self.others)]
        handles = [h for name in names for h in await self.records.handles(self.resource, name, "", 10**6)]
        found = await self.records.images(self.resource, handles)
        return {image.values["code"]: image for image in found.values()}

    async def values(self, *names):
        """(code, the named items …) of every record, by code."""
        return sorted((code, *(i.values[n] for n in names)) for code, i in (await self.images()).items())

    async def changes(self):
        """The committed log."""
        state = await self.control.state("licence")
        return await self.log.read("licence", state.epoch, 0, state.watermark, 10**6)

    async def told(self):
        """The committed log in short: (operation, code)."""
        return [(str(c.operation), (c.after or c.before).values["code"]) for c in await self.changes()]


def replayed(changes):
    """The images that a log makes, by handle; it fails where a change does not follow on the one before."""
    state = {}
    for expected, change in enumerate(changes, 1):
        assert change.seq == expected, "the log has a hole"
        assert state.get(change.handle) == change.before, f"change {change.seq} does not follow"
        state[change.handle] = change.after
    return {handle: image for handle, image in state.items() if image is not None}
