"""`hub demo`: departments as processes, a store with their first records, then the hub as anybody runs it.

On interrupt it stops everything it started, and nothing else; killed, it takes everything with it. What the store holds
is `prepare`'s.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from hub.demo.prepare import prepare
from hub.errors import ConfigurationError, Unreachable
from hub.serving import END_SECONDS, LOOK_SECONDS, port_must_be_free, serve
from hub.settings import SQLITE, Settings

#: The departments' modules, by the names of their places in `departments.toml`.
DEPARTMENTS = {"market_url": "market_regulation", "licence_folder": "licensing"}


@dataclass(frozen=True, slots=True)
class Demo:
    """How the demo was asked for. Without `data` it lives in a temporary folder and leaves nothing; without `scale` it
    has the size of what is in `data`, or 1.
    """

    port: int
    data: Path | None
    scale: float | None


@dataclass(frozen=True, slots=True)
class Department:
    """A department's process, and what it said when it was ready."""

    key: str
    name: str
    url: str
    process: subprocess.Popen[str]


@dataclass(frozen=True, slots=True)
class Made:
    """What the departments' data were made from: kept beside them, so that a second start continues the same world."""

    today: str
    scale: float


def run(demo: Demo) -> None:
    """Run it until interrupted."""
    _interruptible()
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        port_must_be_free(Settings(port=demo.port))
        folder = (demo.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tongshu-")))).absolute()
        made = made_from(folder, demo.scale)
        try:
            _run(demo.port, folder, made, stack)
        finally:
            _not_interruptible()


def _run(port: int, folder: Path, made: Made, stack: ExitStack) -> None:
    store = f"{SQLITE}{folder / 'store'}"
    settings = Settings(catalogue=store, records=store, port=port)
    departments = start_departments(folder, made, stack)
    clients = asyncio.run(prepare(settings, folder, {one.key: one.url for one in departments}))
    over = threading.Event()
    telling = threading.Thread(target=_tell, args=(over, ready(settings.url, clients, departments), departments))
    telling.start()
    try:
        serve(settings)
    finally:
        over.set()
        telling.join()


def _interruptible() -> None:
    """SIGTERM is an interrupt too, and so is SIGINT where the shell that started this in the background ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def _not_interruptible() -> None:
    """What was started is being stopped: a second interrupt must not leave half of it behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def made_from(folder: Path, scale: float | None) -> Made:
    """What the folder's data were made from, noted there at the first start.

    ConfigurationError where the folder cannot be used, or holds a demo of another scale.
    """
    note = folder / "made.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not note.exists():
            new = Made(f"{datetime.now(UTC):%Y-%m-%d}", scale or 1.0)
            note.write_text(json.dumps(asdict(new)), encoding="utf-8")
        made = Made(**json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{folder} cannot hold the demo: {error}") from error
    if scale not in (None, made.scale):
        raise ConfigurationError(f"{folder} holds a demo of scale {made.scale:g}; give that one, or another folder")
    return made


def start_departments(folder: Path, made: Made, stack: ExitStack) -> list[Department]:
    """Every department's process, ready to be read."""
    started = []
    for key, module in DEPARTMENTS.items():
        command = [
            sys.executable, "-m", f"hub.demo.{module}", "--folder", str(folder / "departments" / module),
            "--scale", str(made.scale), "--today", made.today,
        ]  # fmt: skip
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.callback(_stop, process)
        started.append((key, process))
    return [_said(key, process) for key, process in started]


def _said(key: str, process: subprocess.Popen[str]) -> Department:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise Unreachable(f"the demo department {key} did not start")
    told = json.loads(line)
    return Department(key, told["name"], told["url"], process)


def ready(url: str, clients: list[dict[str, object]], departments: Sequence[Department]) -> dict[str, object]:
    """What the READY line says."""
    return {
        "url": url,
        "graphql": f"{url}/graphql",
        "token_url": f"{url}/oauth/token",
        "clients": clients,
        "departments": [{"name": d.name, "url": d.url, "pid": d.process.pid} for d in departments],
    }


def _tell(over: threading.Event, ready_line: dict[str, object], departments: Sequence[Department]) -> None:
    """READY, once the hub answers; then every department that ends, once. Until the demo is over."""
    while not _answers(f"{ready_line['url']}/ready"):
        if over.wait(LOOK_SECONDS):
            return
    click.echo("READY " + json.dumps(ready_line, ensure_ascii=False))
    running = list(departments)
    while not over.wait(LOOK_SECONDS):
        for one in [one for one in running if one.process.poll() is not None]:
            running.remove(one)
            click.echo(f"hub: {one.name} has ended; nothing changes there any more", err=True)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  # the hub's own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stop(process: subprocess.Popen[str]) -> None:
    """A department ends when its standard input closes."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
