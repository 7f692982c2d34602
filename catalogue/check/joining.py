"""Links between resources: both ends are there, their items compare like with like, live ends can be asked that way."""

from __future__ import annotations

from catalogue.check.scene import Scene
from catalogue.check.shape import codes_in
from catalogue.faults import Faults
from catalogue.model import DataType, Item, Link, Mode, Resource
from catalogue.snapshot import derived_links

RULES = {
    "link-target": "A link leads to a resource that the catalogue has.",
    "link-items": "A link joins at least one pair of items.",
    "link-type": "Joined items are of one data type and one canonical form; memos, files and floats join nothing.",
    "link-live": "A link to a live resource joins exactly the items of one of its lookups.",
}

_NO_JOIN = frozenset({DataType.MEMO, DataType.BLOB, DataType.DOUBLE, DataType.FLOAT, DataType.LOGICAL})


def look(scene: Scene) -> None:
    """Report what is wrong with declared links, and with derived ones where two bases do not fit."""
    for resource, faults in scene.resources():
        for link in resource.links:
            _link(scene, resource, link, faults.at("links").at(link.name))
    for link in derived_links(scene.catalogue):
        place = scene.at("resource", link.source).at("subjects").at(link.on[0][0])
        _joins(scene, link, place)


def _link(scene: Scene, resource: Resource, link: Link, faults: Faults) -> None:
    if link.when is not None:
        codes_in(scene, resource, link.when, faults.at("when"))
    target = scene.catalogue.resources.get(link.target)
    if target is None:
        if link.target:
            faults.at("target").add("link-target", f"there is no resource {link.target}")
        return
    if link.target_when is not None:
        codes_in(scene, target, link.target_when, faults.at("target_when"))
    if not link.on:
        faults.at("on").add("link-items", "it joins no items", (resource.name, link.name))
    _joins(scene, link, faults.at("on"))
    _asks(target, tuple(there for _, there in link.on), faults)
    _asks(resource, tuple(own for own, _ in link.on), faults.at("inverse"))


def _joins(scene: Scene, link: Link, faults: Faults) -> None:
    for own_name, target_name in link.on:
        own = scene.has_item(link.source, own_name, faults)
        target = scene.has_item(link.target, target_name, faults)
        if own is not None and target is not None:
            _alike(own, target, link, faults)


def _alike(own: Item, target: Item, link: Link, faults: Faults) -> None:
    about = (link.source, own.name), (link.target, target.name)
    mine, theirs = f"{link.source}.{own.name}", f"{link.target}.{target.name}"
    if own.type is not target.type or own.scale != target.scale:
        faults.add("link-type", f"{mine} is of type {own.type}, {theirs} of {target.type}", *about)
    elif own.type in _NO_JOIN:
        faults.add("link-type", f"{mine}: items of type {own.type} join nothing", *about)
    elif own.canonical is not target.canonical:
        forms = f"{own.canonical or 'none'}, {theirs} {target.canonical or 'none'}"
        faults.add("link-type", f"{mine} has the canonical form {forms}: equal values would not meet", *about)


def _asks(resource: Resource, items: tuple[str, ...], faults: Faults) -> None:
    if resource.mode is Mode.LIVE and set(items) not in [set(lookup) for lookup in resource.lookups]:
        faults.add("link-live", f"{resource.name} is live and cannot be asked by {', '.join(items)}")
