"""The demo's first pull: every binding once, in two processes, since mapping costs a processor and most machines have
two.

The system with the most bindings is pulled in a child (`python -m hub.demo.first_pull NAMES…`, settings from the
environment), which ends when its standard input closes. Resources have leases, so that neither disturbs the other.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from catalogue.model import Binding
from hub.commands.pull import pull_each
from hub.demo.departments.department import end_with_parent
from hub.pull.model import PullOptions
from hub.pull.schedule import pullable
from hub.services import Services, open_services
from hub.settings import Settings, as_environment, load


async def pull_all(settings: Settings, services: Services) -> None:
    """Pull every binding of the published catalogue; the child's report stands before the others'."""
    bindings = pullable(services.publication.current.snapshot)
    largest = Counter(binding.system for binding in bindings).most_common(1)[0][0]
    async with _child(settings, [binding.name for binding in bindings if binding.system == largest]):
        await pull_named(services, [binding.name for binding in bindings if binding.system != largest])


async def pull_named(services: Services, names: Sequence[str]) -> None:
    """Pull those bindings, one after the other, and print the report of each."""
    await pull_each(services, _named(services, names), PullOptions())


def _named(services: Services, names: Sequence[str]) -> Sequence[Binding]:
    return pullable(services.publication.current.snapshot, names)


@asynccontextmanager
async def _child(settings: Settings, names: Sequence[str]) -> AsyncIterator[None]:
    """A process that pulls those bindings meanwhile; at the end of the block it has ended, or is told to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub.demo.first_pull", *names,
        stdin=asyncio.subprocess.PIPE, env={**os.environ, **as_environment(settings)},
    )  # fmt: skip
    assert process.stdin is not None
    try:
        yield
        await process.wait()
    finally:
        process.stdin.close()
        await process.wait()


async def _pull(settings: Settings, names: Sequence[str]) -> None:
    async with open_services(settings) as services:
        await pull_named(services, names)


def main(names: Sequence[str]) -> None:
    """The child's whole life; an interrupt at the terminal is its parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    asyncio.run(_pull(load(None, os.environ), names))


if __name__ == "__main__":
    main(sys.argv[1:])
