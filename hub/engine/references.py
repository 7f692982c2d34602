"""References: every mention of an item or link in a question, and the one judgement of each (invariant 7).

Step 5 of walk 1 (a question). The plan brings what is selected and followed, the bound arguments bring what is
filtered, ordered, searched, linked, paged and asked by; `why_not` judges each. Selected items that are denied answer
null; anything else that is not plain refuses the operation before any store is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from auth.decide import Decision, Reason
from hub.errors import Code, HubError

Decide = Callable[[str], Decision]


class Use(StrEnum):
    """How a reference uses what it names."""

    SELECTED = "selection"
    FOLLOWED = "link"
    WHERE = "where"
    ORDER = "orderBy"
    SEARCH = "search"
    LINKED = "where on a link"
    REACHED = "where on a linked resource"
    CURSOR = "cursor"
    KEY = "key"
    VERIFIED = "verification"
    VERIFIED_BY = "key of a verification"


@dataclass(frozen=True, slots=True)
class Reference:
    """`names` is an item's name, a link's for FOLLOWED and LINKED, all items of a KEY (VERIFIED_BY: of the key of a
    record to verify), all that a SEARCH may look in. REACHED names nothing but its resource. `place` is where it
    stands.
    """

    resource: str
    names: tuple[str, ...]
    use: Use
    place: tuple[str, ...]


def why_not(reference: Reference, decision: Decision) -> Reason | None:
    """Why the reference may not stand, or None. SELECTED may stand where something of the item is shown."""
    match reference.use:
        case Use.SELECTED:
            item = decision.item(reference.names[0])
            return None if item.readable else item.reason or _denied(reference)
        case Use.FOLLOWED | Use.LINKED:
            link = reference.names[0]
            return None if link in decision.links else decision.link_reasons.get(link) or _denied(reference)
        case Use.REACHED:
            return decision.refusal
        case Use.KEY:
            allowed = decision.may_ask_by(reference.names)
            return None if allowed else decision.refusal or decision.lookup_reason or _denied(reference)
        case Use.VERIFIED_BY:
            allowed = _may_verify_by(reference.names, decision)
            return None if allowed else decision.refusal or decision.lookup_reason or _denied(reference)
        case Use.VERIFIED:
            item = decision.item(reference.names[0])
            return None if item.verifiable else decision.refusal or item.verify_reason or _not_verified(reference)
        case Use.SEARCH:
            return None if searched(reference.names, decision) else decision.refusal or _denied(reference)
        case _:
            item = decision.item(reference.names[0])
            return None if item.plain else item.reason or _not_plain(reference)


def _may_verify_by(names: Iterable[str], decision: Decision) -> bool:
    """Every item of the key is plain, or may be verified itself, or the client may ask by any key."""
    items = [decision.item(name) for name in names]
    verified = all(item.plain or (item.verify and all(d.verify for d in item.by_value.values())) for item in items)
    return decision.refusal is None and (decision.lookup or verified)


def searched(names: Iterable[str], decision: Decision) -> tuple[str, ...]:
    """The items among those that a search looks in for this client: the plain ones."""
    return tuple(name for name in names if decision.item(name).plain)


def judge(references: Iterable[Reference], decide: Decide) -> None:
    """Refuse the operation for the first reference that may not stand; selected and followed ones are the plan's."""
    for reference in references:
        if reference.use in (Use.SELECTED, Use.FOLLOWED):
            continue
        reason = why_not(reference, decide(reference.resource))
        if reason is not None:
            raise HubError(
                Code(reason.code),
                f"{reference.use} refers to {' and '.join(reference.names or (reference.resource,))}: {reason.message}",
                field=".".join(reference.place),
                resource=reference.resource,
            )


def _denied(reference: Reference) -> Reason:
    return Reason("NOT_GRANTED", f"{' and '.join(reference.names)} of {reference.resource} is not granted")


def _not_verified(reference: Reference) -> Reason:
    return Reason("NOT_GRANTED", f"{reference.names[0]} of {reference.resource} is not granted for verification")


def _not_plain(reference: Reference) -> Reason:
    """A masked item has no reason of its own: it may be read, but nothing may depend on its value."""
    return Reason("NOT_GRANTED", f"{reference.names[0]} of {reference.resource} is shown masked")
