"""Every scope, one sentence each. A scope opens the door; a grant decides what is seen.

The token endpoint asks here which scopes exist, `auth.decide` which one a resource needs. Whether a client holds a
scope is not known here.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

SCOPES: Mapping[str, str] = {
    "catalogue:read": "Read the catalogue: departments, resources, items, links, freshness.",
    "catalogue:write": "Register and change entries of the catalogue, and submit them for review.",
    "catalogue:review": "Review, publish and withdraw entries of the catalogue.",
    "feed:subscribe": "Follow the changes of resources that the client may read.",
    "access:request": "Request grants for the client's own department.",
    "access:approve": "Approve, refuse and revoke grants.",
    "client:write": "Register and remove clients and rotate their secrets.",
    "pull:run": "Start, pause and resume pulls from departments' systems.",
    "audit:read": "Read and verify the audit entries.",
    "statutory:read": "Read records that visibility rules hide, where a statutory grant says so too.",
}

#: What holds for every resource of the catalogue, by the verb after the colon.
RESOURCE_SCOPES: Mapping[str, str] = {
    "read": "Ask for records of the resource: its unconditional items, and what grants add.",
    "write": "Send records of the resource, or marks on them, to the hub.",
}


def required_for_resource(name: str) -> str:
    """The scope without which nothing of the resource is read."""
    return f"{name}:read"


def known(scope: str, resources: Container[str]) -> bool:
    """Whether the scope exists, given the names of the published resources."""
    return sentence(scope, resources) is not None


def sentence(scope: str, resources: Container[str]) -> str | None:
    """What the scope opens, or None where it does not exist. A fixed scope wins over a resource of the same name."""
    resource, _, verb = scope.rpartition(":")
    return SCOPES.get(scope) or (RESOURCE_SCOPES.get(verb) if resource in resources else None)
