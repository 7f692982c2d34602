"""The plan of an operation: set-at-a-time steps, and for every record that is read what becomes of it. Values only.

Made by `hub.engine.compile` (step 3 of walk 1, a question), once a document, catalogue version and decision class; run
by `hub.engine.rows`. Values of arguments, row rules, purposes and quotas are not in it: they are bound for each
request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from graphql import FieldNode, GraphQLField

from catalogue.model import Resource
from catalogue.names import type_name
from catalogue.snapshot import LinkEnd
from hub.engine.references import Decide, Reference
from hub.records.model import Row


@dataclass(frozen=True, slots=True)
class At:
    """Where a field stands in the document: its response keys from the root, its node and definition.

    `number` names it within its plan. Below a list (`listed`) a path without indices is no GraphQL path.
    """

    number: int
    path: tuple[str, ...]
    node: FieldNode
    definition: GraphQLField
    listed: bool

    @property
    def key(self) -> str:
        """The response key."""
        return self.path[-1]

    @property
    def field(self) -> str:
        """`companies.nodes.phone`: how errors and `extensions.masked` name it."""
        return ".".join(self.path)


@dataclass(slots=True)
class Shown:
    """What was found out while rows were written: fields of which some record was denied, or masked, by its values."""

    denied: dict[str, At] = field(default_factory=dict)
    masked: set[str] = field(default_factory=set)


Write = Callable[[Row, Shown], object]


@dataclass(frozen=True, slots=True)
class Selection:
    """What is made of one record: values by response key, then what is followed from it.

    `items` are the items to read for it; `shown` those that the client gets, `~` before masked ones, for the audit.
    """

    resource: Resource
    values: tuple[tuple[str, Write], ...]
    links: tuple[Link, ...]
    items: frozenset[str]
    shown: frozenset[str]
    histories: tuple[History, ...] = ()


@dataclass(frozen=True, slots=True)
class Edges:
    """One selection of `edges`: under which keys the cursor stands, and what is made of each node."""

    cursors: tuple[str, ...]
    nodes: tuple[tuple[str, Selection], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """One selection of a connection, by response key."""

    nodes: tuple[tuple[str, Selection], ...]
    edges: tuple[tuple[str, Edges], ...]
    infos: tuple[str, ...]
    totals: tuple[str, ...]

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Every selection that is made of the connection's records."""
        return tuple(s for _, s in self.nodes) + tuple(s for _, edges in self.edges for _, s in edges.nodes)


@dataclass(frozen=True, slots=True)
class One:
    """A record by a complete unique key, synced or live."""

    at: At
    resource: Resource
    selection: Selection


@dataclass(frozen=True, slots=True)
class ByKey:
    """Records by their keys, in the order of the keys."""

    at: At
    resource: Resource
    selection: Selection


@dataclass(frozen=True, slots=True)
class Many:
    """A page of a resource's records."""

    at: At
    resource: Resource
    shape: Shape


@dataclass(frozen=True, slots=True)
class Nodes:
    """Records by node id. `selections` holds, by resource, those that the document names.

    `other` makes one for another resource under the request's decisions: only id and provenance can be selected there.
    """

    at: At
    many: bool
    selections: Mapping[str, Selection]
    other: Callable[[str, Decide], Selection]


@dataclass(frozen=True, slots=True)
class SubjectOf:
    """What the hub holds of a subject: its kind and the counts under their response keys, and pages of records.

    `nulls` are pages of resources of which the client may read nothing.
    """

    at: At
    kinds: tuple[str, ...]
    counts: tuple[str, ...]
    pages: tuple[Many, ...]
    nulls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A link followed for all parents at once: one record each (`selection`), or a page each (`shape`)."""

    at: At
    end: LinkEnd
    target: Resource
    selection: Selection | None = None
    shape: Shape | None = None

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Every selection that is made of the linked records."""
        return (self.selection,) if self.selection is not None else self.shape.selections if self.shape else ()


@dataclass(frozen=True, slots=True)
class Verify:
    """Given values compared with a record's, or (`many`) with each of several records': items by response key."""

    at: At
    resource: Resource
    fields: tuple[tuple[str, str], ...]
    many: bool


@dataclass(frozen=True, slots=True)
class History:
    """The changes of every record of a selection: a change's own fields and its records, by response key."""

    at: At
    resource: Resource
    fields: tuple[tuple[str, str], ...]
    records: tuple[tuple[str, Selection], ...]


Root = One | ByKey | Many | Nodes | SubjectOf | Verify
Step = Root | Link | History


@dataclass(frozen=True, slots=True)
class Denied:
    """A field that answers null because its item or link is denied, or (`reference` None) the whole resource behind it.

    The reason is the request's, not the plan's.
    """

    at: At
    resource: str
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one operation asks, under one class of decisions.

    `nouns` are hand-written root fields by response key; a refused root field stands in `nulls`. `touched` are the
    resources that the selection reads or would read, `references` its items and links, `steps` all steps at any depth.
    """

    roots: tuple[Root, ...]
    nouns: tuple[tuple[str, str], ...]
    nulls: tuple[str, ...]
    denied: tuple[Denied, ...]
    masked: frozenset[str]
    touched: frozenset[str]
    references: tuple[Reference, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """A subscription to the changes of one resource: the change's own fields and its records, by response key."""

    at: At
    resource: Resource
    fields: tuple[tuple[str, str], ...]
    records: tuple[tuple[str, Selection], ...]
    plan: Plan

    @property
    def touched(self) -> frozenset[str]:
        """As the plan's."""
        return self.plan.touched

    @property
    def type_name(self) -> str:
        """The GraphQL type of its changes."""
        return f"{type_name(self.resource.name)}Change"
