"""The published catalogue at one version, in memory: lookups and links, nothing else.

A snapshot is built once per version and swapped whole; it never changes. Links appear from both sides as `LinkEnd`,
declared ones and the derived star: every resource to the base resource of its subject's kind, and back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from catalogue.model import (
    Binding,
    Catalogue,
    Department,
    Item,
    Link,
    Resource,
    Sharing,
    SharingType,
    SubjectColumn,
)
from catalogue.rules import Compare, Op, Where

_STRICTNESS = (SharingType.UNCONDITIONAL, SharingType.CONDITIONAL, SharingType.DENIED)


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """A link as one of its two resources sees it: `on` pairs (own item, target item), rules likewise."""

    name: str
    title: str
    source: str
    target: str
    on: tuple[tuple[str, str], ...]
    when: Where | None
    target_when: Where | None
    many: bool
    link: Link
    forward: bool


@dataclass(frozen=True)
class Snapshot:
    """The catalogue's entries at `version` with the indexes that questions need."""

    version: int
    catalogue: Catalogue
    ends: Mapping[str, Mapping[str, LinkEnd]] = field(init=False)
    fed_by: Mapping[str, tuple[Binding, ...]] = field(init=False)
    bases: Mapping[str, tuple[Resource, SubjectColumn]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bases", _bases(self.catalogue))
        object.__setattr__(self, "ends", _ends(self.catalogue))
        fed: dict[str, list[Binding]] = {}
        for binding in self.catalogue.bindings.values():
            fed.setdefault(binding.resource, []).append(binding)
        object.__setattr__(self, "fed_by", {name: tuple(found) for name, found in fed.items()})

    @property
    def resources(self) -> Mapping[str, Resource]:
        """Every published resource by name."""
        return self.catalogue.resources

    def resource(self, name: str) -> Resource:
        """The resource of that name; KeyError where there is none."""
        return self.catalogue.resources[name]

    def links_of(self, resource: str) -> Mapping[str, LinkEnd]:
        """Every link that can be followed from the resource, by its name on that side."""
        return self.ends.get(resource, {})

    def bindings_of(self, resource: str) -> tuple[Binding, ...]:
        """The bindings that feed the resource, in the catalogue's order."""
        return self.fed_by.get(resource, ())

    def department_of(self, binding: str) -> Department | None:
        """The department behind a binding; None for the hub's own marks and for bindings that are gone."""
        found = self.catalogue.bindings.get(binding)
        system = self.catalogue.systems.get(found.system) if found else None
        return self.catalogue.departments.get(system.department) if system else None


def _bases(catalogue: Catalogue) -> dict[str, tuple[Resource, SubjectColumn]]:
    return {
        ref.kind: (resource, column)
        for resource in catalogue.resources.values()
        for column in resource.subjects
        if column.base
        for _, ref in column.refs
    }


def derived_links(catalogue: Catalogue) -> tuple[Link, ...]:
    """The derived star: a link from every subject column to its kind's base resource, where none is declared.

    Pairs of all resources would not scale. A column that names no item of its resource has none: `catalogue.check`
    reports it.
    """
    declared = [link for resource in catalogue.resources.values() for link in resource.links]
    joined = {(link.source, link.target, link.on) for link in declared}
    joined |= {(link.target, link.source, _turned(link.on)) for link in declared}
    star = _star(catalogue, _bases(catalogue))
    return tuple(link for link in star if (link.source, link.target, link.on) not in joined)


def _ends(catalogue: Catalogue) -> dict[str, dict[str, LinkEnd]]:
    ends: dict[str, dict[str, LinkEnd]] = {name: {} for name in catalogue.resources}
    for resource in catalogue.resources.values():
        for link in resource.links:
            _add(ends, link)
    for link in derived_links(catalogue):
        # What is declared wins; check refuses entries that would take a derived link's name.
        if link.name not in ends[link.source] and link.inverse not in ends[link.target]:
            _add(ends, link)
    return ends


def _add(ends: dict[str, dict[str, LinkEnd]], link: Link) -> None:
    if link.target not in ends:
        return
    ends[link.source][link.name] = LinkEnd(
        link.name, link.title, link.source, link.target, link.on, link.when, link.target_when, link.many, link, True
    )
    if link.source == link.target and link.inverse == link.name:
        return
    ends[link.target][link.inverse] = LinkEnd(
        link.inverse, link.inverse_title, link.target, link.source, _turned(link.on), link.target_when, link.when,
        link.inverse_many, link, False,
    )  # fmt: skip


def _turned(on: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((target, own) for own, target in on)


def _star(catalogue: Catalogue, bases: Mapping[str, tuple[Resource, SubjectColumn]]) -> Iterator[Link]:
    for resource in catalogue.resources.values():
        items = {item.name: item for item in resource.items}
        for column in resource.subjects:
            if column.item in items and not column.base:
                yield from _rays(resource, column, items[column.item], bases)


def _rays(
    resource: Resource, column: SubjectColumn, item: Item, bases: Mapping[str, tuple[Resource, SubjectColumn]]
) -> Iterator[Link]:
    for kind, values in _kinds(column).items():
        if kind not in bases:
            continue
        base, own = bases[kind]
        when = Compare(column.discriminator, Op.IN, values) if column.discriminator else None
        yield Link(
            name=f"{column.item}_{kind}", title=base.title, source=resource.name, target=base.name,
            on=((column.item, own.item),), inverse=f"{resource.plural}_by_{column.item}",
            inverse_title=resource.title, sharing=_strictest(item, column, values), when=when, derived=True,
        )  # fmt: skip


def _kinds(column: SubjectColumn) -> Mapping[str, tuple[str, ...]]:
    """Every kind that the column may name, with the discriminator's values that mean it."""
    by_kind: dict[str, list[str]] = {}
    for value, ref in column.refs:
        by_kind.setdefault(ref.kind, []).extend([] if value is None else [value])
    return {kind: tuple(values) for kind, values in by_kind.items()}


def _strictest(item: Item, column: SubjectColumn, values: tuple[str, ...]) -> Sharing:
    """The strictest sharing among the rules that hold for those values: the link discloses no more than its key."""
    found = [item.sharing]
    if column.discriminator and item.varies_by == column.discriminator:
        by_value = {value: variant.sharing for variant in item.variants for value in variant.values}
        found = [by_value.get(value, item.sharing) for value in values]
    return max(found, key=lambda sharing: _STRICTNESS.index(sharing.type))
