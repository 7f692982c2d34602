"""What is wrong with a descriptor or a rule: each fault with its file, place and rule, collected and reported together.

Reading (`catalogue.descriptor`), rules (`catalogue.where`) and checking (`catalogue.check`) all report through here. It
decides nothing: a fault is a fault, findings that only advise are `catalogue.lint`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `place` is the dotted path from the entry on (`resource.licence.items.valid_to.type`), `rule` the name
    of the broken rule. `about` holds the (resource, member) pairs whose own faults would explain this one away.
    """

    file: str
    place: str
    rule: str
    message: str
    about: frozenset[tuple[str, str]] = field(default=frozenset(), compare=False, repr=False)

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.file, self.place, f"{self.message} [{self.rule}]")))


class DescriptorError(Exception):
    """Descriptors that cannot be used; one line a fault. A person must correct the files that `faults` name."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Faults:
    """A place in one file, and the list that faults found there go to."""

    file: str
    place: str = ""
    found: list[Fault] = field(default_factory=list)

    def at(self, step: str) -> Faults:
        """The same list, one step further in."""
        return Faults(self.file, f"{self.place}.{step}" if self.place else step, self.found)

    def add(self, rule: str, message: str, *about: tuple[str, str]) -> None:
        """Report a fault at this place."""
        self.found.append(Fault(self.file, self.place, rule, message, frozenset(about)))
