"""Advice on catalogue entries, from what goes wrong in practice: one function a rule, and one table of them.

It is asked by `hub catalogue lint` and before an entry is published. What makes an entry unusable (an unknown data
type, a length that is no number, two things with one GraphQL name) never becomes a Resource: `catalogue.descriptor`
and `catalogue.check` refuse it with their own faults. Pure; it changes nothing and stops nothing by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from catalogue.codes import METHODS, NATIONAL, SHARING_TITLES, CodeProfile, Format, Method, methods
from catalogue.fold import fold
from catalogue.model import NOTHING, Catalogue, DataType, Item, Mask, Resource, SharingType


class Severity(StrEnum):
    """Whether an entry should not be published as it is, or only deserves a second look."""

    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says about a resource, or about one of its items."""

    rule: str
    severity: Severity
    resource: str
    item: str | None
    message: str

    def __str__(self) -> str:
        place = f"{self.resource}.{self.item}" if self.item else self.resource
        return f"{self.severity}: {place}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What rules know beside the resource: how often each folded title stands in the catalogue, folded titles of
    systems, and how resource codes are made.
    """

    titles: Mapping[str, int]
    systems: frozenset[str]
    profile: CodeProfile


Hits = Iterator[tuple[Item | None, str]]
Rule = Callable[[Resource, Surroundings], Hits]

_LOOSENESS = (SharingType.UNCONDITIONAL, SharingType.CONDITIONAL, SharingType.DENIED)
_WITH_LENGTH = frozenset({DataType.TEXT, DataType.NUMBER})
_IDENTITY = re.compile("身份证|身份号|证件号")
_BIRTH = re.compile("出生|生日|年龄")
# Masks that keep as much as would tell one person among those with the same birth date.
_WEAK_MASKS = frozenset({Mask.PHONE, Mask.LAST4})


def lint(entries: Catalogue, among: Catalogue = NOTHING, profile: CodeProfile = NATIONAL) -> tuple[Finding, ...]:
    """Every finding on the resources of `entries`, in their order, as they would stand among the others' entries."""
    around = _surroundings(among.with_(entries), profile)
    return tuple(found for resource in entries.resources.values() for found in _findings(resource, around))


def _surroundings(catalogue: Catalogue, profile: CodeProfile) -> Surroundings:
    titles = Counter(fold(resource.title) for resource in catalogue.resources.values())
    return Surroundings(titles, frozenset(fold(system.title) for system in catalogue.systems.values()), profile)


def _findings(resource: Resource, around: Surroundings) -> Iterator[Finding]:
    for name, (severity, rule) in RULES.items():
        for item, message in rule(resource, around):
            yield Finding(name, severity, resource.name, item.name if item else None, message)


def _system_as_title(resource: Resource, around: Surroundings) -> Hits:
    title = fold(resource.title)
    systems = around.systems | {fold(resource.form.owning_system)}
    if (title and title in systems) or resource.title.strip().endswith(("系统", "平台")):
        yield None, f"{resource.title} names a system: a resource is named after what its records are"


def _repeated_title(resource: Resource, around: Surroundings) -> Hits:
    if around.titles[fold(resource.title)] > 1:
        yield None, f"another resource is called {resource.title} too"
    seen = Counter(fold(item.title) for item in resource.items)
    for item in resource.items:
        if seen[fold(item.title)] > 1:
            yield item, f"another item of the resource is called {item.title} too"


def _code_characters(resource: Resource, _: Surroundings) -> Hits:
    classified = (each.code for each in resource.classification)
    for code in (resource.code, *classified, resource.provider, *resource.related):
        if re.search(r"[^\x21-\x7e]", code):
            yield None, f"the code {code!r} holds a space or a character that is not half-width"


def _code_form(resource: Resource, around: Surroundings) -> Hits:
    try:
        parsed = around.profile.parse(resource.code)
    except ValueError as fault:
        yield None, f"the code {resource.code!r} is not made as the profile says: {fault}"
        return
    if resource.classification and parsed.classification not in {each.code for each in resource.classification}:
        yield None, f"the code {resource.code!r} begins with none of the resource's classifications"


def _provider_missing(resource: Resource, _: Surroundings) -> Hits:
    if not resource.provider.strip():
        yield None, "no department provides it"


def _abstract_missing(resource: Resource, _: Surroundings) -> Hits:
    if not resource.abstract.strip():
        yield None, "it has no abstract: nobody can tell whether it is what they look for"


def _format_unknown(resource: Resource, _: Surroundings) -> Hits:
    if resource.format not in list(Format):
        yield None, f"the format {resource.format!r} is none of {'、'.join(Format)}"


def _method_unknown(resource: Resource, _: Surroundings) -> Hits:
    for method in methods(resource.sharing.method):
        if method not in list(Method):
            yield None, f"the sharing method {method!r} is none of {'、'.join(Method)}"


def _method_against_format(resource: Resource, _: Surroundings) -> Hits:
    if resource.format not in list(Format):
        return
    able = METHODS[Format(resource.format)]
    for method in methods(resource.sharing.method):
        if method in list(Method) and method not in able:
            named = "、".join(each for each in Method if each in able)
            yield None, f"{resource.format} is not shared as {method} but as {named}"


def _length(resource: Resource, _: Surroundings) -> Hits:
    for item in resource.items:
        if item.length is None:
            if item.type in _WITH_LENGTH:
                yield item, f"{item.title} has a type that needs a length"
        elif item.length < 1 or not 0 <= item.scale <= item.length:
            yield item, f"{item.title} has a length of {item.length} with {item.scale} decimals"


def _identity_level(resource: Resource, _: Surroundings) -> Hits:
    for item in resource.items:
        if _is_identity(item) and item.level < 3:
            yield item, f"{item.title} names a person but has the sensitivity level {item.level}; 3 at least is usual"


def _birth_beside_weak_mask(resource: Resource, _: Surroundings) -> Hits:
    births = [i for i in resource.items if _BIRTH.search(i.title) and i.sharing.type is not SharingType.DENIED]
    for item in resource.items:
        masks = {item.mask, *(variant.mask for variant in item.variants)}
        if births and _is_identity(item) and masks & _WEAK_MASKS:
            yield item, f"the mask of {item.title} leaves few candidates beside {births[0].title}"


def _looser_item(resource: Resource, _: Surroundings) -> Hits:
    strict = _LOOSENESS.index(resource.sharing.type)
    for item in resource.items:
        types = [item.sharing.type, *(variant.sharing.type for variant in item.variants)]
        loosest = min(types, key=_LOOSENESS.index)
        if _LOOSENESS.index(loosest) < strict:
            own, whole = SHARING_TITLES[loosest], SHARING_TITLES[resource.sharing.type]
            yield item, f"{item.title} is {own}, looser than the resource's {whole}"


def _is_identity(item: Item) -> bool:
    """Whether an item's title says that it holds a person's number; a coded one holds its type."""
    return item.type is DataType.TEXT and item.code_list is None and _IDENTITY.search(item.title) is not None


RULES: Mapping[str, tuple[Severity, Rule]] = MappingProxyType(
    {
        "system-as-title": (Severity.WARNING, _system_as_title),
        "repeated-title": (Severity.WARNING, _repeated_title),
        "code-characters": (Severity.ERROR, _code_characters),
        "code-form": (Severity.WARNING, _code_form),
        "provider-missing": (Severity.ERROR, _provider_missing),
        "abstract-missing": (Severity.WARNING, _abstract_missing),
        "format-unknown": (Severity.WARNING, _format_unknown),
        "method-unknown": (Severity.WARNING, _method_unknown),
        "method-against-format": (Severity.WARNING, _method_against_format),
        "length": (Severity.WARNING, _length),
        "identity-level": (Severity.WARNING, _identity_level),
        "birth-beside-weak-mask": (Severity.WARNING, _birth_beside_weak_mask),
        "looser-item": (Severity.WARNING, _looser_item),
    }
)
"""Every rule by its name, in the order of findings."""
