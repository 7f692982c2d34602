"""The options of a system and of a binding as typed values, or a fault that names the option. No step reads them raw.

A binding's option stands over its system's. References to secrets were resolved by `connectors.registry` before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from catalogue.model import Binding, System
from connectors.source import SourceMisconfigured


@dataclass(frozen=True, slots=True)
class Options:
    """What system and binding say together. Every method raises SourceMisconfigured where a value cannot be used."""

    system: str
    values: Mapping[str, str]

    @classmethod
    def of(cls, system: System, binding: Binding | None, known: Collection[str]) -> Options:
        """The merged options; one that the connector does not know is a fault, since it is a misspelt one."""
        values = {**system.options, **(binding.options if binding else {})}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise SourceMisconfigured(
                system.name, f"unknown option {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            )
        return cls(system.name, values)

    def text(self, name: str, default: str | None = None) -> str:
        """The option as it stands; without a default it must be there."""
        value = self.values.get(name, default)
        if value is None:
            raise SourceMisconfigured(self.system, f"option {name} is missing")
        return value

    def names(self, name: str) -> tuple[str, ...]:
        """A list of names separated by commas; empty where the option is not there."""
        return tuple(part.strip() for part in self.values.get(name, "").split(",") if part.strip())

    def number(self, name: str, default: float) -> float:
        """A number of zero or more."""
        try:
            value = float(self.values.get(name, default))
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise SourceMisconfigured(self.system, f"option {name} is not a number of zero or more")
        return value

    def choice(self, name: str, default: str, allowed: Collection[str]) -> str:
        """One of the allowed words."""
        value = self.values.get(name, default).lower()
        if value not in allowed:
            raise SourceMisconfigured(self.system, f"option {name} is none of {', '.join(sorted(allowed))}")
        return value
