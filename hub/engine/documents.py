"""Text → parsed and validated document, once a text and catalogue version (step 1 of walk 1, a question).

Documents are remembered by the hash of their text, as many as fit a bound on the text they hold together; what was
refused is not. Validation messages make no suggestions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    NamedTypeNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    validate,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values

from hub.engine.limits import Limits, judge_document, judge_text
from hub.engine.memory import Memory
from hub.errors import Code, HubError
from hub.schema.build import Built

MAX_ERRORS = 20


class DocumentInvalid(Exception):
    """The document or its variables break the rules of GraphQL; `errors` say where. Answered as BAD_INPUT."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document. `switches` are the variables that its @skip and @include read: a plan depends on their values.
    `conditions` are the types that its fragments name.
    """

    digest: str
    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    fragments: dict[str, FragmentDetails]
    switches: tuple[str, ...]
    conditions: frozenset[str]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of that name, or the only one. BAD_INPUT where there is none, or several and no name."""
        if name is not None:
            if name not in self.operations:
                raise HubError(Code.BAD_INPUT, f"the document has no operation named {name!r}")
            return self.operations[name]
        if len(self.operations) != 1:
            raise HubError(
                Code.BAD_INPUT, f"operationName is needed: the document has {len(self.operations)} operations"
            )
        return next(iter(self.operations.values()))


class Documents:
    """The documents seen lately. One a process; `remembered` bounds the characters of text that they hold together."""

    def __init__(self, limits: Limits, remembered: int = 1_000_000) -> None:
        self._limits = limits
        self._known: Memory[Document] = Memory(remembered)

    def read(self, text: str, built: Built) -> Document:
        """The document. HubError DOCUMENT_REFUSED beyond a limit, DocumentInvalid where it breaks the rules."""
        name = (built.snapshot.version, sha256(text.encode(errors="surrogatepass")).hexdigest())
        known = self._known.get(name)
        return known or self._known.keep(name, self._read(text, built, name[1]), len(text))

    def _read(self, text: str, built: Built, digest: str) -> Document:
        judge_text(text, self._limits)
        node = _parsed(text)
        judge_document(node, self._limits)
        errors = validate(built.core, node, max_errors=MAX_ERRORS, hide_suggestions=True)
        if errors:
            raise DocumentInvalid(errors)
        return _document(node, digest)


def variables_of(built: Built, operation: OperationDefinitionNode, given: Mapping[str, object]) -> VariableValues:
    """The variables in the types that the operation declares; DocumentInvalid where they do not fit."""
    found = get_variable_values(
        built.core, operation.variable_definitions or (), dict(given), max_errors=MAX_ERRORS, hide_suggestions=True
    )
    if isinstance(found, list):
        raise DocumentInvalid(found)
    return found


def _parsed(text: str) -> DocumentNode:
    try:
        return parse(text)
    except GraphQLSyntaxError as error:
        raise DocumentInvalid([error]) from error


def _document(node: DocumentNode, digest: str) -> Document:
    operations = [n for n in node.definitions if isinstance(n, OperationDefinitionNode)]
    fragments = [n for n in node.definitions if isinstance(n, FragmentDefinitionNode)]
    survey = _Survey()
    visit(node, survey)
    return Document(
        digest=digest,
        node=node,
        operations={n.name.value if n.name else "": n for n in operations},
        fragments={n.name.value: FragmentDetails(n) for n in fragments},
        switches=tuple(survey.switches),
        conditions=frozenset(survey.conditions),
    )


class _Survey(Visitor):
    """Collects the variables of @skip and @include, and the types that fragments name."""

    def __init__(self) -> None:
        super().__init__()
        self.switches: dict[str, None] = {}
        self.conditions: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """One directive of the document."""
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.switches[argument.value.name.value] = None

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> None:
        """A type of a fragment, or of a variable, which does no harm."""
        self.conditions.add(node.name.value)
