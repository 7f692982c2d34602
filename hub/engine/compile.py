"""Document → plan, under the decisions of one client and purpose (step 3 of walk 1, a question).

Fields are collected by graphql-core's own functions, so that what is planned is what is completed. Whether a field is
shown is asked of `hub.engine.references` alone. Nothing here reads a variable but those of @skip and @include.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from graphql import FieldNode, GraphQLObjectType, OperationDefinitionNode
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from graphql.type import get_named_type

from auth.decide import Decision, Outcome
from catalogue.model import Item, Mode, Resource
from catalogue.names import type_name
from catalogue.rules import items_of
from catalogue.snapshot import LinkEnd
from hub.engine.documents import Document
from hub.engine.plan import (
    At,
    ByKey,
    Denied,
    Edges,
    FeedPlan,
    History,
    Link,
    Many,
    Nodes,
    One,
    Plan,
    Root,
    Selection,
    Shape,
    Step,
    SubjectOf,
    Verify,
    Write,
)
from hub.engine.project import write_id, write_item, write_null, write_provenance
from hub.engine.references import Decide, Reference, Use, why_not
from hub.schema.build import Built
from hub.schema.meaning import Root as Asks
from hub.schema.meaning import RootField

TYPENAME = "__typename"
Changes = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, Selection], ...]]


@dataclass(frozen=True, slots=True)
class Source:
    """What is compiled: an operation of a valid document, and the values of the variables that switch fields."""

    built: Built
    document: Document
    operation: OperationDefinitionNode
    switches: Mapping[str, object]

    @property
    def variables(self) -> VariableValues:
        """The switches as graphql-core takes variables."""
        return VariableValues({}, dict(self.switches))


def compile_query(source: Source, decide: Decide) -> Plan:
    """The plan of a query."""
    core = source.built.core
    assert core.query_type is not None
    work = _Compiling(source, decide)
    for key, details in _root_fields(source, core.query_type).items():
        work.root(key, details, core.query_type)
    return work.plan()


def compile_feed(source: Source, decide: Decide) -> FeedPlan:
    """The plan of a subscription; validation made sure that it has one root field."""
    core = source.built.core
    assert core.subscription_type is not None
    ((key, details),) = _root_fields(source, core.subscription_type).items()
    return _Compiling(source, decide).feed(key, details, core.subscription_type)


def _root_fields(source: Source, root: GraphQLObjectType) -> GroupedFieldSet:
    return collect_fields(
        source.built.core, source.document.fragments, source.variables, root, source.operation, hide_suggestions=True
    ).grouped_field_set


@dataclass(slots=True)
class _Found:
    """What one record's selection has come to so far."""

    values: list[tuple[str, Write]] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    histories: list[History] = field(default_factory=list)
    items: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)


class _Compiling:
    """One compilation."""

    def __init__(self, source: Source, decide: Decide) -> None:
        self._source, self._decide = source, decide
        self._snapshot = source.built.snapshot
        self._meanings = source.built.meanings
        self._numbers = 0
        self._roots: list[Root] = []
        self._nouns: list[tuple[str, str]] = []
        self._nulls: list[str] = []
        self._denied: list[Denied] = []
        self._masked: set[str] = set()
        self._touched: set[str] = set()
        self._references: list[Reference] = []
        self._steps: list[Step] = []

    def plan(self) -> Plan:
        """What was compiled."""
        return Plan(
            roots=tuple(self._roots),
            nouns=tuple(self._nouns),
            nulls=tuple(self._nulls),
            denied=tuple(self._denied),
            masked=frozenset(self._masked),
            touched=frozenset(self._touched),
            references=tuple(self._references),
            steps=tuple(self._steps),
        )

    def root(self, key: str, details: FieldDetailsList, of: GraphQLObjectType) -> None:
        """One root field of a query; introspection answers by itself."""
        name = details[0].node.name.value
        if name.startswith("__"):
            return
        meaning = self._meanings.roots[name]
        if meaning.asks is Asks.NOUN:
            self._nouns.append((key, name))
            return
        at = self._at(None, key, details[0].node, of)
        if meaning.resource and not self._open(at, meaning.resource):
            self._nulls.append(key)
            return
        step = self._root_step(at, meaning, details)
        self._roots.append(step)
        self._steps.append(step)

    def feed(self, key: str, details: FieldDetailsList, of: GraphQLObjectType) -> FeedPlan:
        """The root field of a subscription."""
        at = self._at(None, key, details[0].node, of)
        resource = self._snapshot.resource(self._meanings.roots[details[0].node.name.value].resource)
        self._touched.add(resource.name)
        fields, records = self._changes(resource, details, at)
        return FeedPlan(at, resource, fields, records, self.plan())

    def _changes(self, resource: Resource, details: FieldDetailsList, at: At) -> Changes:
        """What is made of a change: its own fields and its records."""
        change = self._source.built.core.type_map[f"{type_name(resource.name)}Change"]
        assert isinstance(change, GraphQLObjectType)
        fields: list[tuple[str, str]] = []
        records: list[tuple[str, Selection]] = []
        for key, inner in self._subfields(change, details):
            name = inner[0].node.name.value
            if name == "record":
                inside = self._at(at, key, inner[0].node, change)
                records.append((key, self.selection(resource, inner, inside)))
            else:
                fields.append((key, name))
        return tuple(fields), tuple(records)

    def _root_step(self, at: At, meaning: RootField, details: FieldDetailsList) -> Root:
        if meaning.asks is Asks.SUBJECT:
            return self._subject(details, at)
        if meaning.asks in (Asks.NODE, Asks.NODES):
            return self._nodes(at, details, many=meaning.asks is Asks.NODES)
        resource = self._snapshot.resource(meaning.resource)
        if meaning.asks in (Asks.VERIFY, Asks.VERIFY_EACH):
            return self._verify(resource, details, at, many=meaning.asks is Asks.VERIFY_EACH)
        if meaning.asks is Asks.ONE:
            return One(at, resource, self.selection(resource, details, at))
        if meaning.asks is Asks.BY_KEY:
            return ByKey(at, resource, self.selection(resource, details, replace(at, listed=True)))
        return Many(at, resource, self._shape(resource, details, at))

    def _subject(self, details: FieldDetailsList, at: At) -> SubjectOf:
        plain: dict[str, list[str]] = {"kind": [], "resources": []}
        pages: list[Many] = []
        nulls: list[str] = []
        for key, inner in self._subfields(self._named_type(at), details):
            name = inner[0].node.name.value
            if name in plain:
                plain[name].append(key)
                continue
            inside = self._at(at, key, inner[0].node, self._named_type(at))
            resource = self._snapshot.resource(self._meanings.roots[name].resource)
            if self._open(inside, resource.name):
                pages.append(Many(inside, resource, self._shape(resource, inner, inside)))
            else:
                nulls.append(key)
        self._steps += pages
        return SubjectOf(at, tuple(plain["kind"]), tuple(plain["resources"]), tuple(pages), tuple(nulls))

    def _verify(self, resource: Resource, details: FieldDetailsList, at: At, *, many: bool) -> Verify:
        """Whether an item may be verified is asked once it is known which are given."""
        named = self._meanings.named[resource.name]
        asked = [(key, inner[0].node.name.value) for key, inner in self._subfields(self._named_type(at), details)]
        return Verify(at, resource, tuple((key, named[name].name) for key, name in asked), many)

    def _nodes(self, at: At, details: FieldDetailsList, *, many: bool) -> Nodes:
        """A selection for each resource whose type the document names; the others can show id and provenance only."""
        inside = replace(at, listed=many)
        named = sorted(
            self._meanings.records[t] for t in self._source.document.conditions & self._meanings.records.keys()
        )
        selections: dict[str, Selection] = {}
        for name in named:
            self._touched.add(name)
            selections[name] = self.selection(self._snapshot.resource(name), details, inside)
        source = self._source

        def other(name: str, decide: Decide) -> Selection:
            return _Compiling(source, decide).selection(source.built.snapshot.resource(name), details, inside)

        return Nodes(at, many, selections, other)

    def selection(self, resource: Resource, details: FieldDetailsList, at: At) -> Selection:
        """What is made of a record of the resource."""
        found = _Found()
        of = self._source.built.record_type(resource.name)
        for key, inner in self._subfields(of, details):
            self._field(resource, found, inner, self._at(at, key, inner[0].node, of))
        found.items |= {name for column in resource.subjects for name in (column.item, column.discriminator) if name}
        return Selection(
            resource, tuple(found.values), tuple(found.links), frozenset(found.items), frozenset(found.shown),
            tuple(found.histories),
        )  # fmt: skip

    def _field(self, resource: Resource, found: _Found, details: FieldDetailsList, at: At) -> None:
        name = details[0].node.name.value
        decision = self._decide(resource.name)
        if name == "id":
            found.values.append((at.key, write_id(resource)))
        elif name == "provenance":
            found.items |= {d.varies_by for d in decision.items.values() if d.varies_by}
            found.values.append((at.key, write_provenance(self._snapshot, resource, decision)))
        elif name == "history":
            history = History(at, resource, *self._changes(resource, details, replace(at, listed=True)))
            found.histories.append(history)
            self._steps.append(history)
        else:
            meaning = self._meanings.named[resource.name][name]
            if isinstance(meaning, Item):
                found.values.append((at.key, self._item(meaning, decision, found, at)))
            elif isinstance(meaning, LinkEnd):
                self._link(meaning, decision, found, (details, at))

    def _item(self, item: Item, decision: Decision, found: _Found, at: At) -> Write:
        if not self._stands(Reference(decision.resource, (item.name,), Use.SELECTED, at.path), decision, at):
            return write_null
        decided = decision.item(item.name)
        found.items |= {item.name, *([decided.varies_by] if decided.varies_by else [])}
        outcomes = {d.outcome for d in (decided, *decided.by_value.values())}
        found.shown |= {item.name} if Outcome.PLAIN in outcomes else set()
        found.shown |= {f"~{item.name}"} if Outcome.MASKED in outcomes else set()
        if outcomes == {Outcome.MASKED}:
            self._masked.add(at.field)
        codes = self._snapshot.catalogue.code_lists.get(item.code_list or "")
        return write_item(decision.resource, item, decided, codes, at)

    def _link(self, end: LinkEnd, decision: Decision, found: _Found, place: tuple[FieldDetailsList, At]) -> None:
        details, at = place
        granted = self._stands(Reference(decision.resource, (end.name,), Use.FOLLOWED, at.path), decision, at)
        if not granted or not self._open(at, end.target):
            found.values.append((at.key, write_null))
            return
        found.items |= {own for own, _ in end.on} | (items_of(end.when) if end.when else frozenset())
        link = self._followed(end, details, at)
        found.links.append(link)
        self._steps.append(link)

    def _followed(self, end: LinkEnd, details: FieldDetailsList, at: At) -> Link:
        target = self._snapshot.resource(end.target)
        if target.mode is Mode.LIVE:
            return Link(at, end, target, selection=self.selection(target, details, replace(at, listed=True)))
        if end.many:
            return Link(at, end, target, shape=self._shape(target, details, at))
        return Link(at, end, target, selection=self.selection(target, details, at))

    def _shape(self, resource: Resource, details: FieldDetailsList, at: At) -> Shape:
        of = self._named_type(at)
        nodes: list[tuple[str, Selection]] = []
        edges: list[tuple[str, Edges]] = []
        plain: dict[str, list[str]] = {"pageInfo": [], "totalCount": []}
        for key, inner in self._subfields(of, details):
            inside = self._at(at, key, inner[0].node, of, listed=True)
            match inner[0].node.name.value:
                case "nodes":
                    nodes.append((key, self.selection(resource, inner, inside)))
                case "edges":
                    edges.append((key, self._edges(resource, inner, inside)))
                case name:
                    plain[name].append(key)
        return Shape(tuple(nodes), tuple(edges), tuple(plain["pageInfo"]), tuple(plain["totalCount"]))

    def _edges(self, resource: Resource, details: FieldDetailsList, at: At) -> Edges:
        of = self._named_type(at)
        cursors: list[str] = []
        nodes: list[tuple[str, Selection]] = []
        for key, inner in self._subfields(of, details):
            if inner[0].node.name.value == "cursor":
                cursors.append(key)
            else:
                nodes.append((key, self.selection(resource, inner, self._at(at, key, inner[0].node, of))))
        return Edges(tuple(cursors), tuple(nodes))

    def _open(self, at: At, resource: str) -> bool:
        """Whether anything of the resource may be read; where not, the field that leads to it is denied."""
        self._touched.add(resource)
        if self._decide(resource).refusal is None:
            return True
        self._denied.append(Denied(at, resource))
        return False

    def _stands(self, reference: Reference, decision: Decision, at: At) -> bool:
        self._references.append(reference)
        if why_not(reference, decision) is None:
            return True
        self._denied.append(Denied(at, decision.resource, reference))
        return False

    def _subfields(self, of: GraphQLObjectType, details: FieldDetailsList) -> Iterator[tuple[str, FieldDetailsList]]:
        source = self._source
        grouped = collect_subfields(
            source.built.core, source.document.fragments, source.variables, source.operation, of, details,
            hide_suggestions=True,
        ).grouped_field_set  # fmt: skip
        return ((key, inner) for key, inner in grouped.items() if inner[0].node.name.value != TYPENAME)

    def _named_type(self, at: At) -> GraphQLObjectType:
        found = get_named_type(at.definition.type)
        assert isinstance(found, GraphQLObjectType)
        return found

    def _at(self, parent: At | None, key: str, node: FieldNode, of: GraphQLObjectType, *, listed: bool = False) -> At:
        self._numbers += 1
        path = (*parent.path, key) if parent else (key,)
        below = listed or (parent is not None and parent.listed)
        return At(self._numbers, path, node, of.fields[node.name.value], below)
