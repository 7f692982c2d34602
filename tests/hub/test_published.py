"""What is published is confirmed within a second, a revocation bites by itself, and no request waits for a schema."""

import asyncio
import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest

from auth.ports import Client
from auth.stores.sqlite import SqliteAccess
from catalogue.model import Catalogue, Department
from catalogue.stores.sqlite import SqliteCatalogue
from catalogue.stores.sqlite_file import SqliteFile
from hub.control.ports import Commit
from hub.control.sqlite import SqliteControl
from hub.errors import StoreUnavailable
from hub.published import TRUST_FOR, Publication

AT = "2026-05-01T00:00:00.000Z"
CODES = ("91350100M000100Y43", "91512081MA62K0260E", "9131000063159284XQ")
OF = {"catalogue": SqliteCatalogue, "access": SqliteAccess}
PATIENCE = 10


class Stores:
    """The stores of one hub, a control store that can be made to fail, and a builder that can be held up or broken."""

    def __init__(self, folder):
        self.file = SqliteFile(folder / "control.db")
        self.catalogue, self.access = SqliteCatalogue(self.file), SqliteAccess(self.file)
        self.control, self.confirmed, self.failing = SqliteControl(self.file), 0, False
        self.seconds, self.go_on, self.broken, self.built = 0.0, threading.Event(), False, []
        self.go_on.set()
        self.publication = Publication(self.catalogue, self.access, self, self.build, self.elapsed)

    def elapsed(self):
        """It stands still but for a tick a look: no two looks are at one time."""
        self.seconds += 1e-6
        return self.seconds

    async def confirm(self):
        self.confirmed += 1
        await asyncio.sleep(0)  # as a store does that stands elsewhere
        if self.failing:
            raise StoreUnavailable("control.db: disk I/O error")
        return await self.control.confirm()

    def build(self, snapshot):
        assert self.go_on.wait(PATIENCE)
        if self.broken:
            raise ValueError("two fields of one name")
        self.built.append(snapshot.version)
        return SimpleNamespace(version=snapshot.version)

    async def publish(self, number):
        code = CODES[number]
        return await self.catalogue.publish(Catalogue(departments={code: Department(code, "局")}), by="admin", at=AT)

    async def register(self, name="reader", **more):
        await self.access.save_client(Client(name, name, CODES[0], frozenset(), (), **more))


@pytest.fixture
async def stores(tmp_path):
    made = Stores(tmp_path)
    await made.publish(0)
    yield made
    made.file.close()


@pytest.fixture
async def running(stores):
    """The publication, confirming by itself."""
    await stores.publication.confirm()
    task = asyncio.create_task(stores.publication.run())
    yield stores.publication
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def moved(publication, generation):
    await asyncio.wait_for(publication.moved_since(generation), PATIENCE)


def test_nothing_is_published_before_it_was_read(tmp_path):
    publication = Stores(tmp_path).publication
    assert (publication.version, publication.generation) == (0, 0)
    with pytest.raises(StoreUnavailable, match="has not been read yet"):
        _ = publication.current


async def test_a_request_confirms_by_itself_what_was_not_confirmed_within_a_second(stores):
    first = await stores.publication.fresh()
    await stores.register()
    stores.seconds += TRUST_FOR - 0.1
    assert await stores.publication.fresh() is first
    stores.seconds += 0.2
    assert "reader" in (await stores.publication.fresh()).access.clients
    assert (stores.confirmed, stores.publication.current.snapshot is first.snapshot) == (2, True)


async def test_requests_at_one_time_confirm_once(stores):
    await stores.publication.confirm()
    stores.confirmed, stores.seconds = 0, stores.seconds + 2.0
    await asyncio.gather(*(stores.publication.fresh() for _ in range(5)))
    assert stores.confirmed == 1


async def test_without_its_store_a_request_is_refused_within_a_second_and_answered_again_after(stores):
    await stores.publication.fresh()
    stores.failing = True
    assert (await stores.publication.fresh()).snapshot.version == 1
    stores.seconds += 2.0
    with pytest.raises(StoreUnavailable, match="disk I/O error"):
        await stores.publication.fresh()
    stores.failing = False
    assert (await stores.publication.fresh()).snapshot.version == 1


@pytest.mark.parametrize("part", ["catalogue", "access"])
async def test_a_store_behind_that_fails_is_unavailable_too(tmp_path, part):
    stores, gone = Stores(tmp_path), SqliteFile(tmp_path / "gone.db")
    gone.close()
    of = {"catalogue": stores.catalogue, "access": stores.access, part: OF[part](gone)}
    publication = Publication(of["catalogue"], of["access"], stores.control, stores.build)
    with pytest.raises(StoreUnavailable, match=r"gone\.db: closed"):
        await publication.fresh()
    stores.file.close()


async def test_whoever_waits_is_told_of_grants_changes_and_catalogues_of_other_processes(stores, running):
    generation = running.generation
    await stores.register()
    await moved(running, generation)
    assert "reader" in running.current.access.clients
    generation = running.generation
    await stores.publish(1)
    while running.version != 2:
        await moved(running, generation)
        generation = running.generation
    lease = await stores.control.lease("licence", "me", 5)
    await stores.control.commit(lease, Commit(3))
    await stores.control.applied(lease, 3)
    await moved(running, generation)


async def test_waiting_misses_nothing_and_ends_in_time(stores):
    publication = stores.publication
    before = publication.generation
    await publication.confirm()
    await asyncio.wait_for(publication.moved_since(before), PATIENCE)
    await asyncio.wait_for(publication.moved_since(publication.generation, 0.05), PATIENCE)


async def test_no_request_waits_for_a_schema_and_no_revocation(stores):
    await stores.register()
    old = await stores.publication.fresh()
    stores.go_on.clear()
    await stores.publish(1)
    await stores.register(removed=True)
    stores.seconds += 2.0
    during = await asyncio.wait_for(stores.publication.fresh(), PATIENCE)
    assert (during.snapshot, during.built, during.access.clients["reader"].removed) == (old.snapshot, old.built, True)
    stores.go_on.set()
    await stores.publication.confirm()
    after = stores.publication.current
    assert (after.snapshot.version, after.built.version, after.access) == (2, 2, during.access)


async def test_confirming_waits_for_the_catalogue_of_now_and_not_only_for_the_one_being_built(stores):
    await stores.publication.confirm()
    stores.go_on.clear()
    await stores.publish(1)
    stores.seconds += 2.0
    await stores.publication.fresh()
    await stores.publish(2)
    stores.go_on.set()
    await stores.publication.confirm()
    assert stores.publication.version == 3


async def test_a_catalogue_that_cannot_be_built_is_reported_once_and_leaves_the_one_before(stores, caplog):
    await stores.publication.confirm()
    stores.broken = True
    await stores.publish(1)
    await stores.register()
    for _ in range(3):
        stores.seconds += 2.0
        await stores.publication.confirm()
    assert (stores.publication.version, "reader" in stores.publication.current.access.clients) == (1, True)
    assert sum("catalogue_refused" in line for line in caplog.messages) == 1
    stores.broken = False
    await stores.publish(2)
    await stores.publication.confirm()
    assert stores.publication.version == 3


async def test_a_hub_does_not_start_on_a_catalogue_that_cannot_be_built(stores):
    stores.broken = True
    with pytest.raises(ValueError, match="two fields"):
        await stores.publication.confirm()


async def test_a_store_that_fails_is_reported_once_and_asked_until_it_answers(stores, running, caplog):
    generation, asked = running.generation, stores.confirmed
    stores.failing = True
    while stores.confirmed < asked + 3:
        await asyncio.sleep(0.01)
    await stores.register()
    stores.failing = False
    await moved(running, generation)
    assert sum("store_unavailable" in line for line in caplog.messages) == 1
