"""An entry → its descriptor text, as a person would write it: short forms where they say the same, defaults left out.

`catalogue.stores` keeps entries in this form, `hub catalogue show` prints it. Reading it back gives the same entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from typing import Any

import tomlkit
from tomlkit.items import AbstractTable, Array, InlineTable

from catalogue.descriptor.resources import NO_CANONICAL, default_canonical, joined_items
from catalogue.model import (
    NOTHING,
    Binding,
    Catalogue,
    CodeList,
    Column,
    Department,
    Item,
    Link,
    Moment,
    Resource,
    Sharing,
    SubjectColumn,
    SubjectRef,
    System,
    Variant,
    Visibility,
)
from catalogue.where import rule_to_mapping

Entry = Department | System | CodeList | Resource | Binding
Plain = dict[str, object]

_KINDS: Mapping[type[Entry], str] = {
    Department: "department",
    System: "system",
    CodeList: "code_list",
    Resource: "resource",
    Binding: "binding",
}
_HEAD = (
    "name", "plural", "title", "code", "classification", "provider", "abstract", "format", "sharing", "open_attribute",
    "cycle", "published_on", "related", "key", "unique", "identity", "mode", "lookups", "description",
)  # fmt: skip
_ITEM = (
    "title", "type", "sharing", "level", "mask", "verify", "code_list", "unit", "currency", "search", "indexed",
    "identifier", "varies_by", "variants", "description",
)  # fmt: skip
_LINK = ("title", "target", "on", "many", "sharing")


def dump(entry: Entry, known: Catalogue = NOTHING) -> str:
    """The descriptor of one entry. `known` holds the targets of a resource's links, to write rules on their far side;
    KeyError where it lacks one that is needed, ValueError for a rule without a written form.
    """
    table = _resource(entry, known) if isinstance(entry, Resource) else _entry(entry)
    listed = tomlkit.aot()
    listed.append(table)
    document = tomlkit.document()
    document.add(_KINDS[type(entry)], listed)
    return tomlkit.dumps(document)


def _entry(entry: Department | System | CodeList | Binding) -> AbstractTable:
    """Plain keys first, then the tables inside."""
    values = _said(entry)
    if isinstance(entry, Binding):
        values["columns"] = {column.item: _column(column) for column in entry.columns}
    return _table(values)


def _resource(resource: Resource, known: Catalogue) -> AbstractTable:
    table = _table(_said(resource, *_HEAD))
    joined = joined_items(resource)
    parts: Mapping[str, Plain] = {
        "items": {item.name: _item(item, joined) for item in resource.items},
        "subjects": {subject.item: _subject(subject) for subject in resource.subjects},
        "moments": {moment.name: _moment(moment) for moment in resource.moments},
        "visibility": {rule.name: _visibility(rule, resource) for rule in resource.visibility},
        "form": _said(resource.form),
    }
    for key, values in parts.items():
        if values:
            table.add(key, _table(values))
    if resource.links:
        targets = {**known.resources, resource.name: resource}
        table.add("links", _tables({link.name: _link(link, resource, targets) for link in resource.links}))
    return table


def _item(item: Item, joined: frozenset[str]) -> Plain:
    values = _said(item, *_ITEM)
    values["type"] = item.type + (str(item.length) if item.length else "") + (f",{item.scale}" if item.scale else "")
    if item.canonical is not default_canonical(item, joined):
        values["canonical"] = item.canonical or NO_CANONICAL
    return values


def _subject(subject: SubjectColumn) -> object:
    values = _said(subject, "kind", "discriminator", "kinds", "base")
    return subject.kind if values.keys() == {"kind"} else values


def _moment(moment: Moment) -> Plain:
    days = f" {'-' if moment.days < 0 else '+'} {abs(moment.days)} days" if moment.days else ""
    return {"title": moment.title, "at": moment.item + days}


def _visibility(rule: Visibility, resource: Resource) -> Plain:
    return {"title": rule.title, "hidden_when": rule_to_mapping(rule.hidden_when, resource)}


def _link(link: Link, resource: Resource, targets: Mapping[str, Resource]) -> Plain:
    values = _said(link, *_LINK)
    values["on"] = dict(link.on)
    if link.when is not None:
        values["when"] = rule_to_mapping(link.when, resource)
    if link.target_when is not None:
        values["target_when"] = rule_to_mapping(link.target_when, targets[link.target])
    inverse: Plain = {"name": link.inverse, "title": link.inverse_title}
    values["inverse"] = inverse if link.inverse_many else {**inverse, "many": False}
    return values


def _column(column: Column) -> object:
    values = _said(column, *(f.name for f in fields(Column) if f.name != "item"))
    return values["source"] if values.keys() == {"source"} else values


def _said(entry: Any, *names: str) -> Plain:
    """The named fields (all, where none is named) that say something else than their defaults."""
    by_name: Mapping[str, Field[Any]] = {each.name: each for each in fields(entry)}
    values = {name: getattr(entry, name) for name in names or by_name}
    return {name: value for name, value in values.items() if value != _default(by_name[name])}


def _default(each: Field[Any]) -> object:
    return each.default_factory() if each.default_factory is not MISSING else each.default


def _table(values: Plain) -> AbstractTable:
    """Lines of `key = value`; options, codes and columns, which only whole entries have, as tables of their own."""
    table = tomlkit.table()
    for key, value in values.items():
        own = key in ("options", "codes", "columns") and isinstance(value, Mapping)
        table.add(key, _table(dict(value)) if own and isinstance(value, Mapping) else _written(value))
    return table


def _tables(values: Mapping[str, Plain]) -> AbstractTable:
    table = tomlkit.table(is_super_table=True)
    for key, each in values.items():
        table.add(key, _table(each))
    return table


def _written(value: object) -> Any:
    """A value as it stands behind `key =`: mappings become inline tables."""
    match value:
        case Sharing():
            return _written(_short_sharing(value))
        case SubjectRef(kind, id_type, None):
            return f"{kind}:{id_type}" if id_type else kind
        case Variant():
            return _inline({"values": sorted(value.values), **_said(value, "sharing", "level", "mask")})
        case StrEnum():
            return value.value
        case Mapping():
            return _inline(value)
        case tuple() | list():
            return _array([_written(each) for each in value])
        case _ if hasattr(value, "__dataclass_fields__"):
            return _inline(_said(value))
        case _:
            return value


def _short_sharing(sharing: Sharing) -> object:
    values = _said(sharing)
    return sharing.type.value if values.keys() == {"type"} else values


def _inline(values: Mapping[str, object]) -> InlineTable:
    table = tomlkit.inline_table()
    for key, value in values.items():
        table.add(key, _written(value))
    return table


def _array(values: list[Any]) -> Array:
    array = tomlkit.array()
    array.extend(values)
    return array
