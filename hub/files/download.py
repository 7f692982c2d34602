"""A download, top-down: from an address to a file that may leave. It is walk 1 (a question) once more, for one value.

The address stands for the bearer: whoever holds it asks in the name of the client that it was made for. Everything that
was decided then is decided again now, for that client and purpose, with what is published and stored now: a right or a
record that went meanwhile takes the file with it. Bytes and headers are `hub.api.files`'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from auth.bearer import Principal
from auth.decide import Decision, ItemDecision, Outcome, Reason, decide, entry_of
from auth.ports import AuditEntry, AuditLog
from auth.purpose import DeclaredPurpose
from catalogue.model import Binding, DataType, Mode, Resource
from catalogue.rules import stored_time
from hub.control.ports import UsedAddresses
from hub.engine.audit_entry import append, subjects_of
from hub.errors import Code, HubError
from hub.files.address import LIFE_SECONDS, Addresses, AddressRefused, Ticket
from hub.files.fetch import Fetcher, Spooled
from hub.published import Published
from hub.records.handles import Handles
from hub.records.model import Query, Row
from hub.records.ports import RecordReader

#: Used addresses are remembered for longer than any of them lives, whatever the clocks of processes say.
REMEMBERED_SECONDS = 2.0 * LIFE_SECONDS


@dataclass(frozen=True, slots=True)
class Downloads:
    """What downloads work on; one a process. `published` confirms what is published before it answers."""

    addresses: Addresses
    used: UsedAddresses
    fetcher: Fetcher
    reader: RecordReader
    audit: AuditLog
    handles: Handles
    published: Callable[[], Awaitable[Published]]
    clock: Callable[[], datetime]

    async def look(self, token: str, request_id: str) -> None:
        """What can be known without fetching the file: AddressRefused or HubError where it could not be had now."""
        await _Visit(self, await self._unused(token), request_id).judged()

    async def fetch(self, token: str, request_id: str) -> Spooled:
        """The file, its address used up and its audit entry durable: it may leave. Until it is there and may still be
        had, whatever goes wrong leaves the address as it was.
        """
        ticket = await self._unused(token)
        visit = _Visit(self, ticket, request_id)
        shown = await visit.judged()
        file = await self.fetcher.fetch(shown.published.snapshot, shown.binding, ticket.digest)
        try:
            shown = await visit.judged()  # the department may have taken its time
            await self._use_up(ticket)
            await append(self.audit, visit.left(shown, file))
        except BaseException:
            file.close()
            raise
        return file

    async def _use_up(self, ticket: Ticket) -> None:
        if not await self.used.use(ticket.id, REMEMBERED_SECONDS):
            raise _used()

    async def _unused(self, token: str) -> Ticket:
        ticket = self.addresses.open(token, self.clock())
        if await self.used.used(ticket.id):
            raise _used()
        return ticket


@dataclass(frozen=True, slots=True)
class _Shown:
    """A record that still shows the file, the decision that it is shown under, and the binding whose source has it."""

    published: Published
    resource: Resource
    decision: Decision
    row: Row
    binding: Binding


@dataclass(frozen=True, slots=True)
class _Visit:
    """One request at one address."""

    parts: Downloads
    ticket: Ticket
    request_id: str

    async def judged(self) -> _Shown:
        """The record as it is now. HubError where client, purpose or grant give the file no more (audited), and
        AddressRefused where the record does not show it, or is not shown.
        """
        published, now = await self.parts.published(), self.parts.clock()
        resource = self._resource(published)
        decision = self._decided(published, now)
        decided = decision.item(self.ticket.item)
        reason = self._why_not(decision, decided)
        row = await self._row(resource, decision, now) if reason is None else None
        if row is not None and decided.varies_by is not None:
            decided = decided.for_value(row[decided.varies_by])
        if reason is not None or (row is not None and decided.outcome is not Outcome.PLAIN):
            raise await self._refused(reason or decided.reason or _NOT_SHOWN, published)
        binding = published.snapshot.catalogue.bindings.get(str(row["_binding"])) if row else None
        if row is None or binding is None:
            raise _gone()
        return _Shown(published, resource, decision, row, binding)

    def left(self, shown: _Shown, file: Spooled) -> AuditEntry:
        """The entry of the download: the file is named by the digest of what leaves, whatever the source calls it."""
        ticket, decision = self.ticket, shown.decision
        detail = {"file": f"sha256:{file.digest}", "bytes": str(file.size), "asked": ticket.asked}
        return replace(
            self._entry("file", shown.published),
            grants=(decision.grant_id,) if decision.grant_id else (),
            what={ticket.resource: (ticket.item,)},
            records={ticket.resource: (ticket.handle,)},
            counts={ticket.resource: 1},
            subjects=tuple(subjects_of(shown.resource, [shown.row], self.parts.handles)),
            detail=detail,
        )

    def _resource(self, published: Published) -> Resource:
        """The resource, if it still has such an item."""
        resource = published.snapshot.resources.get(self.ticket.resource)
        items = {item.name: item for item in resource.items} if resource else {}
        item = items.get(self.ticket.item)
        if resource is None or resource.mode is Mode.LIVE or item is None or item.type is not DataType.BLOB:
            raise _gone()
        return resource

    def _decided(self, published: Published, now: datetime) -> Decision:
        ticket = self.ticket
        expires = datetime.fromtimestamp(ticket.expires, UTC)
        principal = Principal(
            ticket.client, _department(published, ticket), frozenset(ticket.scope.split()), "", expires
        )
        purpose = DeclaredPurpose(ticket.purpose, ticket.case, ticket.operator) if ticket.purpose else None
        return decide(principal, purpose, entry_of(published.snapshot, ticket.resource), published.access, now)

    def _why_not(self, decision: Decision, decided: ItemDecision) -> Reason | None:
        """Why no record of the resource gives the file, or None."""
        if decision.refusal is not None:
            return decision.refusal
        if not decided.readable:
            return decided.reason or _NOT_SHOWN
        return None if (decision.grant_id or "") == self.ticket.grant else _OTHER_GRANT

    async def _row(self, resource: Resource, decision: Decision, now: datetime) -> Row | None:
        """The record, if it is visible and still names this file."""
        decided, ticket = decision.item(self.ticket.item), self.ticket
        named = (name for column in resource.subjects for name in (column.item, column.discriminator))
        columns = dict.fromkeys(name for name in (ticket.item, decided.varies_by, *named) if name)
        query = Query(resource, decision.rows, now, tuple(columns))
        rows = await self.parts.reader.lookup(query, ("_handle",), [(ticket.handle,)])
        return next((row for row in rows if row[ticket.item] == ticket.digest), None)

    async def _refused(self, reason: Reason, published: Published) -> HubError:
        """The refusal, audited; who is not a client any more has no token to be asked for here."""
        code = Code(reason.code) if reason.code != Code.UNAUTHENTICATED else Code.NOT_GRANTED
        entry = replace(self._entry("refusal", published), outcome="refused", detail={"code": code.value})
        await append(self.parts.audit, entry)
        return HubError(code, reason.message, resource=self.ticket.resource)

    def _entry(self, kind: str, published: Published) -> AuditEntry:
        ticket = self.ticket
        return AuditEntry(
            at=stored_time(self.parts.clock()),
            request_id=self.request_id,
            kind=kind,
            client_id=ticket.client,
            department=_department(published, ticket),
            purpose=ticket.purpose,
            case=ticket.case,
            operator=ticket.operator,
            operation="download",
        )


_NOT_SHOWN = Reason("NOT_GRANTED", "the file is not shown for this record")
_OTHER_GRANT = Reason("NOT_GRANTED", "the grant that the address was given under is not in force any more: ask again")


def _department(published: Published, ticket: Ticket) -> str:
    client = published.access.clients.get(ticket.client)
    return client.department if client else ""


def _used() -> AddressRefused:
    return AddressRefused(410, "the address was used: ask the question again")


def _gone() -> AddressRefused:
    return AddressRefused(410, "no record that you may see names this file any more: ask the question again")
