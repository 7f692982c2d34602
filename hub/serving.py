"""Running the hub as processes: serving workers under granian, and one puller child. What `hub serve` does.

Pulls never run in a serving process. The main process starts the others, starts them again when they die, and ends them
when it ends; they end by themselves where it was killed. It answers no request and opens no store while it runs.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from starlette.types import ASGIApp

from hub.errors import ConfigurationError, Unreachable
from hub.observe import Event, emit, to_stderr
from hub.settings import Settings, as_environment, load

RESTART_SECONDS = 2.0
LOOK_SECONDS = 0.2
#: How long a process may take to end what it is doing before it is killed.
END_SECONDS = 10


def serve(settings: Settings) -> None:
    """Serve until interrupted. What would stop every worker (port, stores, origin) is found out before any is started.

    Unreachable where the workers keep dying.
    """
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    port_must_be_free(settings)
    asyncio.run(_stores_must_answer(settings))
    to_stderr()
    os.environ.update(as_environment(settings))
    # A forked worker would inherit the other end of every pipe by which a child learns that its parent has gone.
    multiprocessing.set_start_method("spawn", force=True)
    server = Granian(
        "hub.serving:application", factory=True, interface=Interfaces.ASGI, address=settings.host, port=settings.port,
        workers=settings.workers, websockets=True, respawn_failed_workers=True, workers_kill_timeout=END_SECONDS,
        log_access=False, log_level=LogLevels.warning,
    )  # fmt: skip
    emit(Event.STARTED, url=settings.url, workers=settings.workers)
    with _puller(settings):
        try:
            server.serve()
        except SystemExit as error:
            raise Unreachable(f"the serving processes of {settings.url} keep ending") from error
    emit(Event.STOPPED, url=settings.url)


def application() -> ASGIApp:
    """The ASGI application of one serving process, from the settings in the environment."""
    from hub.app import create_app
    from hub.services import open_services

    to_stderr()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    settings = load(None, os.environ)
    return create_app(lambda: open_services(settings))


def port_must_be_free(settings: Settings) -> None:
    """ConfigurationError names a port that another program listens on, or an address that is not this machine's."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigurationError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error


async def _stores_must_answer(settings: Settings) -> None:
    """Every store is written to once, as serving will: a full disk or a damaged file shows now, and not to a client."""
    from hub.services import make_room, open_services

    async with open_services(settings) as services:
        await make_room(services.stores, services.publication.current.snapshot)


def _end_with_parent() -> None:
    """Wait for the main process to end, then end this one as an interrupt would."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _puller(settings: Settings) -> Iterator[None]:
    """The puller child, started again when it dies, ended with the block."""
    if not settings.puller:
        yield
        return
    ended = threading.Event()
    keeper = threading.Thread(target=_keep, args=(ended, as_environment(settings)))
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def _keep(ended: threading.Event, environment: Mapping[str, str]) -> None:
    while not ended.is_set():
        child = start_puller(environment)
        while child.poll() is None and not ended.wait(LOOK_SECONDS):
            pass
        if child.poll() is None:
            _end(child)
        elif not ended.is_set():
            emit(Event.PULLER_DIED, error=f"exit code {child.returncode}")
            ended.wait(RESTART_SECONDS)


def start_puller(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The child process; it ends by itself when its standard input closes, which happens when its parent dies too."""
    command = [sys.executable, "-m", "hub.pull.puller"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, **environment})


def _end(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
