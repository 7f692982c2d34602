"""Putting clients and grants in force: the same few steps for the command line and the demo, each audited first.

What a grant may say is judged in `auth.grants`; here it meets the store. What is wrong is a ConfigurationError that
names every fault, and then nothing was written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auth.grants import Grant, GrantConflict, GrantState, TransitionRefused, activate, expired, revoke
from auth.ports import Access, AccessStore, AuditEntry, AuditLog, Client, Purpose
from auth.purpose import is_code
from auth.scopes import known
from catalogue.identifiers import Reason, credit_code
from catalogue.rules import stored_time
from catalogue.snapshot import Snapshot
from hub.errors import ConfigurationError

#: What stands in a token, a header and the id of a grant without being escaped.
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
REMOVED = "the client was removed"


@dataclass(frozen=True, slots=True)
class Registration:
    """What is said of a client when it is registered."""

    id: str
    title: str
    department: str
    scopes: frozenset[str]
    purposes: tuple[Purpose, ...] = ()


@dataclass(frozen=True, slots=True)
class Registrar:
    """Writes clients and grants, each with its audit entry first. `at` is now, `by` who does it."""

    store: AccessStore
    audit: AuditLog
    at: datetime
    by: str = ""

    async def register(self, said: Registration, secret_hash: str, snapshot: Snapshot) -> None:
        """Add a client, with no grant: what an earlier client of the id held has ended."""
        access = await self.store.access()
        _refuse(_faults_of(said, access, snapshot))
        await self._end_grants(access, said.id)
        await self._record("client added", said.id, scopes=" ".join(sorted(said.scopes)))
        new = Client(said.id, said.title, said.department, said.scopes, (secret_hash,), said.purposes, self.at)
        await self.store.save_client(new)

    async def rotate(self, client_id: str, secret_hash: str, *, end_old: bool) -> None:
        """A new secret; the latest old one stays valid too unless `end_old`."""
        old = _client(await self.store.access(), client_id)
        kept = () if end_old else old.secret_hashes[:1]
        await self._record("client secret rotated", client_id)
        await self.store.save_client(replace(old, secret_hashes=(secret_hash, *kept)))

    async def remove(self, client_id: str) -> None:
        """The client may come no more: its grants end, then its secrets; its tokens with the next confirmation."""
        access = await self.store.access()
        old = _client(access, client_id)
        await self._end_grants(access, client_id)
        await self._record("client removed", client_id)
        await self.store.save_client(replace(old, removed=True, secret_hashes=()))

    async def put_in_force(self, grants: Iterable[Grant]) -> Sequence[Grant]:
        """Activate grants that carry their approvals; one of a stored id takes its place."""
        access, asked = await self.store.access(), list(grants)
        _refuse(fault for grant in asked for fault in _faults_in(grant, access, self.at))
        ready = [activate(grant) for grant in asked]
        for grant in ready:
            await self._record("grant activated", grant.client_id, grant.id, approved=_approved(grant))
            await self._save(grant, access.grants.get(grant.id))
        return ready

    async def revoke(self, grant_id: str, reason: str) -> None:
        """End a grant; every process refuses it within a second."""
        stored = (await self.store.access()).grants.get(grant_id)
        if stored is None:
            raise ConfigurationError(f"there is no grant {grant_id}")
        await self._end(stored, reason)

    async def _end_grants(self, access: Access, client_id: str) -> None:
        for grant in access.grants.values():
            if grant.client_id == client_id and grant.state is GrantState.ACTIVE:
                await self._end(grant, REMOVED)

    async def _end(self, stored: Grant, reason: str) -> None:
        try:
            ended = revoke(stored, reason)
        except TransitionRefused as error:
            raise ConfigurationError(str(error)) from error
        await self._record("grant revoked", stored.client_id, stored.id, reason=ended.reason)
        await self._save(ended, stored)

    async def _save(self, grant: Grant, expected: Grant | None) -> None:
        try:
            await self.store.save_grant(grant, expected=expected)
        except GrantConflict as error:
            raise ConfigurationError(str(error)) from error

    async def _record(self, operation: str, client_id: str, grant_id: str = "", **detail: str) -> None:
        entry = admin_entry(self.at, self.by, operation, detail)
        await self.audit.append([replace(entry, client_id=client_id, grants=(grant_id,) if grant_id else ())])


def admin_entry(at: datetime, by: str, operation: str, detail: Mapping[str, str]) -> AuditEntry:
    """The evidence of an administrative act: who did what, and when."""
    return AuditEntry(
        at=stored_time(at), request_id="", kind="admin", client_id="", department="", purpose="", case="", operator=by,
        operation=operation, outcome="done", detail=detail,
    )  # fmt: skip


def _faults_of(said: Registration, access: Access, snapshot: Snapshot) -> Iterator[str]:
    """Why a client may not be registered as it is said."""
    present = access.clients.get(said.id)
    if present is not None and not present.removed:
        yield f"there is a client {said.id} already; see `hub client rotate`"
    if not _CLIENT_ID.fullmatch(said.id):
        yield f"the client's id {said.id!r} is not made of letters, digits, - and _"
    if (verdict := credit_code(said.department)).reason not in (None, Reason.CHECK):
        yield f"the department {said.department!r} is no unified social credit code ({verdict.reason})"
    yield from (f"there is no scope {scope}" for scope in sorted(said.scopes) if not known(scope, snapshot.resources))
    for purpose in said.purposes:
        if not is_code(purpose.code) or not purpose.title.strip():
            yield f"the purpose {purpose.code!r} is not CODE=TITLE, with a code that starts with a letter"
    for code, times in Counter(purpose.code for purpose in said.purposes).items():
        if times > 1:
            yield f"the purpose {code} is given {times} times"


def _faults_in(grant: Grant, access: Access, now: datetime) -> Iterator[str]:
    """Why a grant may not be put in force."""
    client, stored = access.clients.get(grant.client_id), access.grants.get(grant.id)
    active = access.by_client.get(_place(grant))
    if client is None or client.removed:
        yield f"grant {grant.id}: there is no client {grant.client_id}"
    if expired(grant, now):
        yield f"grant {grant.id}: `until` has passed"
    if stored is not None and _place(stored) != _place(grant):
        yield f"grant {grant.id}: the id is that of {' '.join(_place(stored))}"
    if active is not None and active.id != grant.id:
        yield f"grant {grant.id}: {active.id} is active for {' '.join(_place(grant))}; revoke it first"
    try:
        activate(grant)
    except TransitionRefused as error:
        yield str(error)


def _refuse(faults: Iterable[str]) -> None:
    if found := list(faults):
        raise ConfigurationError("\n".join(found))


def _place(grant: Grant) -> tuple[str, str, str]:
    return grant.client_id, grant.resource, grant.purpose


def _approved(grant: Grant) -> str:
    return ", ".join(f"{approval.person} ({approval.role})" for approval in grant.approvals)


def _client(access: Access, client_id: str) -> Client:
    found = access.clients.get(client_id)
    if found is None or found.removed:
        raise ConfigurationError(f"there is no client {client_id}")
    return found
