"""What auth keeps: clients, grants, signing keys, audit entries. Small ports, each with an embedded implementation.

All methods raise `auth.ports.AuthStoreUnavailable` where the store cannot be asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from auth.grants import Grant, GrantState


class AuthStoreUnavailable(Exception):
    """The store behind a port of auth cannot be asked now."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """事由: the code that a `Hub-Purpose` header names (starts with a letter), and its title."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Client:
    """A registered OAuth client. `secret_hash` is SHA-256 of a 256-bit random secret, hex; several may be valid while
    a secret is rotated. `department` is the unified social credit code of the department that answers for it.
    """

    id: str
    title: str
    department: str
    scopes: frozenset[str]
    secret_hashes: tuple[str, ...]
    purposes: tuple[Purpose, ...] = ()
    created: datetime | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """Clients and grants at one version, in memory, swapped whole. Indexed so that a request costs no search.

    The indexes follow from `clients` and `grants` and hold active grants only, whether or not their time is over:
    `by_client` by (client, resource, purpose), `by_resource` by (client, resource). `purposes` are the codes that a
    client may declare: those registered with it, and those that an active grant of it names.
    """

    version: int
    clients: Mapping[str, Client] = field(default_factory=dict)
    grants: Mapping[str, Grant] = field(default_factory=dict)
    by_client: Mapping[tuple[str, str, str], Grant] = field(init=False)
    by_resource: Mapping[tuple[str, str], tuple[Grant, ...]] = field(init=False)
    purposes: Mapping[str, frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        active = [grant for grant in self.grants.values() if grant.state is GrantState.ACTIVE]
        by_resource: dict[tuple[str, str], tuple[Grant, ...]] = {}
        purposes = {client.id: frozenset(p.code for p in client.purposes) for client in self.clients.values()}
        for grant in active:
            place = (grant.client_id, grant.resource)
            by_resource[place] = (*by_resource.get(place, ()), grant)
            purposes[grant.client_id] = purposes.get(grant.client_id, frozenset()) | {grant.purpose}
        object.__setattr__(self, "by_client", {(g.client_id, g.resource, g.purpose): g for g in active})
        object.__setattr__(self, "by_resource", by_resource)
        object.__setattr__(self, "purposes", purposes)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """证据: which fields of whose records were read, by whom, for what purpose, under which grants.

    `kind` is query, feed, file, export, refusal, admin …; `what` maps each resource to the items that were shown (`~`
    before masked, `?` before verified ones); `records` maps it to the handles read (at most 500, else their count and
    digest stand in `detail`); `subjects` are keyed subject hashes. Never a value of an item, a token or a secret.
    """

    at: str
    request_id: str
    kind: str
    client_id: str
    department: str
    purpose: str
    case: str
    operator: str
    operation: str
    grants: tuple[str, ...] = ()
    what: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    subjects: tuple[str, ...] = ()
    outcome: str = "answered"
    detail: Mapping[str, str] = field(default_factory=dict)


class AccessStore(Protocol):
    """Clients and grants. Every write raises the grants version, in the same transaction."""

    async def version(self) -> int:
        """The grants version, cheaply."""

    async def access(self) -> Access:
        """Everything at the present version."""

    async def save_client(self, client: Client) -> None:
        """Add the client, or replace the one of that id."""

    async def save_grant(self, grant: Grant, *, expected: Grant | None) -> None:
        """One conditional write: only if what is stored under the id equals `expected` (None: nothing is stored) and at
        most one grant would be active per (client, resource, purpose); else `auth.grants.GrantConflict`.
        """

    async def spend(self, grant_id: str, day: str, records: int, quota: int) -> bool:
        """Count records against the day's quota, atomically; False (and nothing counted) where it would exceed it."""

    async def spent(self, grant_id: str, day: str) -> int:
        """How many records were read under the grant on that day."""


class KeyStore(Protocol):
    """Secrets made on first start and kept: the signing key, handle keys, cursor keys."""

    async def key(self, name: str, fresh: bytes) -> bytes:
        """The secret of that name; `fresh` is kept, and returned, where there was none."""


class AuditLog(Protocol):
    """Hash-chained entries. One chain a process, one writer each, committed in groups."""

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Durable when it returns; concurrent calls share one commit. AuthStoreUnavailable: then no data leaves."""

    def entries(self, chain: str | None = None) -> AsyncIterator[Mapping[str, object]]:
        """Stored entries with their chain, number, previous hash and hash, in order."""

    async def close(self) -> None:
        """Write a checkpoint that lists the heads of every chain, and close."""
