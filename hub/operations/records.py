"""What every record of every resource carries in GraphQL: id, provenance, codes with their names, pages.

Values only: the engine fills them from planned rows (step 8 of walk 1, a question); nothing here reads anything.
"""

from __future__ import annotations

import strawberry

from hub.schema.scalars import DateTime


@strawberry.type(description="A code of a code list (代码集) with its name.")
class Coded:
    """What a coded item answers. `name` is None for a code that the list does not hold."""

    code: str
    name: str | None


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


@strawberry.type(description="What the hub holds of one subject (主体): a company, a person, a project.")
class Subject:
    """`resources` lists those that the client may ask by subject and that hold at least one record it may see."""

    kind: str
    resources: list[SubjectResource]
