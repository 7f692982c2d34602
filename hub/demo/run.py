"""`hub demo`: departments as processes, a store with their first records, then the hub as anybody runs it.

On interrupt it stops everything it started, and nothing else; killed, it takes everything with it. What the store holds
is `prepare`'s.
"""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import click

from catalogue.rules import SHANGHAI
from hub.demo.prepare import prepare
from hub.demo.running import Department, Departments
from hub.errors import ConfigurationError
from hub.serving import LOOK_SECONDS, port_must_be_free, serve
from hub.settings import SQLITE, Settings


@dataclass(frozen=True, slots=True)
class Demo:
    """How the demo was asked for. Without `data` it lives in a temporary folder and leaves nothing; without `scale` it
    has the size of what is in `data`, or 1. A department that ended is started again after `back_after` seconds (0:
    never).
    """

    port: int
    data: Path | None
    scale: float | None
    back_after: float = 15.0


@dataclass(frozen=True, slots=True)
class Made:
    """What the departments' data were made from: kept beside them, so that a second start continues the same world."""

    today: str
    scale: float

    def options(self) -> dict[str, str]:
        """As a department's command line takes it."""
        return {"today": self.today, "scale": str(self.scale)}


def run(demo: Demo) -> None:
    """Run it until interrupted."""
    _interruptible()
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        port_must_be_free(Settings(port=demo.port))
        folder = (demo.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tongshu-")))).absolute()
        made = made_from(folder, demo.scale)
        departments = Departments(folder / "departments", made.options(), demo.back_after)
        stack.callback(departments.stop)
        try:
            _run(demo.port, folder, departments)
        finally:
            _not_interruptible()


def _run(port: int, folder: Path, departments: Departments) -> None:
    store, clients_file = f"{SQLITE}{folder / 'store'}", str(folder / "clients.json")
    settings = Settings(catalogue=store, records=store, port=port, explorer_clients=clients_file)
    started = departments.start()
    clients = asyncio.run(prepare(settings, folder, started))
    over = threading.Event()
    telling = threading.Thread(target=_tell, args=(over, ready(settings.url, clients, started), departments))
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
            new = Made(f"{datetime.now(SHANGHAI):%Y-%m-%d}", scale or 1.0)  # the day by which the hub judges dates
            note.write_text(json.dumps(asdict(new)), encoding="utf-8")
        made = Made(**json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{folder} cannot hold the demo: {error}") from error
    if scale not in (None, made.scale):
        raise ConfigurationError(f"{folder} holds a demo of scale {made.scale:g}; give that one, or another folder")
    return made


def ready(url: str, clients: list[dict[str, object]], departments: Sequence[Department]) -> dict[str, object]:
    """What the READY line says."""
    return {
        "url": url,
        "graphql": f"{url}/graphql",
        "token_url": f"{url}/oauth/token",
        "clients": clients,
        "departments": [{"name": d.name, "url": d.url, "pid": d.pid} for d in departments],
    }


def _tell(over: threading.Event, ready_line: dict[str, object], departments: Departments) -> None:
    """READY, once the hub answers; then every department that ends or comes back. Until the demo is over."""
    while not _answers(f"{ready_line['url']}/ready"):
        if over.wait(LOOK_SECONDS):
            return
    click.echo("READY " + json.dumps(ready_line, ensure_ascii=False))
    while not over.wait(LOOK_SECONDS):
        for line in departments.look():
            click.echo(f"hub: {line}", err=True)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  # the hub's own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
