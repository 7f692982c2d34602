"""What feeds resources: systems belong to departments and hold no secret, bindings map onto items that are there."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal, DecimalException
from zoneinfo import ZoneInfo

from catalogue.check.scene import Scene
from catalogue.faults import Faults
from catalogue.model import Binding, Column, Item, Resource, System

RULES = {
    "department-unknown": "A system belongs to a department that the catalogue has.",
    "deadline-range": "A system's deadline is more than zero seconds.",
    "secret-in-clear": "A password, key or token is only ever a reference: env:NAME or file:PATH.",
    "resource-unknown": "A binding feeds a resource that the catalogue has.",
    "system-unknown": "A binding reads from a system that the catalogue has.",
    "key-unmapped": "A binding maps every item of its resource's key.",
    "column-twice": "A binding maps an item once.",
    "column-live": "What a live resource is asked by stands in a source column as it is: no constant, pattern, units, "
    "codes or formats.",
    "discriminator-unmapped": "A binding that maps a subject maps what tells its kind.",
    "column-source": "A column has exactly one of source and constant.",
    "column-pattern": "A pattern is a regular expression with a group named value; units need one named unit as well.",
    "column-units": "Units have decimal factors other than zero, and a pattern that finds the unit.",
    "binding-figures": "delete_share is between 0 and 1, poll is not negative, timezone is one of the IANA database.",
}

_SECRET = re.compile(r"passw|passwd|pwd|secret|token|api_?key|credential", re.IGNORECASE)
_REFERENCE = re.compile(r"(env|file):.+")
_PASSWORD_IN_URL = re.compile(r"://[^/@:\s]*:[^/@\s]+@")


def look(scene: Scene) -> None:
    """Report what is wrong with systems and bindings."""
    for system in scene.catalogue.systems.values():
        _system(scene, system, scene.at("system", system.name))
    for binding in scene.catalogue.bindings.values():
        _binding(scene, binding, scene.at("binding", binding.name))


def _system(scene: Scene, system: System, faults: Faults) -> None:
    if system.department and system.department not in scene.catalogue.departments:
        faults.at("department").add("department-unknown", f"there is no department {system.department}")
    if not system.deadline > 0:
        faults.at("deadline").add("deadline-range", "a deadline is more than zero seconds")
    for key, value in system.options.items():
        in_clear = _SECRET.search(key) and not _REFERENCE.fullmatch(value)
        if in_clear or _PASSWORD_IN_URL.search(value):
            message = f"{key} holds a secret in clear: write env:NAME or file:PATH"
            faults.at("options").at(key).add("secret-in-clear", message)


def _binding(scene: Scene, binding: Binding, faults: Faults) -> None:
    if binding.system and binding.system not in scene.catalogue.systems:
        faults.at("system").add("system-unknown", f"there is no system {binding.system}")
    if not 0 <= binding.delete_share <= 1:
        faults.at("delete_share").add("binding-figures", "delete_share is a share between 0 and 1")
    if binding.poll < 0:
        faults.at("poll").add("binding-figures", "poll is a number of seconds")
    if not _is_zone(binding.timezone):
        faults.at("timezone").add("binding-figures", f"there is no time zone {binding.timezone}")
    resource = scene.catalogue.resources.get(binding.resource)
    if resource is not None:
        _columns(scene, binding, resource, faults.at("columns"))
    elif binding.resource:
        faults.at("resource").add("resource-unknown", f"there is no resource {binding.resource}")


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):  # unknown, no name at all, a folder of zones
        return False


def _columns(scene: Scene, binding: Binding, resource: Resource, faults: Faults) -> None:
    seen = Counter(column.item for column in binding.columns)
    for name in (name for name, times in seen.items() if times > 1):
        faults.at(name).add("column-twice", f"{name} is mapped {seen[name]} times")
    for name in resource.key:
        if name in scene.items[resource.name] and name not in seen:
            faults.add("key-unmapped", f"{name} belongs to the key of {resource.name} and is not mapped")
    for subject in resource.subjects:
        told = subject.discriminator is None or subject.discriminator in seen
        if subject.item in seen and not told:
            faults.at(subject.item).add("discriminator-unmapped", f"{subject.discriminator} tells its kind, unmapped")
    asked = {name for lookup in resource.lookups for name in lookup}
    for column in binding.columns:
        place = faults.at(column.item)
        item = scene.has_item(resource.name, column.item, place)
        _column(column, place)
        if column.item in asked and not _as_it_is(column):
            message = f"{resource.name} is asked by {column.item}: the source must hold it as it is"
            place.add("column-live", message)
        if item is not None:
            _codes(scene, column, item, place)


def _column(column: Column, faults: Faults) -> None:
    if (column.source is None) == (column.constant is None):
        faults.add("column-source", "exactly one of source and constant is required")
    groups = _groups(column.pattern, faults.at("pattern"))
    if column.units and "unit" not in groups:
        faults.at("units").add("column-units", "units need a pattern with a group named unit: (?P<unit>…)")
    for unit, factor in column.units.items():
        if not _is_factor(factor):
            faults.at("units").at(unit).add("column-units", f"{factor} is no factor")


def _as_it_is(column: Column) -> bool:
    """Whether a value of the item can be asked for in the source column: nothing translates back."""
    translated = column.pattern is not None or column.units or column.codes or column.formats
    return column.source is not None and not translated


def _groups(pattern: str | None, faults: Faults) -> frozenset[str]:
    """The named groups of the pattern; without one, or with a broken one, none."""
    if pattern is None:
        return frozenset()
    try:
        groups = frozenset(re.compile(pattern).groupindex)
    except re.error as error:
        faults.add("column-pattern", f"{pattern} is no regular expression: {error}")
        return frozenset({"value", "unit"})
    if "value" not in groups:
        faults.add("column-pattern", "the pattern has no group named value: (?P<value>…)")
    return groups


def _is_factor(text: str) -> bool:
    try:
        return Decimal(text).is_finite() and Decimal(text) != 0
    except DecimalException:
        return False


def _codes(scene: Scene, column: Column, item: Item, faults: Faults) -> None:
    """What source codes become, and a constant, are codes of the item's list."""
    meant = (*column.codes.values(), *((column.constant,) if column.constant is not None else ()))
    scene.knows_codes(item, iter(dict.fromkeys(meant)), faults)
