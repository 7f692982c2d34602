"""Names: each in its form, none reserved, and no two that GraphQL would see as one."""

from __future__ import annotations

from collections.abc import Iterator

from catalogue import reserved
from catalogue.check.scene import Scene
from catalogue.faults import Faults
from catalogue.model import Resource
from catalogue.names import LONGEST, field_name, is_plain, is_snake, root_fields, type_names
from catalogue.snapshot import derived_links

RULES = {
    "name-form": f"Names are words of a–z and 0–9 joined by single underscores, at most {LONGEST} characters; those of "
    "systems and bindings may also have capitals, - and .",
    "name-reserved": "No name becomes one that the schema needs for itself (catalogue.reserved).",
    "name-clash": "No two resources, and no two items, links or moments of a resource, become one GraphQL name.",
}

#: What takes a member's name: the place inside the resource, and the words that say so.
Taken = tuple[str, str]


def look(scene: Scene) -> None:
    """Report names out of form, reserved ones and clashes."""
    for kind, names in (("system", scene.catalogue.systems), ("binding", scene.catalogue.bindings)):
        for name in names:
            if not is_plain(name):
                scene.at(kind, name).at("name").add("name-form", f"{name!r} is no name for a {kind}")
    for name in scene.catalogue.code_lists:
        _form(name, scene.at("code_list", name).at("name"))
    for resource, faults in scene.resources():
        _forms(resource, faults)
    _resources(scene)
    _members(scene)


def _forms(resource: Resource, faults: Faults) -> None:
    _form(resource.name, faults.at("name"))
    _form(resource.plural, faults.at("plural"))
    for place, members in (
        ("items", resource.items),
        ("moments", resource.moments),
        ("visibility", resource.visibility),
        ("links", resource.links),
    ):
        for member in members:
            _form(member.name, faults.at(place).at(member.name))
    for link in resource.links:
        _form(link.inverse, faults.at("links").at(link.name).at("inverse").at("name"))


def _form(name: str, faults: Faults) -> None:
    """An empty name is not repeated here: reading reported it as missing."""
    if name and not is_snake(name):
        faults.add("name-form", f"{name!r} is no name: write words like licence_type, at most {LONGEST} characters")


def _resources(scene: Scene) -> None:
    fields: dict[str, str] = {}
    types: dict[str, str] = {}
    for resource, faults in scene.resources():
        if not resource.plural:
            continue
        own = root_fields(resource.name, resource.plural)
        if own[0] == own[1]:
            faults.at("plural").add("name-clash", f"the plural {resource.plural} cannot be told from the name")
        for field in dict.fromkeys(own):
            _take(field, resource.name, fields, reserved.ROOTS, faults)
        for name in type_names(resource.name):
            _take(name, resource.name, types, reserved.TYPES, faults)


def _take(name: str, resource: str, taken: dict[str, str], kept: frozenset[str], faults: Faults) -> None:
    if name in kept:
        faults.at("name").add("name-reserved", f"it would become {name}, which the schema needs for itself")
    elif taken.setdefault(name, resource) != resource:
        faults.at("name").add("name-clash", f"{taken[name]} becomes {name} too")


def _members(scene: Scene) -> None:
    """Items, moments and link ends of each resource, inverse ends and derived ones among them."""
    taken: dict[tuple[str, str], Taken] = {}
    for resource, name, faults, words in _all_members(scene):
        if not name:
            continue
        field = field_name(name)
        mine = (faults.place, words)
        first = taken.setdefault((resource, field), mine)
        if field in reserved.MEMBERS:
            faults.add("name-reserved", f"{words} would become {field}, which the schema needs for itself")
        elif first != mine:
            faults.add("name-clash", f"{words} becomes {field} in {resource}, as {first[1]} does")


def _all_members(scene: Scene) -> Iterator[tuple[str, str, Faults, str]]:
    for resource, faults in scene.resources():
        for item in resource.items:
            yield resource.name, item.name, faults.at("items").at(item.name), f"the item {item.name}"
        for moment in resource.moments:
            yield resource.name, moment.name, faults.at("moments").at(moment.name), f"the moment {moment.name}"
    for resource, faults in scene.resources():
        yield from _ends(scene, resource, faults.at("links"))
    for link in derived_links(scene.catalogue):
        place = scene.at("resource", link.source).at("subjects").at(link.on[0][0])
        yield link.source, link.name, place, f"the derived link {link.name}"
        yield link.target, link.inverse, place, f"the derived link {link.inverse} from {link.source}"


def _ends(scene: Scene, resource: Resource, faults: Faults) -> Iterator[tuple[str, str, Faults, str]]:
    for link in resource.links:
        place = faults.at(link.name)
        yield resource.name, link.name, place, f"the link {link.name}"
        itself = link.target == resource.name and link.inverse == link.name
        if not itself and link.target in scene.catalogue.resources:
            words = f"the inverse {link.inverse} of {resource.name}.{link.name}"
            yield link.target, link.inverse, place.at("inverse").at("name"), words
