"""The one place that opens, pings and closes every outside thing of a process, and hands them on as one value.

Both walks run on a `Services`; a serving process, the puller child and every command of the command line open one each.
Nothing connects at import.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from joserfc.jwk import KeySet

from auth.bearer import Bearer, Principal, TokenRefused, bearer_token, challenge
from auth.keys import AUDIT_KEY, TOKEN_KEY, signing_key
from auth.ports import AccessStore, AuditLog, KeyStore
from auth.server.access_token import Issuer
from auth.server.client_secret import NewSecret, new_secret
from auth.server.endpoints import OAuth
from auth.stores.sqlite import SqliteAccess, SqliteKeys
from auth.stores.sqlite_audit import SqliteAuditLog
from catalogue.base import shipped
from catalogue.model import Binding, Catalogue, Mode, System
from catalogue.ports import CatalogueStore
from catalogue.rules import stored_time
from catalogue.snapshot import Snapshot
from catalogue.stores.sqlite import SqliteCatalogue
from catalogue.stores.sqlite_file import SqliteFile
from connectors.registry import open_source
from connectors.resilience import Time
from connectors.source import Source
from hub.control.ports import Control, PullLedger, SystemLedger, UsedAddresses
from hub.control.sqlite import SqliteControl, SqliteLedger, SqliteSystems, SqliteUsedAddresses
from hub.engine.engine import Engine, EngineParts
from hub.engine.operation import Answer, Subscription
from hub.errors import ConfigurationError, Unauthenticated
from hub.feeds.follow import FeedParts, follow
from hub.files.address import Addresses
from hub.files.download import Downloads
from hub.files.fetch import Fetcher
from hub.granting import Registrar, admin_entry
from hub.published import Publication
from hub.pull.model import PullStores
from hub.records.handles import Handles
from hub.records.joins import joined
from hub.records.ports import ChangeLog, RecordReader, RecordWriter
from hub.records.sqlite import SqliteLog, SqliteRecords, prepare_connection
from hub.schema.build import build
from hub.seal import FEED, Seal
from hub.settings import Settings
from hub.sources import Sources

HANDLE_KEY, CURSOR_KEY = "handles", "cursors"
#: Threads for what blocks. Systems that hang hold as many as they may get calls, and the others must still find one.
THREADS = 64


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything that keeps something, behind its port."""

    catalogue: CatalogueStore
    control: Control
    ledger: PullLedger
    reader: RecordReader
    writer: RecordWriter
    log: ChangeLog
    access: AccessStore
    keys: KeyStore
    audit: AuditLog
    used: UsedAddresses
    systems: SystemLedger


@dataclass(frozen=True, slots=True)
class Services:
    """What a process works with. Lives as long as the process serves, or one command runs."""

    settings: Settings
    clock: Callable[[], datetime]
    stores: Stores
    handles: Handles
    publication: Publication
    oauth: OAuth
    bearer: Bearer
    engine: Engine
    feeds: FeedParts
    downloads: Downloads
    sources: Sources

    async def authenticate(self, authorization: str | None) -> Principal:
        """Who bears the token of that header; Unauthenticated says why nobody does."""
        published = await self.publication.fresh()
        try:
            return self.bearer.principal(bearer_token(authorization), published.access, self.clock())
        except TokenRefused as error:
            raise Unauthenticated(error.reason, challenge(error, self.settings.url)) from error

    def follow(self, subscription: Subscription) -> AsyncGenerator[Answer, None]:
        """Run a compiled subscription."""
        return follow(self.feeds, subscription)

    def pull_stores(self) -> PullStores:
        """What a pull works on."""
        stores = self.stores
        return PullStores(
            control=stores.control, ledger=stores.ledger, systems=stores.systems, writer=stores.writer,
            log=stores.log, handles=self.handles, open_source=self.sources.open,
        )  # fmt: skip

    async def publish(self, entries: Catalogue, by: str) -> int:
        """Publish the entries of a descriptor, audited first; the new version."""
        at = self.clock()
        await self.stores.audit.append([admin_entry(at, by, "catalogue published", named(entries))])
        return await publish(self.stores, entries, by, at)

    def registrar(self, by: str) -> Registrar:
        """Writes clients and grants now, in that person's name."""
        return Registrar(self.stores.access, self.stores.audit, self.clock(), by)

    def new_secret(self) -> NewSecret:
        """A client's secret and its hash."""
        return new_secret(secrets.token_bytes)


async def publish(stores: Stores, entries: Catalogue, by: str, at: datetime) -> int:
    """Make room for the records of every synced resource as the entries leave it, then publish; the new version."""
    present = await stores.catalogue.snapshot()
    await make_room(stores, Snapshot(present.version, present.catalogue.with_(entries)))
    return await stores.catalogue.publish(entries, by=by, at=stored_time(at))


async def make_room(stores: Stores, snapshot: Snapshot) -> None:
    """A place in the store for the records of every synced resource; what is there stays."""
    for resource in snapshot.resources.values():
        if resource.mode is Mode.SYNCED:
            await stores.writer.prepare(resource, joined(snapshot, resource.name))


def named(entries: Catalogue) -> dict[str, str]:
    """The names of the entries by their kind."""
    kinds = {field.name: getattr(entries, field.name) for field in fields(entries)}
    return {kind: ", ".join(sorted(names)) for kind, names in kinds.items() if names}


def new_request_id() -> str:
    """An id that names one request in answers, errors and the audit."""
    return secrets.token_hex(8)


def utc_now() -> datetime:
    """The process's clock."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_services(settings: Settings, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[Services]:
    """Open everything, confirm what is published, and close it all at the end. The shipped catalogue is published where
    nothing is yet. StoreUnavailable names a store that cannot be opened.
    """
    async with AsyncExitStack() as stack:
        stores = await _open_stores(settings, clock, stack)
        if await stores.catalogue.version() == 0:
            await publish(stores, shipped(), "tongshu", clock())
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "blocking"))
        sources = Sources(open_bound, Time(time.monotonic, asyncio.sleep, random.random))
        stack.push_async_callback(sources.close)
        services = await _assemble(settings, clock, stores, sources)
        await services.publication.confirm()
        for work in (services.publication.run(), _follow(services.publication, sources)):
            stack.push_async_callback(_end, asyncio.create_task(work))
        yield services


@asynccontextmanager
async def open_keys(settings: Settings) -> AsyncIterator[KeyStore]:
    """The hub's keys alone, for what works without the server."""
    async with AsyncExitStack() as stack:
        yield SqliteKeys(_file(settings.control_folder / "control.db", stack))


async def _open_stores(settings: Settings, clock: Callable[[], datetime], stack: AsyncExitStack) -> Stores:
    control_file = _file(settings.control_folder / "control.db", stack)
    records_file = _file(settings.records_folder / "records.db", stack, prepare_connection)
    audit_file = _file(settings.records_folder / "audit.db", stack)
    keys = SqliteKeys(control_file)
    audit_key = await signing_key(keys, AUDIT_KEY, secrets.token_bytes)
    audit = await SqliteAuditLog.open(audit_file, secrets.token_hex(8), audit_key, clock)
    stack.push_async_callback(audit.close)
    records = SqliteRecords(records_file, settings.question_seconds)
    return Stores(
        catalogue=SqliteCatalogue(control_file),
        control=SqliteControl(control_file),
        ledger=SqliteLedger(control_file),
        reader=records,
        writer=records,
        log=SqliteLog(records_file),
        access=SqliteAccess(control_file),
        keys=keys,
        audit=audit,
        used=SqliteUsedAddresses(control_file),
        systems=SqliteSystems(control_file),
    )


def _file(path: Path, stack: AsyncExitStack, prepare: Callable[..., None] | None = None) -> SqliteFile:
    try:
        path.parent.mkdir(0o700, parents=True, exist_ok=True)  # control.db holds the hub's keys
    except OSError as error:
        raise ConfigurationError(f"{path.parent}: {error.strerror}") from error
    file = SqliteFile(path, prepare=prepare)
    stack.callback(file.close)
    return file


async def _assemble(settings: Settings, clock: Callable[[], datetime], stores: Stores, sources: Sources) -> Services:
    token_key = await signing_key(stores.keys, TOKEN_KEY, secrets.token_bytes)
    cursor_key = await stores.keys.key(CURSOR_KEY, secrets.token_bytes(32))
    handles = Handles(await stores.keys.key(HANDLE_KEY, secrets.token_bytes(32)))
    publication = Publication(stores.catalogue, stores.access, stores.control, build)
    bearer = Bearer(KeySet([token_key]), settings.url, settings.url)
    addresses = Addresses(cursor_key, settings.url, secrets.token_bytes)
    parts = EngineParts(
        reader=stores.reader, log=stores.log, ledger=stores.ledger, access_store=stores.access,
        audit=stores.audit, handles=handles, sources=sources, published=publication.fresh,
        cursor_key=cursor_key, clock=clock, addresses=addresses,
    )  # fmt: skip
    downloads = Downloads(
        addresses=addresses, used=stores.used, fetcher=Fetcher(sources.open, settings.file_bytes), reader=stores.reader,
        audit=stores.audit, handles=handles, published=publication.fresh, clock=clock,
    )  # fmt: skip
    feeds = FeedParts(
        control=stores.control, log=stores.log, reader=stores.reader, seal=Seal(cursor_key, FEED), clock=clock,
        movement=publication,
    )  # fmt: skip
    try:
        oauth = OAuth(Issuer(settings.url, token_key, secrets.token_bytes), bearer)
    except ValueError as error:
        raise ConfigurationError(f"origin: {error}") from error
    return Services(
        settings, clock, stores, handles, publication, oauth, bearer, Engine(parts), feeds, downloads, sources
    )


def resolve_secret(reference: str) -> str:
    """What `env:NAME` or `file:PATH` refers to; LookupError or OSError where it leads nowhere."""
    kind, _, name = reference.partition(":")
    return os.environ[name] if kind == "env" else Path(name).read_text(encoding="utf-8").strip()


def open_bound(system: System, binding: Binding) -> Source:
    """A source for the binding, its secrets resolved."""
    return open_source(system, binding, resolve_secret)


async def _follow(publication: Publication, sources: Sources) -> None:
    """Close sources that the catalogue no longer has, as soon as it is published."""
    while True:
        generation = publication.generation
        sources.follow(publication.current.snapshot)
        await publication.moved_since(generation)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
