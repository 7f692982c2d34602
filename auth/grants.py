"""Grants (授权): approved access of one client to one resource for one purpose. A pure state machine, no clock, no I/O.

What was granted is judged at every query and for every batch of a subscription by `auth.decide`; here is only what a
grant says and how it comes about: request, approvals by at least two natural persons, activation, refusal, revocation.
A grant whose time is over stays active in state and gives nothing. `auth.grant_file` reads and writes grants.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from catalogue.rules import TRUE, Where

#: Fewer natural persons never make a grant, however many roles one of them has.
PERSONS = 2


class GrantConflict(Exception):
    """The stored grant is not the one that was expected, or another active grant has its client, resource and purpose.

    Nothing was written: read again, then decide again.
    """


class TransitionRefused(Exception):
    """The grant cannot go there from where it stands; the message says what is missing."""


class Shown(StrEnum):
    """How a granted item is shown: with the descriptor's mask, or plain where the grant says so."""

    MASKED = "masked"
    PLAIN = "plain"


class GrantState(StrEnum):
    """Where a grant stands."""

    REQUESTED = "requested"
    ACTIVE = "active"
    REFUSED = "refused"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Approval:
    """One natural person's word in one role, and when."""

    person: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """What one client may see of one resource for one purpose.

    `items` maps a conditional item to how it is shown; `verify` names items that may be verified; `links` names the
    links that may be followed, `lookup` the right to ask by the whole key and by subject. `rows` is the row rule over
    own items. `quota` is the number of records that may be read per Asia/Shanghai day, None without limit. A
    `statutory` grant sees records that visibility rules hide, if the client also holds the scope `statutory:read`.
    """

    id: str
    client_id: str
    resource: str
    purpose: str
    until: datetime
    items: Mapping[str, Shown] = field(default_factory=dict)
    verify: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    lookup: bool = False
    rows: Where = TRUE
    quota: int | None = None
    statutory: bool = False
    consent_required: bool = False
    state: GrantState = GrantState.REQUESTED
    approvals: tuple[Approval, ...] = ()
    reason: str = ""
    document: str = ""


def request(grant: Grant) -> Grant:
    """The grant as it is asked for: nobody has approved it."""
    return replace(grant, state=GrantState.REQUESTED, approvals=(), reason="")


def approve(grant: Grant, person: str, role: str, at: datetime) -> Grant:
    """With one more approval. One person may speak in several roles, and still counts once."""
    _must_be(grant, GrantState.REQUESTED, "approved")
    if not person.strip() or not role.strip():
        raise TransitionRefused(f"grant {grant.id}: an approval names a natural person and a role")
    if any((_same_person(a.person), a.role) == (_same_person(person), role) for a in grant.approvals):
        raise TransitionRefused(f"grant {grant.id}: {person} has approved it as {role} already")
    return replace(grant, approvals=(*grant.approvals, Approval(person, role, at)))


def activate(grant: Grant) -> Grant:
    """In force, once enough different natural persons have approved it."""
    _must_be(grant, GrantState.REQUESTED, "activated")
    persons = {_same_person(approval.person) for approval in grant.approvals}
    if len(persons) < PERSONS:
        raise TransitionRefused(
            f"grant {grant.id}: {len(persons)} natural person(s) approved it, at least {PERSONS} different ones must"
        )
    return replace(grant, state=GrantState.ACTIVE)


def refuse(grant: Grant, reason: str) -> Grant:
    """Refused, with the reason that the applicant is owed."""
    _must_be(grant, GrantState.REQUESTED, "refused")
    return replace(grant, state=GrantState.REFUSED, reason=_reason(grant, reason))


def revoke(grant: Grant, reason: str) -> Grant:
    """Ended before its time; from the next decision on it gives nothing."""
    _must_be(grant, GrantState.ACTIVE, "revoked")
    return replace(grant, state=GrantState.REVOKED, reason=_reason(grant, reason))


def expired(grant: Grant, now: datetime) -> bool:
    """Whether its time is over: `until` itself is already outside."""
    return now >= grant.until


def _must_be(grant: Grant, state: GrantState, verb: str) -> None:
    if grant.state is not state:
        raise TransitionRefused(f"grant {grant.id} is {grant.state}: only one that is {state} can be {verb}")


def _reason(grant: Grant, reason: str) -> str:
    if not reason.strip():
        raise TransitionRefused(f"grant {grant.id}: a reason is required")
    return reason.strip()


def _same_person(name: str) -> str:
    """A name as it is compared, so that a space or a wide letter does not make a second person."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
