"""The types of one resource: its records, pages, filters, order, keys and changes.

All of a snapshot's types are defined before any gets its fields, because links make them refer to each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import strawberry
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion

from catalogue.model import Identity, Item, Mode, Resource, SearchKind
from catalogue.names import field_name, type_name
from catalogue.snapshot import LinkEnd, Snapshot
from hub.operations.feeds import Caughtup, Change, Direction, Gap
from hub.operations.records import Node, PageInfo, Provenance, Record, Verification
from hub.records.model import Operation
from hub.schema import words
from hub.schema.definitions import Argument, Form, add, define, field, listed, maybe, union
from hub.schema.items import Filters, input_type, orderable, output_type
from hub.schema.scalars import DateTime


@dataclass(frozen=True, slots=True)
class Types:
    """The generated types of one resource. A live one is only asked for by key and link: it has `record` and `key`.

    The schema has those of verification where an item may be verified.
    """

    record: type
    key: type
    connection: type
    edge: type
    where: type
    change_where: type
    links: type
    order: type
    change: type
    event: StrawberryUnion
    claims: type
    verify: type
    verification: type


def defined(resource: Resource) -> Types:
    """The types of a resource, by name, without their fields."""
    name, title = type_name(resource.name), resource.title
    live = resource.mode is Mode.LIVE
    change = define(f"{name}Change", Form.OBJECT, f"{title}：变更", [Change])
    return Types(
        record=define(name, Form.OBJECT, words.of_resource(resource), [Record] if live else [Node, Record]),
        key=define(f"{name}KeyInput", Form.INPUT, f"{title}：主键"),
        connection=define(f"{name}Connection", Form.OBJECT, f"{title}：分页"),
        edge=define(f"{name}Edge", Form.OBJECT, f"{title}：分页中的一条"),
        where=define(f"{name}Where", Form.INPUT, f"{title}：条件，同级条件须同时满足"),
        change_where=define(f"{name}ChangeWhere", Form.INPUT, f"{title}：订阅条件，仅限自有信息项"),
        links=define(f"{name}Links", Form.INPUT, f"{title}：关联条件"),
        order=define(f"{name}OrderBy", Form.ONE_OF, f"{title}：排序"),
        change=change,
        event=union(f"{name}Event", (change, Gap, Caughtup), f"{title}：订阅事件"),
        claims=define(f"{name}Claims", Form.INPUT, f"{title}：待核验的值"),
        verify=define(f"{name}VerifyInput", Form.INPUT, f"{title}：一条核验"),
        verification=define(f"{name}Verification", Form.OBJECT, f"{title}：核验结果，未给出的信息项为 null"),
    )


def fill(snapshot: Snapshot, resource: Resource, types: Mapping[str, Types], filters: Filters) -> None:
    """Give the resource's types their fields."""
    own = types[resource.name]
    add(own.record, _record(snapshot, resource, types))
    add(own.key, (field(field_name(name), input_type(resource.item(name))) for name in resource.key))
    _verifying(resource, own)
    if resource.mode is Mode.LIVE:
        return
    add(own.connection, _connection(own))
    add(own.edge, [field("cursor", str), field("node", maybe(own.record))])
    comparisons = list(_comparisons(resource, filters))
    add(own.change_where, [*comparisons, *_logic(own.change_where)])
    add(own.where, [*comparisons, *_link_conditions(snapshot, resource, types), *_logic(own.where)])
    add(own.links, (field(quantifier, maybe(own.where)) for quantifier in ("some", "none", "every")))
    add(own.order, (field(field_name(i.name), maybe(Direction), words.of_item(i)) for i in orderables(resource)))
    add(own.change, _change(own))


def page_arguments(resource: Resource, own: Types) -> list[Argument]:
    """The arguments of every connection of the resource. `search` is there where an item is searchable."""
    search: list[Argument] = [("search", maybe(str), "全文检索")] if searchable(resource) else []
    return [
        ("where", maybe(own.where), ""),
        ("orderBy", maybe(listed(own.order)), ""),
        *search,
        ("first", maybe(int), ""),
        ("after", maybe(str), ""),
        ("last", maybe(int), ""),
        ("before", maybe(str), ""),
    ]


def verifiable(resource: Resource) -> tuple[Item, ...]:
    """The items that a client may have verified, if its grant says so. None where no single key names a record."""
    return tuple(item for item in resource.items if item.verify and resource.identity is Identity.KEY)


def searchable(resource: Resource) -> tuple[Item, ...]:
    """The items that full-text search reads."""
    return tuple(item for item in resource.items if item.search in (SearchKind.TEXT, SearchKind.CODE))


def orderables(resource: Resource) -> Iterator[Item]:
    """The items that records may be ordered by."""
    return (item for item in resource.items if orderable(item))


def _record(snapshot: Snapshot, resource: Resource, types: Mapping[str, Types]) -> Iterator[StrawberryField]:
    yield field("id", strawberry.ID)
    for item in resource.items:
        yield field(field_name(item.name), output_type(item), words.of_item(item))
    for end in snapshot.links_of(resource.name).values():
        yield _link(snapshot.resource(end.target), end, types[end.target])
    yield field("provenance", maybe(Provenance), "来源")
    if resource.mode is Mode.SYNCED:
        changes = maybe(listed(maybe(types[resource.name].change)))
        yield field(
            "history", changes, "本条记录的变更，最新在前，默认 20 条，至多 100 条", [("first", maybe(int), "")]
        )


def _verifying(resource: Resource, own: Types) -> None:
    for item in verifiable(resource):
        name, about = field_name(item.name), words.of_item(item)
        add(own.claims, [field(name, maybe(input_type(item)), about)])
        add(own.verification, [field(name, maybe(Verification), about)])
    add(own.verify, [field("key", own.key), field("claims", own.claims)])


def _link(target: Resource, end: LinkEnd, types: Types) -> StrawberryField:
    """A bounded list where the target is live, a connection where there may be many, else one record."""
    name, about = field_name(end.name), words.of_link(end)
    if target.mode is Mode.LIVE:
        return field(name, maybe(listed(maybe(types.record))), about)
    if end.many:
        return field(name, maybe(types.connection), about, page_arguments(target, types))
    return field(name, maybe(types.record), about)


def _connection(own: Types) -> list[StrawberryField]:
    return [
        field("nodes", maybe(listed(maybe(own.record)))),
        field("edges", maybe(listed(maybe(own.edge)))),
        field("pageInfo", PageInfo),
        field("totalCount", maybe(int), "符合条件且可见的记录数"),
    ]


def _comparisons(resource: Resource, filters: Filters) -> Iterator[StrawberryField]:
    for item in resource.items:
        yield field(field_name(item.name), maybe(filters.of(item)), words.of_item(item))
    for moment in resource.moments:
        yield field(field_name(moment.name), maybe(bool), words.of_moment(moment))


def _link_conditions(snapshot: Snapshot, resource: Resource, types: Mapping[str, Types]) -> Iterator[StrawberryField]:
    """A condition on every link but those to live resources, which can only be asked for."""
    for end in snapshot.links_of(resource.name).values():
        if snapshot.resource(end.target).mode is Mode.SYNCED:
            yield field(field_name(end.name), maybe(types[end.target].links), words.of_link(end))


def _logic(where: type) -> Iterable[StrawberryField]:
    several = maybe(listed(where))
    return field("and", several), field("or", several), field("not", maybe(where))


def _change(own: Types) -> list[StrawberryField]:
    return [
        field("cursor", str),
        field("operation", Operation),
        field("key", strawberry.ID),
        field("at", DateTime),
        field("record", maybe(own.record)),
    ]
