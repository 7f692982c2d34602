"""How much of a system the hub asks: deadline, repeats, rate, calls at a time, breaker. Options of every system; pure.

`connectors.resilience` keeps to them in both walks, `connectors.registry` takes them out of what a connector is given,
so that no connector knows of them. A binding cannot set them: they are about the system that all its bindings share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalogue.model import System
from connectors.options import Options
from connectors.source import SourceMisconfigured

#: The reserved options of every system with their defaults; docs/connectors.md says what each means.
LIMITS: Mapping[str, float] = {
    "page_seconds": 120.0,
    "calls_at_once": 8,
    "calls_per_second": 0.0,
    "retries": 2,
    "breaker_failures": 5,
    "breaker_seconds": 10.0,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the hub may ask of one system. Seconds for times; 0 means no limit for rate, no breaker for failures."""

    deadline: float
    page_seconds: float
    calls_at_once: int
    calls_per_second: float
    retries: int
    breaker_failures: int
    breaker_seconds: float


def limits_of(system: System) -> Limits:
    """The system's limits; SourceMisconfigured names the option that cannot be used."""
    options = Options(system.name, {name: value for name, value in system.options.items() if name in LIMITS})
    return Limits(
        deadline=system.deadline,
        page_seconds=_above_zero(options, "page_seconds"),
        calls_at_once=int(_above_zero(options, "calls_at_once", whole=True)),
        calls_per_second=options.number("calls_per_second", LIMITS["calls_per_second"]),
        retries=int(_whole(options, "retries")),
        breaker_failures=int(_whole(options, "breaker_failures")),
        breaker_seconds=_above_zero(options, "breaker_seconds"),
    )


def without_limits(options: Mapping[str, str]) -> dict[str, str]:
    """The options that are the connector's own."""
    return {name: value for name, value in options.items() if name not in LIMITS}


def _whole(options: Options, name: str) -> float:
    value = options.number(name, LIMITS[name])
    if not value.is_integer():
        raise SourceMisconfigured(options.system, f"option {name} is not a whole number")
    return value


def _above_zero(options: Options, name: str, *, whole: bool = False) -> float:
    value = _whole(options, name) if whole else options.number(name, LIMITS[name])
    if not value:
        raise SourceMisconfigured(options.system, f"option {name} must be above 0")
    return value
