"""The demo's departments as processes: started all at once, told apart by name, brought back when one ends.

A department that ended by itself, or by a person's hand, is started again after a while on the same data, and so on the
same port. Nothing here knows what a department holds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.errors import Unreachable
from hub.serving import END_SECONDS

#: Modules of `hub.demo.departments`, as READY lists them.
DEPARTMENTS = (
    "market_regulation", "public_security", "credit_office", "licensing", "service_hall", "natural_resources",
    "statistics",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Department:
    """What a department's process said when it was ready, and the folder that holds its data."""

    module: str
    name: str
    url: str
    pid: int
    folder: Path


@dataclass(slots=True)
class _Process:
    """A department's process. `since` is when it was found to have ended; `told` what it said, None until it did."""

    module: str
    folder: Path
    running: subprocess.Popen[str]
    told: Department | None = None
    since: float | None = None


class Departments:
    """The processes. `options` are given to each; `back_after` are the seconds after which one that ended is started
    again, 0: never. Not safe for several threads: one thread looks, and `stop` comes after it ended.
    """

    def __init__(self, folder: Path, options: Mapping[str, str], back_after: float) -> None:
        self._folder, self._options, self._back_after = folder, options, back_after
        self._processes: list[_Process] = []

    def start(self) -> list[Department]:
        """Every department, ready to be read. Unreachable names one that did not start."""
        for module in DEPARTMENTS:
            folder = self._folder / module
            self._processes.append(_Process(module, folder, self._begin(module, folder)))
        return [self._said(process) for process in self._processes]

    @property
    def there(self) -> list[Department]:
        """What the departments said when they last got ready."""
        return [process.told for process in self._processes if process.told]

    def look(self) -> Iterator[str]:
        """Bring back who has been away long enough; what there is to say of who ended and who is back."""
        for process in self._processes:
            name = process.told.name if process.told else process.module
            if process.running.poll() is None:
                continue
            if process.since is None:
                process.since = time.monotonic()
                yield f"{name} has ended; {self._prospect()}"
            elif self._back_after and time.monotonic() - process.since >= self._back_after:
                process.running, process.since = self._begin(process.module, process.folder), None
                yield self._back(process, name)

    def stop(self) -> None:
        """End all of them: each does when its standard input closes."""
        for process in self._processes:
            assert process.running.stdin is not None
            process.running.stdin.close()
        for process in self._processes:
            _end(process.running)

    def _prospect(self) -> str:
        return f"it comes back in {self._back_after:g} s" if self._back_after else "nothing changes there any more"

    def _back(self, process: _Process, name: str) -> str:
        try:
            return f"{name} is back, pid {self._said(process).pid}"
        except Unreachable:
            return f"{name} did not start"

    def _begin(self, module: str, folder: Path) -> subprocess.Popen[str]:
        options = [text for name, value in self._options.items() for text in (f"--{name}", value)]
        command = [sys.executable, "-m", f"hub.demo.departments.{module}", "--folder", str(folder), *options]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def _said(self, process: _Process) -> Department:
        assert process.running.stdout is not None
        line = process.running.stdout.readline()
        if not line:
            raise Unreachable(f"the demo department {process.module} did not start")
        told = json.loads(line)
        process.told = Department(process.module, told["name"], told["url"], told["pid"], process.folder)
        return process.told


def _end(process: subprocess.Popen[str]) -> None:
    """Wait for its end; one that a person stopped does not hear that its input closed."""
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
