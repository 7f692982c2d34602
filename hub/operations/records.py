"""What every record of every resource carries in GraphQL: id, provenance, codes with their names, pages.

Values only: the engine fills them from planned rows (step 8 of walk 1, a question); nothing here reads anything.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import strawberry

from catalogue.rules import SHANGHAI
from hub.files.address import FilePlace
from hub.operations.asked import minter
from hub.schema.scalars import DateTime


@strawberry.type(description="A code of a code list (代码集) with its name.")
class Coded:
    """What a coded item answers. `name` is None for a code that the list does not hold."""

    code: str
    name: str | None


def _url(root: File, info: strawberry.Info[Any, Any]) -> str | None:
    return minter(info).url(root.place)


def _expires_at(root: File, info: strawberry.Info[Any, Any]) -> DateTime | None:
    expires = minter(info).expires(root.place)
    return None if expires is None else DateTime(expires.astimezone(SHANGHAI).isoformat(timespec="milliseconds"))


@strawberry.type(
    description="A file (文件) that an item of type G names. The hub does not keep it: it is fetched when asked."
)
class File:
    """What an item of type G answers. An address is made when `url` is selected, and only then."""

    digest: str = strawberry.field(description="`sha256:` and the digits, or the name that the source gives the file.")
    place: strawberry.Private[FilePlace]
    url: str | None = strawberry.field(
        resolver=_url,
        description="Where the file can be downloaded once, without a token; null where the source gives no files.",
    )
    expires_at: DateTime | None = strawberry.field(resolver=_expires_at, description="When the address ends.")


@strawberry.enum(description="Whether a given value is the recorded one (核验); no recorded value is ever told.")
class Verification(Enum):
    """UNKNOWN says that it cannot be checked: no record that the client may see, or no value in it."""

    MATCHES = "MATCHES"
    DIFFERS = "DIFFERS"
    UNKNOWN = "UNKNOWN"


@strawberry.type(description="Something that a reader of one item should know: a failed check digit, a dropped value.")
class RecordWarning:
    """One warning of a record, about an item that the client sees plain."""

    item: str
    code: str
    message: str


@strawberry.type(description="Where a record comes from and as of when.")
class Provenance:
    """`department` is the name and `department_code` the credit code of the department whose system gave the record."""

    resource: str
    department: str | None
    department_code: str | None
    as_of: DateTime | None
    pulled_at: DateTime | None
    warnings: list[RecordWarning]


@strawberry.interface(description="A record that can be asked for again by its id.")
class Node:
    """Records of synced resources."""

    id: strawberry.ID


@strawberry.interface(description="A record of any resource, synced or live.")
class Record:
    """What `Change.record` answers."""

    id: strawberry.ID
    provenance: Provenance | None


@strawberry.type(description="Whether more stands on either side, as the Relay cursor specification says it.")
class PageInfo:
    """Of one page of a connection."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="How many records of one resource name a subject.")
class SubjectResource:
    """`resource` is the resource's name."""

    resource: str
    count: int
