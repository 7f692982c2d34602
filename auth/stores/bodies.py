"""Clients and grants as JSON text and back: what every store of auth keeps as one body. Pure, belongs to no walk.

A row rule is kept as it is judged, in stored values: reading it back needs no catalogue, and a later version of the
catalogue does not change what was approved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from auth.grants import Approval, Grant, GrantState, Shown
from auth.ports import Client, Purpose
from catalogue.rules import Compare, Either, Every, Not, Op, Reached, Where


def client_body(client: Client) -> str:
    """The client's body; equal clients have equal bodies."""
    return _text({
        "id": client.id, "title": client.title, "department": client.department, "scopes": sorted(client.scopes),
        "secret_hashes": client.secret_hashes, "purposes": [[p.code, p.title] for p in client.purposes],
        "created": client.created.isoformat() if client.created else None, "removed": client.removed,
    })  # fmt: skip


def client_of(body: str) -> Client:
    """The client that a body keeps."""
    kept = json.loads(body)
    return Client(
        id=kept["id"], title=kept["title"], department=kept["department"], scopes=frozenset(kept["scopes"]),
        secret_hashes=tuple(kept["secret_hashes"]), purposes=tuple(Purpose(*each) for each in kept["purposes"]),
        created=datetime.fromisoformat(kept["created"]) if kept["created"] else None, removed=kept["removed"],
    )  # fmt: skip


def grant_body(grant: Grant) -> str:
    """The grant's body. TypeError for a row rule that is not over own items."""
    return _text({
        "id": grant.id, "client_id": grant.client_id, "resource": grant.resource, "purpose": grant.purpose,
        "until": grant.until.isoformat(), "items": dict(grant.items), "verify": sorted(grant.verify),
        "links": sorted(grant.links), "lookup": grant.lookup, "rows": _rule(grant.rows), "quota": grant.quota,
        "statutory": grant.statutory, "consent_required": grant.consent_required, "state": grant.state,
        "approvals": [[a.person, a.role, a.at.isoformat()] for a in grant.approvals], "reason": grant.reason,
        "document": grant.document,
    })  # fmt: skip


def grant_of(body: str) -> Grant:
    """The grant that a body keeps."""
    kept = json.loads(body)
    return Grant(**kept | {
        "until": datetime.fromisoformat(kept["until"]),
        "items": {name: Shown(shown) for name, shown in kept["items"].items()},
        "verify": frozenset(kept["verify"]),
        "links": frozenset(kept["links"]),
        "rows": _rule_of(kept["rows"]),
        "state": GrantState(kept["state"]),
        "approvals": tuple(Approval(who, role, datetime.fromisoformat(at)) for who, role, at in kept["approvals"]),
    })  # fmt: skip


def _text(kept: Mapping[str, object]) -> str:
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _rule(where: Where) -> dict[str, object]:
    match where:
        case Compare(item, op, value):
            return {"item": item, op.value: value}
        case Reached(item, days):
            return {"item": item, "reached": days}
        case Every(parts):
            return {"every": [_rule(part) for part in parts]}
        case Either(parts):
            return {"either": [_rule(part) for part in parts]}
        case Not(part):
            return {"not": _rule(part)}
        case _:
            raise TypeError(f"{type(where).__name__} is not a rule over own items")


def _rule_of(kept: Mapping[str, Any]) -> Where:
    match kept:
        case {"item": item, "reached": days}:
            return Reached(item, days)
        case {"item": item, **comparison}:
            ((op, value),) = comparison.items()
            return Compare(item, Op(op), tuple(value) if isinstance(value, list) else value)
        case {"every": parts}:
            return Every(tuple(map(_rule_of, parts)))
        case {"either": parts}:
            return Either(tuple(map(_rule_of, parts)))
        case _:
            return Not(_rule_of(kept["not"]))
