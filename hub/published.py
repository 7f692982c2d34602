"""What is published now: catalogue snapshot, generated schema, clients and grants, swapped whole and never changed.

Both walks begin with `Publication.fresh`. A process confirms one row (catalogue version, grants version, sum of
`applied`) about every 250 ms; a request that finds the confirmation older than a second confirms by itself first, so a
revocation bites everywhere within a second. A new schema is built beside all this and swapped when it is ready: no
request waits for it. Running questions finish on the publication they began with.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from auth.ports import Access, AccessStore, AuthStoreUnavailable
from catalogue.ports import CatalogueStore, CatalogueStoreUnavailable
from catalogue.snapshot import Snapshot
from hub.control.ports import Confirmation, Control
from hub.errors import StoreUnavailable
from hub.observe import Event, emit
from hub.schema.build import Built

CONFIRM_EVERY = 0.25
TRUST_FOR = 1.0


@dataclass(frozen=True, slots=True)
class Published:
    """One state of everything that questions are judged and answered by."""

    snapshot: Snapshot
    built: Built
    access: Access


class Publication:
    """Holds the present `Published` of this process and keeps it true.

    `build` makes the schema of a snapshot; it runs off the event loop. `elapsed` is a monotonic clock in seconds.
    """

    def __init__(
        self,
        catalogue: CatalogueStore,
        access: AccessStore,
        control: Control,
        build: Callable[[Snapshot], Built],
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue, self._access, self._control = catalogue, access, control
        self._build, self._elapsed = build, elapsed
        self._current: Published | None = None
        self._confirmed = Confirmation(-1, -1, -1)
        self._at = float("-inf")
        self._one_at_a_time = asyncio.Lock()
        self._building: asyncio.Task[None] | None = None
        self._tried = 0
        self._moved = asyncio.Event()
        self._generation = 0

    @property
    def current(self) -> Published:
        """What is published; `StoreUnavailable` before the first confirmation."""
        if self._current is None:
            raise StoreUnavailable("the catalogue has not been read yet")
        return self._current

    @property
    def version(self) -> int:
        """The catalogue version that is served; 0 before the first confirmation."""
        return self._current.snapshot.version if self._current else 0

    async def fresh(self) -> Published:
        """What is published, confirmed within the last second. `StoreUnavailable` where that cannot be confirmed."""
        trusted = self._elapsed() - TRUST_FOR
        if self._at < trusted:
            await self._confirm(trusted)
        return self.current

    async def confirm(self) -> None:
        """Confirm now, and wait until a catalogue that is new is served: one that was being built may be older."""
        for _ in range(2):
            await self._confirm(self._elapsed())
            if self._building is not None:
                await asyncio.shield(self._building)

    @property
    def generation(self) -> int:
        """Grows whenever something was published, granted or applied."""
        return self._generation

    async def moved_since(self, generation: int, seconds: float | None = None) -> None:
        """Wait until the generation is not that one any more, at most so long. Nothing in between is missed."""
        try:
            async with asyncio.timeout(seconds):
                while self._generation == generation:
                    await self._moved.wait()
        except TimeoutError:
            return  # whoever waits looks for itself what time has changed

    async def run(self) -> None:
        """Confirm for ever; a store that fails is reported once until it answers again."""
        failing = False
        try:
            while True:
                failing = await self._tried_to_confirm(failing)
                await asyncio.sleep(CONFIRM_EVERY)
        finally:
            if self._building is not None:
                self._building.cancel()

    async def _tried_to_confirm(self, failing: bool) -> bool:
        """Whether it failed; said once for as long as it goes on."""
        try:
            await self._confirm(self._elapsed())
        except Exception as error:  # noqa: BLE001  # the edge: were this to end, no revocation would be noticed
            if not failing:
                emit(Event.STORE_UNAVAILABLE, error=repr(error))
            return True
        return False

    async def _confirm(self, since: float) -> None:
        """Read the confirmation row; swap the access at once, have a new catalogue built. Whoever had to wait for
        another whose reading began since then need not read again.
        """
        async with self._one_at_a_time:
            if self._at > since:
                return
            started = self._elapsed()
            try:
                seen = await self._control.confirm()
                await self._swap_access(seen)
            except (CatalogueStoreUnavailable, AuthStoreUnavailable) as error:
                raise StoreUnavailable(str(error)) from error
            if self._building is None and seen.catalogue_version not in (self.version, self._tried):
                self._building = asyncio.create_task(self._rebuild(seen.catalogue_version))
            if seen != self._confirmed:
                self._tell()
            self._confirmed, self._at = seen, started

    async def _swap_access(self, seen: Confirmation) -> None:
        if self._current is None:
            access = await self._access.access()
            self._current = Published(*await self._built(), access)
            _swapped(self._current)
        elif seen.grants_version != self._confirmed.grants_version:
            self._current = replace(self._current, access=await self._access.access())
            emit(Event.ACCESS_SWAPPED, version=self._current.access.version)

    async def _rebuild(self, version: int) -> None:
        """The next catalogue. One that cannot be built is reported once and leaves the one before; a store that fails
        is asked again with the next confirmation.
        """
        try:
            snapshot, built = await self._built()
        except CatalogueStoreUnavailable as error:
            emit(Event.STORE_UNAVAILABLE, error=str(error))
        except Exception as error:  # noqa: BLE001  # the edge: a bad entry must not end what is served
            self._tried = version
            emit(Event.CATALOGUE_REFUSED, version=version, error=repr(error))
        else:
            self._current = replace(self.current, snapshot=snapshot, built=built)
            gc.unfreeze()  # else the schema before would never be collected
            _swapped(self._current)
            self._tell()
        finally:
            self._building = None

    async def _built(self) -> tuple[Snapshot, Built]:
        snapshot = await self._catalogue.snapshot()
        return snapshot, await asyncio.to_thread(self._build, snapshot)

    def _tell(self) -> None:
        self._generation += 1
        self._moved.set()
        self._moved = asyncio.Event()


def _swapped(published: Published) -> None:
    """A schema is large and lives long: it is kept out of collections."""
    gc.collect()
    gc.freeze()
    emit(Event.CATALOGUE_SWAPPED, version=published.snapshot.version, resources=len(published.snapshot.resources))
