"""What one pull counted and how it ended, for a person and for the ledger. Step 17 of walk 2 (a change).

A `Tally` is filled while the walk goes on; `lines` writes it down. How it is shown while it grows is `progress`'.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from hub.records.model import Operation


class Outcome(StrEnum):
    """How a pull ended. Everything but `done` needs somebody's attention; `unavailable` and `busy` also pass."""

    DONE = "done"
    GUARDED = "guarded"
    DRIFTED = "drifted"
    UNAVAILABLE = "unavailable"
    MISCONFIGURED = "misconfigured"
    BROKEN = "broken"
    PAUSED = "paused"
    BUSY = "busy"
    OVERTAKEN = "overtaken"


@dataclass(slots=True)
class Tally:
    """Counts of one pull so far. `missing` is what a complete read did not list; `retryable` whether to try again, and
    `retry_after` the seconds that the source asks to be left alone before.
    """

    binding: str
    resource: str
    dry_run: bool = False
    run: str = ""
    outcome: Outcome | None = None
    message: str = ""
    retryable: bool = False
    retry_after: float = 0.0
    read: int = 0
    operations: Counter[Operation] = field(default_factory=Counter)
    unchanged: int = 0
    missing: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    peak_mib: int = 0

    @property
    def per_second(self) -> float:
        """Rows read per second."""
        return self.read / self.seconds if self.seconds else 0.0

    @property
    def good(self) -> bool:
        """Whether the pull did all it was asked to."""
        return self.outcome is Outcome.DONE

    def ended(self, outcome: Outcome, message: str = "", *, retryable: bool = False) -> Tally:
        """The tally itself, closed."""
        self.outcome, self.message, self.retryable = outcome, message, retryable
        return self

    def counts(self) -> dict[str, int]:
        """The counts as the ledger keeps them."""
        found = {
            "read": self.read,
            **{op.value.lower(): self.operations[op] for op in _SHOWN},
            "unchanged": self.unchanged,
            "missing": self.missing,
            "quarantined": self.quarantined.total(),
        }
        found |= {f"quarantined.{code}": n for code, n in self.quarantined.items()}
        found |= {f"warning.{code}": n for code, n in self.warnings.items()}
        return found

    def lines(self) -> Iterator[str]:
        """The report as a person reads it."""
        done = self.outcome.value if self.outcome else "running"
        yield f"{self.resource} from {self.binding}: {done}{' (dry run, nothing written)' if self.dry_run else ''}"
        if self.message:
            yield f"  {self.message}"
        yield (
            f"  read {self.read:,}: {self.operations[Operation.CREATED]:,} created, "
            f"{self.operations[Operation.UPDATED]:,} updated, {self.unchanged:,} unchanged, "
            f"{self.operations[Operation.DELETED]:,} deleted, {self.quarantined.total():,} quarantined"
        )
        if self.operations[Operation.MOMENT]:
            yield f"  moments reached: {self.operations[Operation.MOMENT]:,}"
        if self.missing != self.operations[Operation.DELETED]:
            yield f"  missing from the source: {self.missing:,}"
        yield from _by_code("quarantined", self.quarantined)
        yield from _by_code("warnings", self.warnings)
        yield f"  {self.seconds:.1f} s, {self.per_second:,.0f} records/s, peak memory {self.peak_mib} MiB"


_SHOWN = (Operation.CREATED, Operation.UPDATED, Operation.DELETED, Operation.MOMENT)


def _by_code(title: str, counted: Counter[str]) -> Iterator[str]:
    if counted:
        yield f"  {title}: " + ", ".join(f"{code} {n:,}" for code, n in sorted(counted.items()))
