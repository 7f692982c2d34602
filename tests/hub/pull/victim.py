"""A pull in a process of its own, to be killed: by itself at one event of its walk, or by whoever started it.

`Victims` keeps one process that has everything imported and forks a victim for each pull, a hundred a second.
"""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import connectors.files.source  # noqa: F401  # a victim imports nothing: it is forked a hundred times
from connectors.files import pages
from hub.pull import page, protocol
from hub.pull.protocol import CLOCK, Desk, write
from tests.hub.pull.office import Hub, binding_to, row

PAGE = 3
LATER = timedelta(days=20)


def small_pages(patch=setattr):
    """Pages and batches of a few rows, so that a small file makes a long walk."""
    for module, name in ((pages, "PAGE"), (page, "BATCH"), (protocol, "CHUNK")):
        patch(module, name, PAGE)


def first_rows():
    """What the department sends first. A2's licence ends before the second pull, A3 and A4 will be gone."""
    yield from (row("A1"), row("A2", valid_to="2026-03-10"), row("A3"), row("A4"), row(""), row("A5"), row("A6"))


def second_rows():
    """What it sends then: one of everything that can happen to a row."""
    yield from (row("A1"), row("A2", valid_to="2030-01-01"), row("A5", name="改名"), row("A5", name="again"), row(""))
    yield from (row("A6", valid_to="31 Feb"), row("B1"), row("A7", valid_to="2026-03-15"))


async def begun(folder):
    """A folder in which the first pull is done and the second is due."""
    hub = Hub(folder)
    hub.others = (binding_to(folder, "county_csv"),)
    hub.send(row("B1"), name="county_csv")
    hub.send(*first_rows())
    assert (await hub.pull()).good
    assert (await hub.pull(hub.others[0])).good
    hub.send(*second_rows())
    hub.close()


def opened(folder, **options):
    """The hub of such a folder at the time of the second pull."""
    hub = Hub(Path(folder), **options)
    hub.others = (binding_to(hub.folder, "county_csv"),)
    hub.now += LATER
    return hub


async def second_pull(hub, reached=None, holder="test"):
    """The second pull, its moments passed by the clock as well."""
    tally = await hub.pull(reached=reached, holder=holder)
    await write(Desk(hub.worker, hub.resource, f"{holder}/clock"), CLOCK)
    return tally


def die_at(number):
    """Something to give as `reached` that kills its process, with nothing said, at that event."""
    seen = 0

    def reached(_):
        nonlocal seen
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    return reached


def pull_in(folder, number):
    """A victim's life: the second pull, killed at that event; without one it says when its walk has begun."""
    small_pages()
    hub = opened(folder)
    asyncio.run(second_pull(hub, die_at(int(number)) if number else say_begun(), "victim"))
    hub.close()


def say_begun():
    """Something to give as `reached` that says once that the walk has begun."""
    said = False

    def reached(_):
        nonlocal said
        if not said:
            print("begun", flush=True)
        said = True

    return reached


def serve():
    """For every line `folder TAB number`: fork a victim, which says its pid; at the next line say how it ended."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            print(os.getpid(), flush=True)
            pull_in(*line.rstrip("\n").split("\t"))
            os._exit(0)
        sys.stdin.readline()  # until then the dead keep their pid, and nobody else is killed by it
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


class Victims:
    """The process that forks victims."""

    def __init__(self):
        command = [sys.executable, "-m", "tests.hub.pull.victim"]
        root = Path(__file__).parents[3]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)

    def killed_at(self, folder, number):
        """Let a victim die at that event; whether it did."""
        self._ask(f"{folder}\t{number}")
        return self._ended()

    def killed_after(self, folder, wait):
        """Kill a victim once `wait()` returns after its walk began; whether it was still alive."""
        pid = int(self._ask(f"{folder}\t"))
        assert self._answer() == "begun"
        wait()
        os.kill(pid, signal.SIGKILL)
        return self._ended()

    def close(self):
        self._server.communicate(timeout=30)

    def _ended(self):
        return int(self._ask("wait")) == -signal.SIGKILL

    def _ask(self, line):
        self._server.stdin.write(f"{line}\n")
        self._server.stdin.flush()
        return self._answer()

    def _answer(self):
        return self._server.stdout.readline().strip()


if __name__ == "__main__":
    serve()
