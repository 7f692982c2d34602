"""Arguments → bound values: conditions, orders, windows, keys and ids in stored form, and what they refer to.

Step 4 of walk 1 (a question), for each request, before any store is asked. BAD_INPUT names the argument that is wrong,
DOCUMENT_REFUSED the figure that is too large, CURSOR_INVALID a cursor that does not belong. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from graphql.execution.values import VariableValues, get_argument_values

from catalogue.fold import fold
from catalogue.model import Item, Resource
from catalogue.names import field_name
from catalogue.rules import TRUE, Op, Value, Where
from catalogue.snapshot import Snapshot
from catalogue.where import LiteralError, literal
from hub.engine.conditions import Conditions
from hub.engine.cursors import PageCursors, precedes
from hub.engine.plan import At, ByKey, History, Link, Many, Nodes, One, Plan, Step, Verify
from hub.engine.references import Reference, Use
from hub.engine.subjects import SubjectAsked, asked_for
from hub.errors import Code, HubError
from hub.operations.feeds import Direction
from hub.records.model import Keyset, Order
from hub.schema.meaning import Meanings
from hub.schema.resource_types import searchable
from hub.schema.roots import unique_keys

DEFAULT_PAGE, LARGEST_PAGE = 50, 1_000
MOST_KEYS = 500
MOST_VERIFIED = 100
DEFAULT_HISTORY, LONGEST_HISTORY = 20, 100
MOST_TERMS = 10


@dataclass(frozen=True, slots=True)
class Window:
    """What part of an order is wanted, by the rules of the Relay cursor specification; None where not given."""

    first: int | None
    last: int | None
    after: Keyset | None
    before: Keyset | None

    @property
    def limit(self) -> int:
        """How many records to read so that both rules can be judged."""
        return max(self.first or 0, self.last or 0, 1)

    @property
    def most(self) -> int:
        """How many records can come out."""
        return min(size for size in (self.first, self.last) if size is not None)

    @property
    def backwards(self) -> bool:
        """Whether the window hangs on its end: `last` alone."""
        return self.first is None


@dataclass(frozen=True, slots=True)
class Paged:
    """The arguments of a connection. `search` is the text; in which items is the decision's."""

    where: Where
    order: tuple[Order, ...]
    search: str | None
    window: Window
    totals: bool


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys to look up: each a tuple of values of the items `by`, in the order asked."""

    by: tuple[str, ...]
    values: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Ids:
    """Node ids in the order asked: resource and handle, None for what is no id of this catalogue."""

    values: tuple[tuple[str, str] | None, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """What is claimed of the records with these keys: for each the given values by item, in stored form."""

    keys: Keys
    given: tuple[Mapping[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Newest:
    """How many changes of each record are wanted."""

    first: int


Arguments = Paged | Keys | Ids | SubjectAsked | Claims | Newest


@dataclass(frozen=True, slots=True)
class Bound:
    """The arguments of every step, by its number, and every reference that they make."""

    arguments: Mapping[int, Arguments]
    references: tuple[Reference, ...]

    def paged(self, step: Many | Link) -> Paged:
        """The arguments of a connection."""
        found = self.arguments[step.at.number]
        assert isinstance(found, Paged)
        return found


class Binder:
    """Binds the arguments of one request."""

    def __init__(self, snapshot: Snapshot, meanings: Meanings, cursors: PageCursors, variables: VariableValues) -> None:
        self._snapshot, self._meanings, self._cursors, self._variables = snapshot, meanings, cursors, variables
        self._references: list[Reference] = []

    def bind(self, plan: Plan) -> Bound:
        """The arguments of every step of the plan."""
        arguments = {step.at.number: found for step in plan.steps if (found := self._step(step)) is not None}
        return Bound(arguments, tuple(self._references))

    def condition(self, resource: Resource, value: Mapping[str, Any] | None, place: tuple[str, ...]) -> Where:
        """A `where` argument, null or absent meaning none."""
        if value is None:
            return TRUE
        conditions = Conditions(self._snapshot, self._meanings, self._references)
        return conditions.read(resource, value, place)

    @property
    def references(self) -> tuple[Reference, ...]:
        """What was referred to so far."""
        return tuple(self._references)

    def given(self, at: At) -> dict[str, Any]:
        """The field's arguments as GraphQL coerces them; BAD_INPUT where a variable does not fit."""
        try:
            return get_argument_values(at.definition, at.node, self._variables, hide_suggestions=True)
        except GraphQLError as error:
            raise HubError(Code.BAD_INPUT, error.message, field=at.field) from error

    def _step(self, step: Step) -> Arguments | None:
        match step:
            case One(at, resource):
                return self._one(resource, self.given(at), at, Use.KEY)
            case ByKey():
                return self._by_key(step)
            case Many(at, resource, shape):
                return self._paged(resource, at, totals=bool(shape.totals))
            case Nodes(at, many):
                return self._ids(at, many=many)
            case Link(at, _, target, _, shape):
                return self._paged(target, at, totals=bool(shape.totals)) if shape else None
            case Verify():
                return self._claims(step)
            case History(at):
                first = _size("first", self.given(at).get("first"), at, LONGEST_HISTORY)
                return Newest(DEFAULT_HISTORY if first is None else first)
            case _:
                return self._subject(step.at)

    def _one(self, resource: Resource, given: Mapping[str, Any], at: At, use: Use) -> Keys:
        """Exactly one complete unique key."""
        named = {self._item(resource, name).name: value for name, value in given.items() if value is not None}
        keys = unique_keys(resource)
        key = next((key for key in keys if set(key) == set(named)), None)
        if key is None:
            wanted = " or ".join(f"({', '.join(map(field_name, key))})" for key in keys)
            raise HubError(Code.BAD_INPUT, f"{at.field} takes exactly one complete key: {wanted}")
        self._references.append(Reference(resource.name, key, use, at.path))
        return _keys(resource, key, [named], at)

    def _by_key(self, step: ByKey) -> Keys:
        values: list[dict[str, Any]] = self.given(step.at)["values"]
        _at_most("values", len(values), MOST_KEYS, step.at)
        return self._primary(step.resource, values, step.at, Use.KEY)

    def _primary(self, resource: Resource, values: Sequence[Mapping[str, Any]], at: At, use: Use) -> Keys:
        named = [{self._item(resource, name).name: v for name, v in value.items()} for value in values]
        self._references.append(Reference(resource.name, resource.key, use, at.path))
        return _keys(resource, resource.key, named, at)

    def _claims(self, step: Verify) -> Claims:
        """The keys, and what is claimed of each record; an item that is given as null is not given."""
        given = self.given(step.at)
        if step.many:
            asked: list[dict[str, Any]] = given["values"]
            _at_most("values", len(asked), MOST_VERIFIED, step.at)
            keys = self._primary(step.resource, [each["key"] for each in asked], step.at, Use.VERIFIED_BY)
            return Claims(keys, tuple(self._claimed(step, each["claims"]) for each in asked))
        named = {name: value for name, value in given.items() if name != "claims"}
        keys = self._one(step.resource, named, step.at, Use.VERIFIED_BY)
        return Claims(keys, (self._claimed(step, given["claims"]),))

    def _claimed(self, step: Verify, claims: Mapping[str, Any]) -> Mapping[str, Value]:
        found: dict[str, Value] = {}
        for name, value in claims.items():
            if value is not None:
                item = self._item(step.resource, name)
                place = (*step.at.path, "claims", name)
                self._references.append(Reference(step.resource.name, (item.name,), Use.VERIFIED, place))
                found[item.name] = _stored(item, value, step.at)
        if not found:
            raise HubError(Code.BAD_INPUT, f"claims of {step.at.field} take at least one value")
        return found

    def _paged(self, resource: Resource, at: At, *, totals: bool) -> Paged:
        given = self.given(at)
        order = self._order(resource, given.get("orderBy") or [], at)
        return Paged(
            where=self.condition(resource, given.get("where"), (*at.path, "where")),
            order=order,
            search=self._search(resource, given.get("search"), at),
            window=self._window(resource, given, order, at),
            totals=totals,
        )

    def _order(self, resource: Resource, given: Sequence[Mapping[str, Direction | None]], at: At) -> tuple[Order, ...]:
        _at_most("terms in orderBy", len(given), MOST_TERMS, at)
        terms: list[Order] = []
        for term in given:
            ((name, direction),) = term.items()
            item = self._item(resource, name)
            if item.name not in [known.item for known in terms]:
                terms.append(Order(item.name, direction is Direction.DESC))
                self._references.append(Reference(resource.name, (item.name,), Use.ORDER, (*at.path, "orderBy")))
        return tuple(terms)

    def _search(self, resource: Resource, text: str | None, at: At) -> str | None:
        """The text. It refers to every searchable item: the decision says in which of them it looks."""
        if text is None:
            return None
        if not fold(text):
            raise HubError(
                Code.BAD_INPUT, f"search of {at.field} takes text with at least one letter, digit or Han character"
            )
        names = tuple(item.name for item in searchable(resource))
        self._references.append(Reference(resource.name, names, Use.SEARCH, (*at.path, "search")))
        return text

    def _window(self, resource: Resource, given: Mapping[str, Any], order: tuple[Order, ...], at: At) -> Window:
        first, last = _size("first", given.get("first"), at), _size("last", given.get("last"), at)
        places = {
            name: self._cursors.read(given[name], resource.name, order) if given.get(name) is not None else None
            for name in ("after", "before")
        }
        if any(places.values()):
            self._references += [Reference(resource.name, (t.item,), Use.CURSOR, at.path) for t in order]
        if first is None and last is None:
            first = DEFAULT_PAGE
        after, before = places["after"], places["before"]
        if after and before and not precedes(order, after, before):
            before = None  # as the specification has it: no such edge among those after `after`, so nothing is cut off
        return Window(first, last, after, before)

    def _ids(self, at: At, *, many: bool) -> Ids:
        given = self.given(at)
        texts: list[str] = given["ids"] if many else [given["id"]]
        _at_most("ids", len(texts), MOST_KEYS, at)
        return Ids(tuple(self._id(text) for text in texts))

    def _id(self, text: str) -> tuple[str, str] | None:
        tag, _, handle = text.partition(".")
        resource = self._meanings.tags.get(tag)
        return (resource, handle) if resource and handle else None

    def _subject(self, at: At) -> SubjectAsked:
        given = self.given(at)
        return asked_for(self._snapshot, given["kind"], given.get("idType"), given["code"])

    def _item(self, resource: Resource, name: str) -> Item:
        found = self._meanings.named[resource.name][name]
        assert isinstance(found, Item)
        return found


def _keys(resource: Resource, key: tuple[str, ...], given: Sequence[Mapping[str, Any]], at: At) -> Keys:
    items = [resource.item(name) for name in key]
    return Keys(key, tuple(tuple(_stored(item, value[item.name], at) for item in items) for value in given))


def _stored(item: Item, value: object, at: At) -> Value:
    if value is None:
        raise HubError(Code.BAD_INPUT, f"{field_name(item.name)} of {at.field} must not be null")
    try:
        stored = literal(item, Op.EQ, value)
    except LiteralError as error:
        raise HubError(Code.BAD_INPUT, f"{field_name(item.name)} of {at.field} {error}") from error
    assert not isinstance(stored, tuple)
    return stored


def _size(name: str, size: int | None, at: At, largest: int = LARGEST_PAGE) -> int | None:
    if size is None:
        return None
    if size < 0:
        raise HubError(Code.BAD_INPUT, f"{name} of {at.field} must not be negative: {size}")
    _at_most(name, size, largest, at)
    return size


def _at_most(what: str, figure: int, limit: int, at: At) -> None:
    if figure > limit:
        raise HubError(
            Code.DOCUMENT_REFUSED, f"{what} of {at.field}: {figure}, the limit is {limit}", figure=figure, limit=limit
        )
