"""One-time addresses of files: what they say, how they are made while a question is answered, how they are read again.

Made in step 8 of walk 1 (a question), for a record that the client is just being shown; opened by `hub.files.download`.
An address is sealed: nobody can read or alter it, and it holds no value of a record but the file's digest. Making one
writes nothing anywhere. Whether it was used is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import Any

from auth.scopes import required_for_resource
from catalogue.model import Mode
from catalogue.snapshot import Snapshot
from connectors.registry import gives_files
from hub.engine.operation import Operation
from hub.seal import Seal, SealBroken

#: Long enough for a browser that asks its user where to put the file, short enough that a leaked one is soon worthless.
LIFE_SECONDS = 300
LONGEST = 4096
_ID_BYTES = 16
_STATUTORY = "statutory:read"


class AddressRefused(Exception):
    """The address leads to no file (any more). `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a file is named: an item of a record, the binding that the record came by, and the name itself."""

    resource: str
    handle: str
    item: str
    binding: str
    digest: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an address says: one file, for one client and purpose under one grant ('' without), until `expires` (seconds
    since 1970). `scope` lists the scopes of the asking token that the decision may rest on; `asked` is the request in
    which the address was made. `id` is random: the address is used once.
    """

    resource: str
    handle: str
    item: str
    digest: str
    client: str
    scope: str
    purpose: str
    case: str
    operator: str
    grant: str
    asked: str
    expires: int
    id: str


class Addresses:
    """Makes and opens the addresses of one hub. `origin` is its own, `fresh` gives that many random bytes."""

    def __init__(self, key: bytes, origin: str, fresh: Callable[[int], bytes]) -> None:
        self._seal, self._origin, self._fresh = Seal(key, "file"), origin, fresh

    def new_id(self) -> str:
        """The id of a new address."""
        return self._fresh(_ID_BYTES).hex()

    def url(self, ticket: Ticket) -> str:
        """The absolute address."""
        return f"{self._origin}/files/{self._seal.close(astuple(ticket))}"

    def open(self, token: str, now: datetime) -> Ticket:
        """What the last part of an address says; AddressRefused where this hub did not make it or its time is over."""
        try:
            told: Any = self._seal.open(token if len(token) <= LONGEST else "")
            ticket = Ticket(*told)
        except (SealBroken, TypeError):  # not sealed here, or by another version with other fields
            raise AddressRefused(404, "there is no file at this address") from None
        if now.timestamp() >= ticket.expires:
            raise AddressRefused(410, "the address has expired: ask the question again")
        return ticket


@dataclass(frozen=True, slots=True)
class Minter:
    """Makes the addresses of one answer. `grant_of` tells the grant that a resource is being read under."""

    addresses: Addresses
    snapshot: Snapshot
    operation: Operation
    now: datetime
    grant_of: Callable[[str], str | None]

    def url(self, place: FilePlace) -> str | None:
        """A new address; None where the record's source gives no files."""
        return self.addresses.url(self._ticket(place)) if self._given(place) else None

    def expires(self, place: FilePlace) -> datetime | None:
        """When an address that is made now ends; None where there is none."""
        return self._end if self._given(place) else None

    @property
    def _end(self) -> datetime:
        """A whole second, as it is sealed."""
        return datetime.fromtimestamp(int(self.now.timestamp()) + LIFE_SECONDS, UTC)

    def _given(self, place: FilePlace) -> bool:
        """A live record cannot be found again by its handle, so there is no second decision about it."""
        catalogue = self.snapshot.catalogue
        binding = catalogue.bindings.get(place.binding)
        live = self.snapshot.resource(place.resource).mode is Mode.LIVE
        return binding is not None and not live and gives_files(catalogue.systems[binding.system], binding)

    def _ticket(self, place: FilePlace) -> Ticket:
        principal, purpose = self.operation.principal, self.operation.purpose
        return Ticket(
            resource=place.resource,
            handle=place.handle,
            item=place.item,
            digest=place.digest,
            client=principal.client_id,
            scope=" ".join(sorted(principal.scopes & {required_for_resource(place.resource), _STATUTORY})),
            purpose=purpose.code if purpose else "",
            case=purpose.case if purpose else "",
            operator=purpose.operator if purpose else "",
            grant=self.grant_of(place.resource) or "",
            asked=self.operation.request_id,
            expires=int(self._end.timestamp()),
            id=self.addresses.new_id(),
        )
