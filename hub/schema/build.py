"""A catalogue snapshot → the schema that serves it: Strawberry's, graphql-core's behind it, and what every name means.

Built off the event loop once a catalogue version and swapped whole. Strawberry makes types, introspection and SDL;
after that the generated fields get resolvers that only read the planned rows, by response key (step 8 of walk 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from types import MappingProxyType

import strawberry
from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema
from graphql.type import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLUnionType, is_object_type
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

from catalogue.names import type_name
from catalogue.snapshot import Snapshot
from hub.records.handles import tag
from hub.schema import resource_types, roots
from hub.schema.definitions import Form, add, define
from hub.schema.items import Filters
from hub.schema.meaning import Meanings, Named, RootField, names_of
from hub.schema.resource_types import Types
from hub.schema.scalars import SCALARS, Json

#: Where a planned row says which object type it is, for fields of an interface or union. No response key has a space.
TYPE = " type"

_BACKREF = "strawberry-definition"
Planned = Mapping[str, object]


@dataclass(frozen=True)
class Built:
    """The schema of one catalogue version."""

    snapshot: Snapshot
    schema: strawberry.Schema
    core: GraphQLSchema
    meanings: Meanings

    @cached_property
    def sdl(self) -> str:
        """The schema in GraphQL's own language."""
        return self.schema.as_str() + "\n"

    def record_type(self, resource: str) -> GraphQLObjectType:
        """The object type of a resource's records."""
        found = self.core.type_map[type_name(resource)]
        assert isinstance(found, GraphQLObjectType)
        return found


def build(snapshot: Snapshot) -> Built:
    """The schema of everything that the snapshot publishes."""
    types = {name: resource_types.defined(resource) for name, resource in snapshot.resources.items()}
    filters = Filters()
    for resource in snapshot.resources.values():
        resource_types.fill(snapshot, resource, types, filters)
    asked: dict[str, RootField] = {}
    schema = _schema(snapshot, types, asked)
    core: GraphQLSchema = schema._schema  # noqa: SLF001  # Strawberry has no public name for the schema it made
    _read_planned(core, snapshot)
    return Built(snapshot, schema, core, _meanings(snapshot, asked))


def _schema(snapshot: Snapshot, types: Mapping[str, Types], asked: dict[str, RootField]) -> strawberry.Schema:
    query, subscription = define("Query", Form.OBJECT), define("Subscription", Form.OBJECT)
    asked.update(_add_all(query, roots.queries(snapshot, types)))
    followed = _add_all(subscription, roots.subscriptions(snapshot, types))
    asked.update(followed)
    return strawberry.Schema(
        query=query,
        subscription=subscription if followed else None,
        types=[Json, *(own.record for own in types.values())],
        config=StrawberryConfig(scalar_map=dict(SCALARS)),
    )


def _add_all(root: type, entries: Iterable[roots.Entry]) -> dict[str, RootField]:
    """Give the root type its fields; what each asks, by name."""
    listed = list(entries)
    add(root, (made for made, _ in listed))
    return {str(made.graphql_name): meaning for made, meaning in listed}


def _meanings(snapshot: Snapshot, asked: Mapping[str, RootField]) -> Meanings:
    named: dict[str, Mapping[str, Named]] = {}
    for name, resource in snapshot.resources.items():
        named[name] = names_of(snapshot, resource)
    return Meanings(
        roots=MappingProxyType(dict(asked)),
        records=MappingProxyType({type_name(name): name for name in snapshot.resources}),
        named=MappingProxyType(named),
        tags=MappingProxyType({tag(name): name for name in snapshot.resources}),
    )


def _read_planned(core: GraphQLSchema, snapshot: Snapshot) -> None:
    """Let every generated field read the planned row, and every other one without a resolver its attribute."""
    generated = _generated(snapshot)
    for name, made in core.type_map.items():
        if isinstance(made, GraphQLInterfaceType | GraphQLUnionType) and not name.startswith("__"):
            made.resolve_type = _type_of
        elif isinstance(made, GraphQLInputObjectType):
            _judged_by_core(made)
        elif is_object_type(made) and not name.startswith("__"):
            assert isinstance(made, GraphQLObjectType)
            made.is_type_of = None
            for of in made.fields.values():
                of.resolve = _planned if name in generated else _reader(of)
                of.subscribe = None


def _generated(snapshot: Snapshot) -> frozenset[str]:
    suffixes = ("", "Connection", "Edge", "Change", "Verification")
    names = (type_name(name) + suffix for name in snapshot.resources for suffix in suffixes)
    return frozenset(("Query", "Subscription", "Subject", *names))


def _judged_by_core(made: GraphQLInputObjectType) -> None:
    """Strawberry judges @oneOf inputs when they are used; graphql-core does it in validation, like everything else."""
    definition = made.extensions[_BACKREF]
    if definition.is_one_of:
        made.is_one_of = True
        made.out_type = GraphQLInputObjectType.out_type  # type: ignore[method-assign]  # back to the class's own


def _planned(source: Planned, info: GraphQLResolveInfo[object], **_: object) -> object:
    return source[info.path.key]  # type: ignore[index]  # the last key of a field's path is its response key


def _type_of(source: object, *_: object) -> str:
    """Planned rows say it; hand-written nouns are called as their classes are."""
    return str(source[TYPE]) if isinstance(source, Mapping) else type(source).__name__


def _reader(of: GraphQLField) -> Callable[..., object] | None:
    definition: StrawberryField = of.extensions[_BACKREF]
    if definition.base_resolver is not None:
        return of.resolve
    read = attrgetter(definition.python_name)
    return lambda source, _info, **_: read(source)
