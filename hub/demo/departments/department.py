"""What every demo department does: its own process, ready when it says so, ended when its parent is.

A department is `python -m hub.demo.departments.<name> --folder DIR …`. It prints one line of JSON (`name`, `url`,
`pid`) when its system can be read, then keeps changing. It ends at once, whatever it is doing, when the standard input
that it was given is closed: each of its changes is there whole or not at all.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random


@dataclass(frozen=True, slots=True)
class Manner:
    """How a department was started: where it keeps its data, from which world, how often something changes."""

    folder: Path
    seed: int
    scale: float
    today: date
    every: float


def manner(argv: list[str]) -> Manner:
    """The manner that the command line gives. An interrupt at the terminal is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--today", type=date.fromisoformat, required=True)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between changes; 0: none")
    given = parser.parse_args(argv)
    given.folder.mkdir(parents=True, exist_ok=True)
    return Manner(given.folder, given.seed, given.scale, given.today, given.every)


def run(name: str, url: str, change: Callable[[Random], None], every: float) -> None:
    """Say that the department is there, then change something every few seconds, for ever."""
    sys.stdout.write(json.dumps({"name": name, "url": url, "pid": os.getpid()}, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    pick, pause = Random(), threading.Event()  # noqa: S311  # a demo's changes need no cryptography
    while not pause.wait(every or None):
        change(pick)


def end_with_parent() -> None:
    """End when standard input does: the parent, which holds its other end, has gone or wants this to end."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)
