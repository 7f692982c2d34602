"""What the names of a generated schema mean: the planner reads a document through these, not through names of its own.

Names of items, links and moments never clash within a resource (`catalogue.lint`), so one table a resource serves its
object type, its filters, its order and the arguments of its lookups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from catalogue.model import Item, Moment, Resource
from catalogue.names import field_name
from catalogue.snapshot import LinkEnd, Snapshot

Named = Item | LinkEnd | Moment


class Root(Enum):
    """What a root field asks for. NOUN is a hand-written one, which answers by itself."""

    ONE = auto()
    MANY = auto()
    BY_KEY = auto()
    CHANGES = auto()
    NODE = auto()
    NODES = auto()
    SUBJECT = auto()
    VERIFY = auto()
    VERIFY_EACH = auto()
    NOUN = auto()


@dataclass(frozen=True, slots=True)
class RootField:
    """A root field and the resource that it asks; '' where it is not about one."""

    asks: Root
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Meanings:
    """`roots` are the fields of Query and Subscription by name; `records` maps an object type to its resource.

    `named` maps a resource to what its GraphQL names mean, `tags` the tag of a node id to its resource.
    """

    roots: Mapping[str, RootField]
    records: Mapping[str, str]
    named: Mapping[str, Mapping[str, Named]]
    tags: Mapping[str, str]


def names_of(snapshot: Snapshot, resource: Resource) -> Mapping[str, Named]:
    """What each GraphQL name of the resource means."""
    named: dict[str, Named] = {field_name(end.name): end for end in snapshot.links_of(resource.name).values()}
    named |= {field_name(moment.name): moment for moment in resource.moments}
    named |= {field_name(item.name): item for item in resource.items}
    return MappingProxyType(named)
