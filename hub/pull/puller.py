"""The puller: the child process that pulls what is due, passes moments and probes live systems, for ever.

It drives walk 2 and serves nothing.

Each binding and each resource has a task of its own, so that a department that is down costs only its own records: its
place is kept, it is left alone for a while, the others go on. `python -m hub.pull.puller` takes its settings from the
environment and ends when its standard input closes, which its parent's death does too.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from catalogue.model import Binding, Mode, Resource
from catalogue.snapshot import Snapshot
from hub.control.ports import BindingState, ResourceState
from hub.errors import ConfigurationError, StoreUnavailable
from hub.observe import Event, emit, to_stderr
from hub.pull.health import PROBE_EVERY, probe, probed
from hub.pull.leases import Busy
from hub.pull.model import PullOptions, Worker
from hub.pull.protocol import CLOCK, Desk, has_work, write
from hub.pull.report import Outcome, Tally
from hub.pull.run import pull
from hub.pull.schedule import is_due, pause_after, pullable, wants_whole
from hub.settings import Settings, load

TICK = 0.25
AT_ONCE = 8
#: Seconds between two looks for moments of one resource.
MOMENTS_EVERY = 1.0
PASSING = frozenset({Outcome.BUSY, Outcome.OVERTAKEN})
#: Something to do; the seconds that it is to be left alone afterwards.
Work = Callable[[], Awaitable[float]]


class Puller:
    """Pulls what is due. `snapshot` gives what is published now; `worker.clock` says when something is due."""

    def __init__(self, worker: Worker, snapshot: Callable[[], Awaitable[Snapshot]], *, tick: float = TICK) -> None:
        self._worker, self._snapshot, self._tick = worker, snapshot, tick
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """For ever, until cancelled; then every pull on its way is cancelled, which loses nothing."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(self._tick)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def look(self) -> None:
        """Start what is due now and is not running. A store that fails is reported, and asked again at the next."""
        try:
            snapshot = await self._snapshot()
            bindings = await self._worker.stores.ledger.bindings()
            for binding in probed(snapshot):
                self._consider_probe(snapshot, binding)
            for binding in pullable(snapshot):
                self._consider_binding(snapshot, binding, bindings.get(binding.name) or BindingState(binding.name))
            states = await self._worker.stores.control.states()
            for resource in snapshot.resources.values():
                await self._consider_moments(resource, states.get(resource.name))
        except StoreUnavailable as error:
            emit(Event.STORE_UNAVAILABLE, error=error.message)
            await asyncio.sleep(pause_after(1).total_seconds())

    async def settle(self) -> None:
        """Wait until nothing is running."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())
            await asyncio.sleep(0)

    def _consider_binding(self, snapshot: Snapshot, binding: Binding, state: BindingState) -> None:
        cycle, now = snapshot.resource(binding.resource).cycle, self._worker.clock()
        if self._may(binding.name) and is_due(binding, cycle, state, now):
            options = PullOptions(full=wants_whole(binding, cycle, state, now))
            self._begin(binding.name, partial(self._in_turn, partial(self._pull, snapshot, binding, options)))

    def _consider_probe(self, snapshot: Snapshot, binding: Binding) -> None:
        """Out of turn: systems that hang must not keep pulls waiting."""
        name = f"probe of {binding.system}"
        if self._may(name):
            self._begin(name, partial(self._probe, snapshot, binding))

    async def _consider_moments(self, resource: Resource, state: ResourceState | None) -> None:
        name = f"moments of {resource.name}"
        if state is None or resource.mode is not Mode.SYNCED or not self._may(name):
            return
        desk = Desk(self._worker, resource, f"{self._worker.holder}/{name}")
        if await has_work(desk, state):
            self._begin(name, partial(self._in_turn, partial(self._pass_time, name, desk)))
        else:
            self._not_before[name] = self._worker.elapsed() + MOMENTS_EVERY

    def _may(self, name: str) -> bool:
        return name not in self._tasks and self._worker.elapsed() >= self._not_before.get(name, 0.0)

    def _begin(self, name: str, work: Work) -> None:
        task = asyncio.create_task(self._isolated(name, work))
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def _isolated(self, name: str, work: Work) -> None:
        """One piece of work; whatever it raises is reported, counted, and costs no other's."""
        try:
            pause = await work()
        except StoreUnavailable as error:
            emit(Event.STORE_UNAVAILABLE, error=error.message, work=name)
            pause = self._failed(name)
        except Exception as error:  # noqa: BLE001  # per-item isolation: one binding's fault is not the others'
            emit(Event.PULL_FAILED, error=f"{type(error).__name__}: {error}", work=name)
            pause = self._failed(name)
        self._not_before[name] = self._worker.elapsed() + pause

    async def _in_turn(self, work: Work) -> float:
        async with self._gate:
            return await work()

    def _failed(self, name: str, asked: float = 0.0) -> float:
        """One more failure in a row; the pause that follows from it."""
        self._failures[name] = self._failures.get(name, 0) + 1
        return pause_after(self._failures[name], asked).total_seconds()

    async def _pull(self, snapshot: Snapshot, binding: Binding, options: PullOptions) -> float:
        tally = await pull(self._worker, snapshot, binding, options)
        if tally.outcome not in PASSING:
            _tell(tally)
        if not tally.good:
            return self._failed(binding.name, tally.retry_after)
        self._failures.pop(binding.name, None)
        return 0.0

    async def _probe(self, snapshot: Snapshot, binding: Binding) -> float:
        await probe(self._worker, snapshot, binding)
        return PROBE_EVERY

    async def _pass_time(self, name: str, desk: Desk) -> float:
        try:
            written = await write(desk, CLOCK)
        except Busy:
            return self._failed(name)
        if written.moments:
            emit(Event.MOMENTS_EMITTED, resource=desk.resource.name, moments=written.moments)
        self._failures.pop(name, None)
        return 0.0


def _tell(tally: Tally) -> None:
    """Report a pull that changed or failed something."""
    counts = {name: n for name, n in tally.counts().items() if n}
    told = {"binding": tally.binding, "outcome": tally.outcome, "seconds": round(tally.seconds, 3), **counts}
    if not tally.good:
        emit(Event.PULL_FAILED, error=tally.message, **told)
    elif tally.operations.total():
        emit(Event.PULL_ENDED, **told)


def holder_name() -> str:
    """A name for leases that no other process has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


async def serve(settings: Settings) -> None:
    """Pull by these settings until standard input closes."""
    from hub.services import open_services

    async with open_services(settings) as services:

        async def published() -> Snapshot:
            return (await services.publication.fresh()).snapshot

        puller = Puller(Worker(services.pull_stores(), services.clock, holder_name()), published)
        running = asyncio.create_task(puller.run())
        ended = asyncio.create_task(_input_closed())
        await asyncio.wait((running, ended), return_when=asyncio.FIRST_COMPLETED)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _input_closed() -> None:
    """Wait for the end of standard input, in a thread that does not keep the process alive."""
    loop, closed = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        sys.stdin.buffer.read()
        with suppress(RuntimeError):  # the loop ended first
            loop.call_soon_threadsafe(closed.set)

    threading.Thread(target=read, daemon=True).start()
    await closed.wait()


def main() -> int:
    """The child's whole life; an interrupt at the terminal is its parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    to_stderr()
    try:
        asyncio.run(serve(load(None, os.environ)))
    except (ConfigurationError, StoreUnavailable) as error:
        emit(Event.PULL_FAILED, error=str(error))
        return 2 if isinstance(error, ConfigurationError) else 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
