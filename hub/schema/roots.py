"""The root fields: what each resource brings to Query and Subscription, and the hand-written ones beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import strawberry
from strawberry.types.field import StrawberryField

from catalogue.model import Identity, Mode, Resource
from catalogue.names import field_name, root_fields
from catalogue.snapshot import Snapshot
from hub.operations.access import Me
from hub.operations.catalogue import CatalogueNoun
from hub.operations.feeds import FeedStart
from hub.operations.records import Node, SubjectResource
from hub.schema import words
from hub.schema.definitions import Argument, Form, add, define, field, listed, maybe
from hub.schema.items import input_type
from hub.schema.meaning import Root, RootField
from hub.schema.resource_types import Types, page_arguments, verifiable

ID = strawberry.ID
Entry = tuple[StrawberryField, RootField]

FIXED: tuple[Entry, ...] = (
    (
        field("node", maybe(Node), "按标识取一条记录", [("id", ID, "")]),
        RootField(Root.NODE),
    ),
    (
        field("nodes", maybe(listed(maybe(Node))), "按标识取多条记录，次序同入参", [("ids", listed(ID), "")]),
        RootField(Root.NODES),
    ),
    (field("catalogue", maybe(CatalogueNoun), "目录"), RootField(Root.NOUN)),
    (field("me", maybe(Me), "本客户端及其授权"), RootField(Root.NOUN)),
)


def queries(snapshot: Snapshot, types: Mapping[str, Types]) -> Iterator[Entry]:
    """Every field of Query with what it asks."""
    yield from FIXED
    yield _subject(snapshot, types)
    for resource in snapshot.resources.values():
        yield from _of_resource(resource, types[resource.name])


def subscriptions(snapshot: Snapshot, types: Mapping[str, Types]) -> Iterator[Entry]:
    """Every field of Subscription with what it asks."""
    for resource in snapshot.resources.values():
        if resource.mode is Mode.SYNCED:
            yield _changes(resource, types[resource.name])


def _subject(snapshot: Snapshot, types: Mapping[str, Types]) -> Entry:
    """What the hub holds of a subject: counts, and a connection for every synced resource that names subjects."""
    made = define("Subject", Form.OBJECT, "一个主体（法人、自然人、项目）在枢纽中的记录")
    add(made, [field("kind", str), field("resources", listed(SubjectResource), "可按主体查询且有可见记录的信息资源")])
    for resource in snapshot.resources.values():
        if resource.subjects and resource.mode is Mode.SYNCED:
            own = types[resource.name]
            name = root_fields(resource.name, resource.plural)[1]
            add(made, [field(name, maybe(own.connection), words.of_resource(resource), page_arguments(resource, own))])
    arguments: list[Argument] = [
        ("kind", str, "legal_person、person、project 等"),
        ("code", str, "统一社会信用代码、证件号码、项目代码等"),
        ("idType", maybe(str), "自然人的证件类型；只有一种，或号码只合乎其中一种的编码规则时，可省略"),
    ]
    return field("subject", maybe(made), "一个主体在枢纽中的记录", arguments), RootField(Root.SUBJECT)


def unique_keys(resource: Resource) -> tuple[tuple[str, ...], ...]:
    """The key and the further unique keys of the resource."""
    return tuple(dict.fromkeys((resource.key, *resource.unique)))


def _of_resource(resource: Resource, own: Types) -> Iterator[Entry]:
    one, many, by_key, *_ = root_fields(resource.name, resource.plural)
    about = words.of_resource(resource)
    if resource.identity is Identity.KEY:
        yield field(one, maybe(own.record), about, _key_arguments(resource)), RootField(Root.ONE, resource.name)
        keys: list[Argument] = [("values", listed(own.key), "至多 500 个，次序同入参，未命中为 null")]
        yield field(by_key, maybe(listed(maybe(own.record))), about, keys), RootField(Root.BY_KEY, resource.name)
    yield from _verifications(resource, own)
    if resource.mode is Mode.SYNCED:
        connection = field(many, maybe(own.connection), about, page_arguments(resource, own))
        yield connection, RootField(Root.MANY, resource.name)


def _verifications(resource: Resource, own: Types) -> Iterator[Entry]:
    """One record named by a complete key, or several by their primary keys, where something may be verified."""
    if not verifiable(resource):
        return
    *_, one, many = root_fields(resource.name, resource.plural)
    arguments = [*_key_arguments(resource), ("claims", own.claims, "待核验的值；只答是否一致，不返回任何值")]
    about = f"{resource.title}：核验"
    yield field(one, maybe(own.verification), about, arguments), RootField(Root.VERIFY, resource.name)
    values: list[Argument] = [("values", listed(own.verify), "至多 100 个，次序同入参")]
    several = maybe(listed(maybe(own.verification)))
    yield field(many, several, about, values), RootField(Root.VERIFY_EACH, resource.name)


def _key_arguments(resource: Resource) -> list[Argument]:
    """Required where there is one key; nullable where one of several must be complete, which the engine judges."""
    keys = unique_keys(resource)
    items = dict.fromkeys(name for key in keys for name in key)
    found: list[Argument] = []
    for name in items:
        kind = input_type(resource.item(name))
        found.append((field_name(name), kind if len(keys) == 1 else maybe(kind), words.of_item(resource.item(name))))
    return found


def _changes(resource: Resource, own: Types) -> Entry:
    name = root_fields(resource.name, resource.plural)[3]
    arguments: list[Argument] = [
        ("where", maybe(own.change_where), ""),
        ("after", maybe(str), "上次收到的游标"),
        ("from", maybe(FeedStart), "未给出游标时的起点，默认 NOW"),
    ]
    return field(name, own.event, f"{resource.title}：变更", arguments), RootField(Root.CHANGES, resource.name)
