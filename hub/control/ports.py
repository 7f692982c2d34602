"""Control state that must be transactional: leases with fences, watermarks, checkpoints, runs, quarantine.

The change protocol (walk 2) is four commits: the log's append, `Control.commit`, the records' apply, `Control.applied`.
Time of a lease is the store's clock. Every implementation passes `tests/contracts/control.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one resource until `expires` (store clock, seconds). A newer lease has a higher `fence`."""

    resource: str
    holder: str
    fence: int
    expires: float


@dataclass(frozen=True, slots=True)
class ResourceState:
    """Where a resource stands: committed up to `watermark`, readable up to `applied`, moments emitted up to
    `moments_until` (stored time; None before the first load).
    """

    resource: str
    epoch: int = 1
    fence: int = 0
    watermark: int = 0
    applied: int = 0
    moments_until: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """Step (b) of one batch: the new watermark, and with it what else moves in the same transaction."""

    watermark: int
    binding: str | None = None
    checkpoint: str | None = None
    moments_until: str | None = None


@dataclass(frozen=True, slots=True)
class BindingState:
    """Where one binding stands. `shape` is the accepted list of source columns; `paused` says why, or is None.

    `cleared` is the run whose complete read last left nothing in doubt: an unreadable row of a later read that this run
    did not have may be one of the records that seem missing, and nothing is deleted on suspicion.
    """

    binding: str
    checkpoint: str | None = None
    shape: tuple[str, ...] = ()
    last_success: str | None = None
    last_full: str | None = None
    last_error: str | None = None
    paused: str | None = None
    cleared: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """归集: one run of a connector for one resource, with what it counted. `ended` is None while it runs."""

    id: str
    binding: str
    started: str
    full: bool
    ended: str | None = None
    outcome: str = "running"
    counts: Mapping[str, int] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that could not become a record, with the rule that it broke. `raw` is kept for the department to see."""

    run: str
    binding: str
    position: str
    reason: str
    raw: str
    at: str


class Condition(StrEnum):
    """How a department's system does: `late` answers, but not in time or asks to come back later; `faulty` answers with
    what cannot be used, or refuses the hub's credentials.
    """

    UP = "up"
    LATE = "late"
    DOWN = "down"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class SystemState:
    """The latest word about one system, in stored times. `since` is when it came to be in this condition, `why` the
    class of the error that said so, empty where it is up.
    """

    system: str
    condition: Condition
    since: str
    why: str
    checked_at: str


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The one row that every process confirms: both versions and the sum of `applied` over all resources."""

    catalogue_version: int
    grants_version: int
    applied_sum: int


class Control(Protocol):
    """Leases and the marks of the change protocol. `Fenced` (hub.errors) is raised where a lease was lost."""

    async def lease(self, resource: str, holder: str, seconds: float) -> Lease | None:
        """Take the lease, with a new and higher fence; None while another holder's lease has not expired."""

    async def renew(self, lease: Lease, seconds: float) -> Lease:
        """Hold on to it; Fenced where it was lost."""

    async def release(self, lease: Lease) -> None:
        """Give it back; nothing happens where it was lost already."""

    async def state(self, resource: str) -> ResourceState:
        """Where the resource stands; a resource never written has the default state."""

    async def states(self) -> Mapping[str, ResourceState]:
        """All of them, by resource, in one round trip."""

    async def commit(self, lease: Lease, commit: Commit) -> None:
        """Step (b), one durable transaction: check the fence, move watermark, checkpoint and moment mark. Fenced where
        the lease was lost. Idempotent for the same lease and commit.
        """

    async def applied(self, lease: Lease, seq: int) -> None:
        """Step (d): `applied` moves up to `seq`, never back."""

    async def confirm(self) -> Confirmation:
        """The confirmation row, in one cheap read."""


class UsedAddresses(Protocol):
    """Which one-time addresses of files were used, by their ids; shared by all processes."""

    async def use(self, address: str, seconds: float) -> bool:
        """Durably mark the address as used. True for the one call that marks it, False for every other one while it is
        remembered: `seconds`, on the store's clock. What is older is forgotten.
        """

    async def used(self, address: str) -> bool:
        """Whether the address is marked, cheaply."""


class PullLedger(Protocol):
    """What is remembered about bindings and their runs."""

    async def binding(self, name: str) -> BindingState:
        """Where the binding stands; the default state for a new one."""

    async def bindings(self) -> Mapping[str, BindingState]:
        """Where every binding stands that was ever pulled, by name, in one round trip."""

    async def save_binding(self, state: BindingState) -> None:
        """Keep shape, times, error and pause (the checkpoint moves only by `Control.commit`)."""

    async def start(self, run: Run) -> None:
        """Remember a run that begins."""

    async def finish(self, run: Run) -> None:
        """Remember how it ended."""

    async def runs(self, binding: str | None, limit: int) -> list[Run]:
        """The latest runs first."""

    async def quarantine(self, rows: Sequence[Quarantined]) -> None:
        """Keep rows that could not become records; idempotent per run and position."""

    async def quarantined(self, run: str | None, binding: str | None, limit: int) -> list[Quarantined]:
        """Quarantined rows, latest run first, in source order."""


class SystemLedger(Protocol):
    """What is remembered about departments' systems: written by pulls and the puller's probes, read for `/status`."""

    async def note_system(self, system: str, condition: Condition, why: str, at: str) -> bool:
        """Keep the word of that time; whether the condition is another than before (a system never spoken of was up). A
        word older than the kept one is not kept. `since` stays while the condition does.
        """

    async def system_states(self) -> Mapping[str, SystemState]:
        """Every system that a word was ever kept of, by name."""
