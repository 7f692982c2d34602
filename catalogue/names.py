"""Names: what a descriptor may call things, and what GraphQL calls them. Pure; `hub.schema` takes its names from here.

A resource, item, link or moment is written in snake_case; its GraphQL field is camelCase, its type PascalCase. Two
names may become one that way (`line_1` and `line1`): `catalogue.check` says so.
"""

from __future__ import annotations

import re

_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
LONGEST = 60

#: What follows a resource's type name in the names of the types generated for it.
TYPE_SUFFIXES = (
    "", "Connection", "Edge", "Where", "ChangeWhere", "Links", "OrderBy", "KeyInput", "Change", "Event", "Aggregate",
    "Verification", "Claims", "VerifyInput",
)  # fmt: skip


def is_snake(name: str) -> bool:
    """Whether a resource, item, link or moment may have this name: lower case words joined by single underscores."""
    return len(name) <= LONGEST and _SNAKE.fullmatch(name) is not None


def is_plain(name: str) -> bool:
    """Whether a system or binding may have this name: letters, digits, `_`, `-` and `.`."""
    return len(name) <= LONGEST and _PLAIN.fullmatch(name) is not None


def field_name(name: str) -> str:
    """`credit_record` → `creditRecord`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def type_name(name: str) -> str:
    """`credit_record` → `CreditRecord`."""
    return "".join(part.capitalize() for part in name.split("_"))


def type_names(resource: str) -> tuple[str, ...]:
    """Every type name that the generated schema may need for a resource of that name."""
    own = type_name(resource)
    return tuple(own + suffix for suffix in TYPE_SUFFIXES)


def root_fields(resource: str, plural: str) -> tuple[str, ...]:
    """Every root field, of queries and subscriptions, that a resource of that name and plural brings."""
    one, many = field_name(resource), field_name(plural)
    verifying = f"verify{type_name(resource)}", f"verify{type_name(plural)}"
    return one, many, f"{many}ByKey", f"{one}Changes", *verifying
