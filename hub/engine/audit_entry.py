"""What was answered → the audit entry that must be durable before it leaves (step 9 of walk 1, a question).

It names items, records by handle, subjects by hash, grants and purpose: never a value, a token or the document's text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from auth.decide import Decision
from auth.ports import AuditEntry, AuditLog, AuthStoreUnavailable
from catalogue.model import Resource
from catalogue.rules import stored_time
from hub.engine.decisions import Asker
from hub.engine.operation import Operation
from hub.engine.read import Read
from hub.engine.references import Decide
from hub.engine.subjects import subject_refs
from hub.errors import Code, HubError
from hub.records.handles import Handles
from hub.records.model import Row

#: So many subjects stand in an entry; beyond that their count and digest do. `auth.audit` bounds the handles.
MOST_SUBJECTS = 500


async def append(audit: AuditLog, entry: AuditEntry) -> None:
    """Durable when it returns; AUDIT_UNAVAILABLE where it cannot be."""
    try:
        await audit.append([entry])
    except AuthStoreUnavailable as error:
        raise HubError(Code.AUDIT_UNAVAILABLE, "no audit entry could be written") from error


@dataclass(frozen=True, slots=True)
class Account:
    """Of whom and what an entry tells: the operation by name and digest of its document, who asks, on what grounds."""

    operation: Operation
    asker: Asker
    digest: str
    handles: Handles
    decide: Decide

    def answered(self, read: Read) -> AuditEntry:
        """The entry of an answer that read records, or looked for some."""
        snapshot = self.asker.published.snapshot
        rows = read.rows
        named = {name: tuple(sorted({str(row["_handle"]) for row in found})) for name, found in rows.items()}
        subjects = dict.fromkeys(read.subjects)
        for name, found in rows.items():
            subjects |= subjects_of(snapshot.resource(name), found, self.handles)
        many = len(subjects) > MOST_SUBJECTS
        return replace(
            self._entry("query"),
            grants=_grants(self.decide(name) for name in sorted({*named, *read.counts})),
            what={name: tuple(sorted(items)) for name, items in sorted(read.items.items()) if items},
            records={name: listed for name, listed in named.items() if listed},
            counts=read.counts | {name: len(listed) for name, listed in named.items()},
            subjects=tuple(subjects)[:MOST_SUBJECTS],
            detail={"subjects": f"{len(subjects)} {_digest(sorted(subjects))}"} if many else {},
        )

    def followed(self, read: Read, resource: str, keys: Iterable[str], detail: Mapping[str, str]) -> AuditEntry:
        """The range entry of a feed's batch: changes of these records, and what links brought with them."""
        rows = read.records.setdefault(resource, {})
        entry = self.answered(read)
        named = tuple(sorted({*keys, *rows}))
        return replace(
            entry,
            kind="feed",
            records={**entry.records, resource: named},
            counts={**entry.counts, resource: len(named)},
            detail={**entry.detail, **detail},
        )

    def refused(self, error: HubError) -> AuditEntry:
        """The entry of an operation that was refused for what the client may do."""
        return replace(self._entry("refusal"), outcome="refused", detail={"code": error.code.value})

    def _entry(self, kind: str) -> AuditEntry:
        principal, purpose = self.operation.principal, self.operation.purpose
        return AuditEntry(
            at=stored_time(self.asker.now),
            request_id=self.operation.request_id,
            kind=kind,
            client_id=principal.client_id,
            department=principal.department,
            purpose=purpose.code if purpose else "",
            case=purpose.case if purpose else "",
            operator=purpose.operator if purpose else "",
            operation=f"{self.operation.name or ''}#{self.digest[:16]}",
        )


def _grants(decisions: Iterable[Decision]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(decision.grant_id for decision in decisions if decision.grant_id))


def subjects_of(resource: Resource, rows: Iterable[Row], handles: Handles) -> Mapping[str, None]:
    """The hashes of everybody whom the records are about."""
    columns = {column.item: column.discriminator for column in resource.subjects}
    refs = {(item, value): ref for item, value, ref in subject_refs(resource)}
    found: dict[str, None] = {}
    for row in rows:
        for item, discriminator in columns.items():
            code, value = row.get(item), row.get(discriminator) if discriminator else None
            ref = refs.get((item, None if value is None else str(value)))
            if isinstance(code, str) and ref is not None:
                found[handles.subject(ref.kind, ref.id_type, code)] = None
    return found


def _digest(names: Iterable[str]) -> str:
    return "sha256:" + sha256("\n".join(names).encode()).hexdigest()
