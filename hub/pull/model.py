"""What a pull works with: the stores, the worker that writes, its steps by name, and the options of one pull.

Walk 2 (a change) is `run`; its second half, one batch under one lease, is `protocol`. Both announce every step to the
worker's `reached`, so that a test can stop or kill at any of them by name.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ParamSpec, TypeVar

from catalogue.model import Binding, System
from connectors.source import Source
from hub.control.ports import Control, PullLedger, SystemLedger
from hub.pull.report import Tally
from hub.records.handles import Handles
from hub.records.ports import ChangeLog, RecordWriter

P = ParamSpec("P")
T = TypeVar("T")
Clock = Callable[[], datetime]
OpenSource = Callable[[System, Binding], Source]


class Step(StrEnum):
    """The steps of walk 2 in their order."""

    HOLD = "hold"
    BEGIN = "begin"
    OPEN = "open"
    FETCH = "fetch"
    MAP = "map"
    LEASE = "lease"
    RECOVER = "recover"
    COMPARE = "compare"
    QUARANTINE = "quarantine"
    MOMENTS = "moments"
    LOG = "log"
    COMMIT = "commit"
    APPLY = "apply"
    APPLIED = "applied"
    RELEASE = "release"
    MISSING = "missing"
    END = "end"


def after(step: Step) -> str:
    """The name of the place between this step and the next."""
    return f"after {step}"


#: Every name that `reached` is called with: at each step, and between it and the next.
STEPS: tuple[str, ...] = tuple(name for step in Step for name in (str(step), after(step)))


@dataclass(frozen=True, slots=True)
class PullStores:
    """Everything outside that a pull touches. Whoever made them closes them."""

    control: Control
    ledger: PullLedger
    systems: SystemLedger
    writer: RecordWriter
    log: ChangeLog
    handles: Handles
    open_source: OpenSource


def _nothing(_: object) -> None:
    """What the hooks of a worker do by default."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Who pulls: `holder` names it in leases and must be its own.

    `lease_seconds` is how long a killed worker blocks its successor, `patience` how long this one waits for another's
    lease. `watch` sees the tally after every batch; `elapsed` is a monotonic clock in seconds.
    """

    stores: PullStores
    clock: Clock
    holder: str
    lease_seconds: float = 10.0
    patience: float = 15.0
    reached: Callable[[str], None] = _nothing
    watch: Callable[[Tally], None] = _nothing
    elapsed: Callable[[], float] = time.monotonic

    async def step(self, step: Step, work: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do one step, announced before and after."""
        self.reached(str(step))
        result = await work(*args, **kwargs)
        self.reached(after(step))
        return result


@dataclass(frozen=True, slots=True)
class PullOptions:
    """`full` reads from the beginning, `dry_run` writes nothing, `allow_delete` is a person's word that what is missing
    from a complete read may be deleted, however much it is.
    """

    full: bool = False
    dry_run: bool = False
    allow_delete: bool = False
