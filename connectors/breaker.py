"""When a system that fails is left alone, and how soon one call may follow another. Pure: times are passed in.

`connectors.resilience` asks both before every call of either walk. Neither knows what is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

#: Calls that may be on their way while it is not known whether the system is back.
PROBES = 1
#: When to look again, in seconds, while another call finds out whether the system is back.
SOON = 1.0


class Verdict(Enum):
    """What a call that ended says about its system. UNSAID: cancelled, misconfigured, or asked to come back later."""

    GOOD = auto()
    BAD = auto()
    UNSAID = auto()


@dataclass(slots=True)
class Breaker:
    """Closed; open after `allowed` failures in a row; after `rest` seconds half-open, until a probe's verdict.

    `era` grows whenever it opens or closes: the verdict of a call that began in an era before says nothing of this one.
    """

    allowed: int
    rest: float
    failures: int = 0
    opens_at: float | None = None
    probing: int = 0
    era: int = 0

    def wait(self, now: float) -> float | None:
        """Seconds after which to ask again; None where a call may go now."""
        if self.opens_at is None:
            return None
        if now < self.opens_at:
            return self.opens_at - now
        return SOON if self.probing >= PROBES else None

    def enter(self, now: float) -> int:
        """Let a call through for which there is nothing to wait; its ticket."""
        assert self.wait(now) is None, "a call that must wait was let through"
        if self.opens_at is not None:
            self.probing += 1
        return self.era

    def leave(self, ticket: int, verdict: Verdict, now: float) -> None:
        """The call of that ticket ended."""
        if ticket != self.era:
            return
        if self.opens_at is not None:
            self._probed(verdict, now)
        elif verdict is Verdict.GOOD:
            self.failures = 0
        elif verdict is Verdict.BAD:
            self.failures += 1
            if self.allowed and self.failures >= self.allowed:
                self._turn(now + self.rest)

    def _probed(self, verdict: Verdict, now: float) -> None:
        self.probing -= 1
        if verdict is Verdict.GOOD:
            self._turn(None)
        elif verdict is Verdict.BAD:
            self._turn(now + self.rest)

    def _turn(self, opens_at: float | None) -> None:
        self.opens_at, self.failures, self.probing = opens_at, 0, 0
        self.era += 1


@dataclass(slots=True)
class Pace:
    """Calls no closer together than `per_second` allows; 0 is no limit."""

    per_second: float
    free_at: float = float("-inf")

    def turn(self, now: float, until: float) -> float | None:
        """Seconds until this call's turn, which is taken by asking; None, and nothing taken, where it lies behind
        `until`.
        """
        if not self.per_second:
            return 0.0
        at = max(self.free_at, now)
        if at >= until:
            return None
        self.free_at = at + 1 / self.per_second
        return at - now
