"""What one question read, as quota and audit must know it, and what it could not read. Values only.

Filled while step 6 of walk 1 (a question) runs; steps 7 and 9 charge and write down what stands here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.engine.plan import At, Shown
from hub.errors import HubError
from hub.records.model import Row


@dataclass(frozen=True, slots=True)
class Problem:
    """A field whose step failed: it answers null, or what other departments said."""

    at: At
    error: HubError


@dataclass(slots=True)
class Read:
    """What was read: records by resource and handle, items shown, subjects asked for, counts, what failed.

    `compared` are records of which values were verified, `asked` how many such there might have been: what a quota is
    charged must not tell which there were. `past` are records as histories show them. `made` counts planned records:
    one that is reached twice is completed twice.
    """

    records: dict[str, dict[str, Row]] = field(default_factory=dict)
    items: dict[str, set[str]] = field(default_factory=dict)
    subjects: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    compared: dict[str, dict[str, Row]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    past: dict[str, list[Row]] = field(default_factory=dict)
    made: int = 0
    shown: Shown = field(default_factory=Shown)

    @property
    def spent(self) -> Mapping[str, int]:
        """What counts against quotas, by resource."""
        return Counter({name: len(rows) for name, rows in self.records.items()}) + self.asked

    @property
    def rows(self) -> Mapping[str, list[Row]]:
        """Everything that was read of records, by resource: for the audit."""
        found: dict[str, list[Row]] = {name: list(rows.values()) for name, rows in self.records.items()}
        for name, compared in self.compared.items():
            found.setdefault(name, []).extend(compared.values())
        for name, past in self.past.items():
            found.setdefault(name, []).extend(past)
        return found
