"""decide(principal, purpose, entry, access, now) → Decision: who may see what of one resource. Pure; deny wins.

Step 3 of walk 1 (a question), and judged again for every batch of a feed (walk 2). A Decision is a vector of outcomes
with a reason for every denial; the engine never asks anything else about access. What a token says only narrows: its
scopes count as far as the client still holds them, and no scope gives a conditional item.

Under a declared purpose the grant for it governs the whole answer: its row rule limits unconditional items too, so that
one answer has one set of records. Whoever wants all records of the unconditional items asks without a purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from auth.bearer import Principal
from auth.grants import Grant, Shown, expired
from auth.ports import Access
from auth.purpose import DeclaredPurpose
from auth.scopes import required_for_resource
from catalogue.model import Item, Mask, Resource, SharingType
from catalogue.rules import (
    FALSE,
    TRUE,
    Among,
    Compare,
    Either,
    Every,
    Linked,
    Not,
    Op,
    Reached,
    Value,
    Where,
    both,
    items_of,
)
from catalogue.snapshot import LinkEnd, Snapshot


class Outcome(StrEnum):
    """What reading an item gives."""

    PLAIN = "plain"
    MASKED = "masked"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused: an error code of CONTRACT and a sentence that names what is missing."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ItemDecision:
    """What reading one item gives. Where the item's rule varies by a discriminator, `by_value` overrides per value.

    `outcome` holds for every value without an entry of its own. `verify` says whether the item may be verified;
    `verify_reason` why not, where a grant could allow it.
    """

    outcome: Outcome
    mask: Mask | None = None
    verify: bool = False
    reason: Reason | None = None
    varies_by: str | None = None
    by_value: Mapping[str, ItemDecision] = field(default_factory=dict)
    verify_reason: Reason | None = None

    @property
    def plain(self) -> bool:
        """Plain for every record: only then may where, order, search, group and cursor refer to the item."""
        return self.outcome is Outcome.PLAIN and all(d.outcome is Outcome.PLAIN for d in self.by_value.values())

    @property
    def verifiable(self) -> bool:
        """It may be verified for some record."""
        return any(d.verify for d in (self, *self.by_value.values()))

    @property
    def readable(self) -> bool:
        """Something of the item is shown for some record, plain or masked."""
        return any(d.outcome is not Outcome.DENIED for d in (self, *self.by_value.values()))

    def for_value(self, value: Value) -> ItemDecision:
        """What reading gives for a record whose discriminator holds the value."""
        return self.by_value.get(value, self) if isinstance(value, str) else self


@dataclass(frozen=True, slots=True)
class Decision:
    """All outcomes for one client, purpose and resource.

    `refusal` is set where nothing of the resource may be asked: client gone, scope missing, purpose not its own, or no
    unconditional item and no grant in force (none, expired, purpose or consent missing). All else is then denied and
    `rows` holds for no record. `links` holds the links (by name, from this resource's side, inverse names included)
    that may be followed, `link_reasons` why the others may not. `rows` is the bound row rule, visibility rules included
    (but for a statutory grant). `lookup` is the right to ask by a whole key or subject whose items are not plain.
    `grant_id`, `until` and `quota` are those of the grant in force. The decision holds until `valid_until` as long as
    client, grants and catalogue stay: the end of that grant, or of one that a reason tells of; None without end.
    `decision_class` is hashable: equal classes share a plan. Reasons, literals of rules, purpose, grant, until and
    quota are not in it: they are bound per request.
    """

    resource: str
    items: Mapping[str, ItemDecision]
    links: frozenset[str]
    lookup: bool
    rows: Where = TRUE
    statutory: bool = False
    grant_id: str | None = None
    until: datetime | None = None
    quota: int | None = None
    refusal: Reason | None = None
    decision_class: tuple[object, ...] = ()
    link_reasons: Mapping[str, Reason] = field(default_factory=dict)
    lookup_reason: Reason | None = None
    valid_until: datetime | None = None

    def item(self, name: str) -> ItemDecision:
        """The decision about one item; KeyError for an item that the resource does not have."""
        return self.items[name]

    def may_ask_by(self, items: Iterable[str]) -> bool:
        """Whether records may be asked for by a whole key of these items: by right, or because each is plain anyway."""
        return self.lookup or (self.refusal is None and all(self.items[name].plain for name in items))


@dataclass(frozen=True, slots=True)
class Entry:
    """What a decision is about: a resource, its links as it sees them, and the name of its providing department."""

    resource: Resource
    links: Mapping[str, LinkEnd]
    department: str


def entry_of(snapshot: Snapshot, resource: str) -> Entry:
    """The resource of that name as published; KeyError where there is none."""
    found = snapshot.resource(resource)
    provider = snapshot.catalogue.departments.get(found.provider)
    return Entry(found, snapshot.links_of(resource), provider.name if provider else found.provider)


def decide(
    principal: Principal, purpose: DeclaredPurpose | None, entry: Entry, access: Access, now: datetime
) -> Decision:
    """The one decision about a client, its purpose and a resource at `now`. Costs one pass over items and links."""
    ask = _Ask(principal, purpose, entry, access, now)
    refusal = _door(ask)
    if refusal:
        return _refused(entry, refusal)
    standing = _standing(ask)
    items = _without_hidden_discriminators({item.name: _item(standing, item) for item in entry.resource.items})
    if standing.grant is None and not any(item.readable for item in items.values()):
        return replace(_refused(entry, standing.why("", lambda _: True)), valid_until=standing.valid_until)
    return _classed(_opened(standing, items))


@dataclass(frozen=True, slots=True)
class _Ask:
    principal: Principal
    purpose: DeclaredPurpose | None
    entry: Entry
    access: Access
    now: datetime

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes of the token that the client still holds."""
        client = self.access.clients.get(self.principal.client_id)
        return self.principal.scopes & client.scopes if client else frozenset()


@dataclass(frozen=True, slots=True)
class _Standing:
    """The grant in force, if any; else `idle` are grants that would be, but for what `code` says is missing."""

    entry: Entry
    under: str
    grant: Grant | None = None
    idle: tuple[Grant, ...] = ()
    code: str = "NOT_GRANTED"
    statutory: bool = False
    valid_until: datetime | None = None

    def why(self, what: str, covers: Callable[[Grant], bool]) -> Reason:
        """Why something conditional is denied: an idle grant covers it, or none does."""
        code = self.code if any(map(covers, self.idle)) else "NOT_GRANTED"
        place = _place(self.entry, what)
        return Reason(code, f"{place} is shared conditionally: {_LACKING[code].format(under=self.under)}.")


_LACKING: Mapping[str, str] = {
    "NOT_GRANTED": "no grant in force covers it {under}",
    "PURPOSE_REQUIRED": "a grant covers it, for a purpose that the request must declare",
    "GRANT_EXPIRED": "the grant {under} has expired",
    "CONSENT_REQUIRED": "the grant {under} also needs the subject's consent",
}


def _door(ask: _Ask) -> Reason | None:
    """Why the client may ask nothing at all of the resource, or None."""
    client = ask.access.clients.get(ask.principal.client_id)
    scope = required_for_resource(ask.entry.resource.name)
    place = _place(ask.entry, "")
    if client is None or client.removed:
        return Reason("UNAUTHENTICATED", f"{place}: the client {ask.principal.client_id} is not registered.")
    if scope not in ask.scopes:
        return Reason("INSUFFICIENT_SCOPE", f"{place} needs the scope {scope}.")
    if ask.purpose and ask.purpose.code not in ask.access.purposes[client.id]:
        return Reason("NOT_GRANTED", f"{place}: the client has no purpose {ask.purpose.code}.")
    return None


def _standing(ask: _Ask) -> _Standing:
    """Where the client stands with the resource under its purpose."""
    place = (ask.principal.client_id, ask.entry.resource.name)
    if ask.purpose is None:
        grants = (g for g in ask.access.by_resource.get(place, ()) if not expired(g, ask.now) and _fits(g, ask.entry))
        return _idle(ask.entry, "for any purpose", tuple(grants), "PURPOSE_REQUIRED")
    under = f"for the purpose {ask.purpose.code}"
    grant = ask.access.by_client.get((*place, ask.purpose.code))
    if grant is None or not _fits(grant, ask.entry):
        return _Standing(ask.entry, under)
    if expired(grant, ask.now):
        return replace(_idle(ask.entry, under, (grant,), "GRANT_EXPIRED"), valid_until=None)
    if grant.consent_required:
        return _idle(ask.entry, under, (grant,), "CONSENT_REQUIRED")
    statutory = grant.statutory and "statutory:read" in ask.scopes
    return _Standing(ask.entry, under, grant, statutory=statutory, valid_until=grant.until)


def _idle(entry: Entry, under: str, grants: tuple[Grant, ...], code: str) -> _Standing:
    until = min((grant.until for grant in grants), default=None)
    return _Standing(entry, under, idle=grants, code=code, valid_until=until)


def _fits(grant: Grant, entry: Entry) -> bool:
    """Whether the row rule still speaks of items that the resource has: one that cannot be applied gives nothing."""
    return items_of(grant.rows) <= {item.name for item in entry.resource.items}


def _item(standing: _Standing, item: Item) -> ItemDecision:
    """What reading the item gives, with an entry for each discriminator value that makes a difference."""
    own = _ruled(standing, item, item.sharing.type, item.mask)
    by_value = {
        value: _ruled(standing, item, variant.sharing.type, variant.mask)
        for variant in item.variants
        for value in variant.values
    }
    other = {value: d for value, d in by_value.items() if _outcome(d) != _outcome(own)}
    return replace(own, varies_by=item.varies_by, by_value=other) if other else own


def _ruled(standing: _Standing, item: Item, sharing: SharingType, mask: Mask | None) -> ItemDecision:
    """One rule of an item, with whether it may be verified."""
    if sharing is SharingType.DENIED:
        return ItemDecision(Outcome.DENIED, reason=_never(standing.entry, f"item {item.name}"))
    read = _read(standing, item, sharing, mask)
    if not item.verify:
        return read
    if standing.grant is not None and item.name in standing.grant.verify:
        return replace(read, verify=True)
    why = standing.why(f"verification of {item.name}", lambda idle: item.name in idle.verify)
    return replace(read, verify_reason=why)


def _read(standing: _Standing, item: Item, sharing: SharingType, mask: Mask | None) -> ItemDecision:
    """A grant alone takes the mask off, also where what is masked is shared unconditionally."""
    grant = standing.grant
    shown = grant.items.get(item.name) if grant else None
    if shown is None and sharing is SharingType.CONDITIONAL:
        reason = standing.why(f"item {item.name}", lambda idle: item.name in idle.items)
        return ItemDecision(Outcome.DENIED, reason=reason)
    if mask and shown is not Shown.PLAIN:
        return ItemDecision(Outcome.MASKED, mask)
    return ItemDecision(Outcome.PLAIN)


def _without_hidden_discriminators(items: Mapping[str, ItemDecision]) -> dict[str, ItemDecision]:
    """How an item looks must not tell a discriminator that the client may not see: there the strictest rule holds."""
    return {
        name: item if item.varies_by is None or items[item.varies_by].plain else _strictest(item)
        for name, item in items.items()
    }


def _strictest(item: ItemDecision) -> ItemDecision:
    rules = (replace(item, varies_by=None, by_value={}), *item.by_value.values())
    worst = max(rules, key=lambda rule: _STRICTNESS[rule.outcome])
    return replace(worst, verify=all(rule.verify for rule in rules))


_STRICTNESS: Mapping[Outcome, int] = {Outcome.PLAIN: 0, Outcome.MASKED: 1, Outcome.DENIED: 2}


def _opened(standing: _Standing, items: Mapping[str, ItemDecision]) -> Decision:
    """The decision about a resource of which something may be asked; its class is still to come."""
    grant = standing.grant
    denied = {name: why for name, end in standing.entry.links.items() if (why := _link(standing, end))}
    lookup = grant is not None and grant.lookup
    hidden = () if standing.statutory else standing.entry.resource.visibility
    return Decision(
        resource=standing.entry.resource.name,
        items=items,
        links=frozenset(standing.entry.links) - denied.keys(),
        lookup=lookup,
        rows=both(grant.rows if grant else TRUE, *(Not(rule.hidden_when) for rule in hidden)),
        statutory=standing.statutory,
        grant_id=grant.id if grant else None,
        until=grant.until if grant else None,
        quota=grant.quota if grant else None,
        link_reasons=denied,
        lookup_reason=None if lookup else standing.why("lookup by key or subject", lambda idle: idle.lookup),
        valid_until=standing.valid_until,
    )


def _link(standing: _Standing, end: LinkEnd) -> Reason | None:
    """Why the link may not be followed, or None."""
    sharing = end.link.sharing.type
    if sharing is SharingType.DENIED:
        return _never(standing.entry, f"link {end.name}")
    if sharing is SharingType.UNCONDITIONAL or (standing.grant and end.name in standing.grant.links):
        return None
    return standing.why(f"link {end.name}", lambda idle: end.name in idle.links)


def _refused(entry: Entry, reason: Reason) -> Decision:
    """Nothing at all, for one reason."""
    return _classed(
        Decision(
            resource=entry.resource.name,
            items={item.name: ItemDecision(Outcome.DENIED, reason=reason) for item in entry.resource.items},
            links=frozenset(),
            lookup=False,
            rows=FALSE,
            refusal=reason,
            link_reasons=dict.fromkeys(entry.links, reason),
            lookup_reason=reason,
        )
    )


def _never(entry: Entry, what: str) -> Reason:
    return Reason("NOT_GRANTED", f"{_place(entry, what)} is not shared (不予).")


def _place(entry: Entry, what: str) -> str:
    """`item phone of legal_person (市场监管局)`: what an error names so that its reader knows whom to ask."""
    return (
        f"{what} of {entry.resource.name} ({entry.department})"
        if what
        else f"{entry.resource.name} ({entry.department})"
    )


def _classed(decision: Decision) -> Decision:
    items = tuple((name, *_vector(item)) for name, item in decision.items.items())
    refused = decision.refusal is not None
    rights = (tuple(sorted(decision.links)), decision.lookup, _shape(decision.rows), refused)
    return replace(decision, decision_class=(decision.resource, items, *rights))


def _outcome(item: ItemDecision) -> tuple[Outcome, Mask | None, bool]:
    return item.outcome, item.mask, item.verify


def _vector(item: ItemDecision) -> tuple[object, ...]:
    by_value = tuple((value, _outcome(item.by_value[value])) for value in sorted(item.by_value))
    return (*_outcome(item), item.varies_by, by_value)


def _shape(where: Where) -> tuple[object, ...]:
    """A rule without its literals. What changes a query's text stays: how many values stand in a list, null or not."""
    match where:
        case Compare(item, op, value):
            size = len(value) if isinstance(value, tuple) else None
            return ("compare", item, op, size, value if op is Op.IS_NULL else value is None)
        case Reached(item, _):
            return ("reached", item)
        case Among(items, _):
            return ("among", items)
        case Linked(link, quantifier, inner):
            return ("linked", link, quantifier, _shape(inner))
        case Not(part):
            return ("not", _shape(part))
        case Every(parts) | Either(parts):
            return (type(where).__name__, *map(_shape, parts))
