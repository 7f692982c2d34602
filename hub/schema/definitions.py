"""Strawberry definitions without class bodies: thousands of generated types, each a name and a list of fields.

A type is defined first and gets its fields later, so that types may refer to each other in any order; Strawberry reads
the fields only when it converts the whole. Nothing here knows a resource.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from strawberry.annotation import StrawberryAnnotation
from strawberry.schema_directives import OneOf
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryList, StrawberryObjectDefinition, StrawberryOptional, StrawberryType
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion

Annotation = type | StrawberryType
Argument = tuple[str, Annotation, str]


class Form(Enum):
    """What kind of GraphQL type a definition becomes. `ONE_OF` is an input of which exactly one field is given."""

    OBJECT = auto()
    INPUT = auto()
    ONE_OF = auto()


def define(name: str, form: Form, description: str = "", interfaces: Iterable[type] = ()) -> type:
    """A type without fields yet, under its GraphQL name."""
    made = type(name, (), {})
    definition = StrawberryObjectDefinition(
        name=name,
        is_input=form is not Form.OBJECT,
        is_interface=False,
        origin=made,
        description=description or None,
        interfaces=[definition_of(interface) for interface in interfaces],
        extend=False,
        directives=(OneOf(),) if form is Form.ONE_OF else (),
        is_type_of=None,
        resolve_type=None,
        fields=[],
    )
    made.__strawberry_definition__ = definition  # type: ignore[attr-defined]  # how Strawberry marks its types
    return made


def definition_of(made: type) -> StrawberryObjectDefinition:
    """Strawberry's definition behind a type."""
    found: StrawberryObjectDefinition = made.__strawberry_definition__  # type: ignore[attr-defined]  # as above
    return found


def add(made: type, fields: Iterable[StrawberryField]) -> None:
    """Give a defined type (more of) its fields."""
    definition_of(made).fields.extend(fields)


def field(name: str, of: Annotation, description: str = "", arguments: Iterable[Argument] = ()) -> StrawberryField:
    """A field (or input field) of that GraphQL name, without a resolver: the plan answers it."""
    made = StrawberryField(
        python_name=name, graphql_name=name, type_annotation=StrawberryAnnotation(of), description=description or None
    )
    made.arguments = [
        StrawberryArgument(argument, argument, StrawberryAnnotation(kind), description=about or None)
        for argument, kind, about in arguments
    ]
    return made


def union(name: str, members: Iterable[type], description: str) -> StrawberryUnion:
    """A union of object types."""
    return StrawberryUnion(name, tuple(StrawberryAnnotation(member) for member in members), description)


def maybe(of: Annotation) -> Annotation:
    """The type, or null."""
    return StrawberryOptional(of)


def listed(of: Annotation) -> Annotation:
    """A list of the type."""
    return StrawberryList(of)
