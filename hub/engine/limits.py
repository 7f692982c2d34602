"""What a document may cost, judged before it is validated (step 1 of walk 1, a question), in time linear in its text.

The text is measured before it is parsed, the parsed document before it is validated: fragments are measured once each,
so that twenty-two levels that fan out twice cost twenty-two steps. DOCUMENT_REFUSED names the figure and the limit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from hub.errors import Code, HubError

#: A token of the language, as far as counting needs it; strings and comments are one match each.
_TOKENS = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|\#[^\n\r]*|\w+|\.\.\.|[^\s,\ufeff]', re.DOTALL
).findall
_OPENING, _CLOSING = frozenset("{[("), frozenset("}])")


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of everything. `fields` are counted with fragments unfolded, `repeats` of one name in the whole text."""

    bytes: int = 65_536
    tokens: int = 2_000
    nesting: int = 64
    directives: int = 50
    operations: int = 20
    fragments: int = 100
    depth: int = 20
    fields: int = 500
    repeats: int = 100
    aliases: int = 100
    root_fields: int = 30


@dataclass(frozen=True, slots=True)
class Size:
    """What a selection set amounts to with its fragments unfolded."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0


def judge_text(text: str, limits: Limits) -> None:
    """Bytes, tokens, nesting and directives, before anything is parsed."""
    _within("bytes", len(text.encode(errors="surrogatepass")), limits.bytes)
    tokens = [token for token in _TOKENS(text) if token[0] != "#"]
    _within("tokens", len(tokens), limits.tokens)
    _within("directives", tokens.count("@"), limits.directives)
    _within("levels of brackets", _nesting(tokens), limits.nesting)


def judge_document(document: DocumentNode, limits: Limits) -> None:
    """Everything that needs the parsed document, before it is validated."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
    _within("operations", len(operations), limits.operations)
    _within("fragments", len(fragments), limits.fragments)
    _judge_written(operations, fragments, limits)
    measured: dict[str, Size] = {}
    for operation in operations:
        size = _measure(operation.selection_set, fragments, measured)
        _within("levels", size.depth, limits.depth)
        _within("fields", size.fields, limits.fields)
        _within("aliases", size.aliases, limits.aliases)
        _within("root fields", _at_root(operation.selection_set, fragments, set()), limits.root_fields)


def _within(what: str, figure: int, limit: int) -> None:
    if figure > limit:
        message = f"the document has {figure} {what}, the limit is {limit}"
        raise HubError(Code.DOCUMENT_REFUSED, message, figure=figure, limit=limit)


def _nesting(tokens: list[str]) -> int:
    deepest = depth = 0
    for token in tokens:
        if token in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif token in _CLOSING:
            depth -= 1
    return deepest


def _judge_written(
    operations: list[OperationDefinitionNode], fragments: Mapping[str, FragmentDefinitionNode], limits: Limits
) -> None:
    """What stands in the text, used or not: validation looks at all of it, and compares fields of one response name."""
    names = Counter(
        (field.alias or field.name).value
        for definition in (*operations, *fragments.values())
        for field in _fields(definition.selection_set)
    )
    _within("fields", names.total(), limits.fields)
    for name, count in names.most_common(1):
        _within(f"fields that answer as {name!r}", count, limits.repeats)


def _fields(selections: SelectionSetNode) -> Iterator[FieldNode]:
    """Every field written in the selection set, at any depth; the parser has bounded the depth."""
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            yield selection
        inner = getattr(selection, "selection_set", None)
        if inner is not None:
            yield from _fields(inner)


def _measure(
    selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], measured: dict[str, Size]
) -> Size:
    depth = fields = aliases = 0
    for selection in selections.selections:
        size = _measure_one(selection, fragments, measured)
        depth = max(depth, size.depth)
        fields += size.fields
        aliases += size.aliases
    return Size(depth, fields, aliases)


def _measure_one(
    selection: SelectionNode, fragments: Mapping[str, FragmentDefinitionNode], measured: dict[str, Size]
) -> Size:
    if isinstance(selection, FragmentSpreadNode):
        return _measure_fragment(selection.name.value, fragments, measured)
    inner: SelectionSetNode | None = getattr(selection, "selection_set", None)
    size = _measure(inner, fragments, measured) if inner is not None else Size()
    if not isinstance(selection, FieldNode):
        return size
    return Size(size.depth + 1, size.fields + 1, size.aliases + (selection.alias is not None))


def _measure_fragment(name: str, fragments: Mapping[str, FragmentDefinitionNode], measured: dict[str, Size]) -> Size:
    """Each fragment once. One that contains itself counts as nothing inside itself: validation refuses it."""
    if name not in measured and name in fragments:
        measured[name] = Size()
        measured[name] = _measure(fragments[name].selection_set, fragments, measured)
    return measured.get(name, Size())


def _at_root(selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], seen: set[str]) -> int:
    """Fields of the operation itself; a fragment that is spread again adds none that were not counted."""
    count = 0
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            count += 1
        elif not isinstance(selection, FragmentSpreadNode):
            count += _at_root(selection.selection_set, fragments, seen)  # type: ignore[attr-defined]  # an inline fragment
        elif selection.name.value in fragments and selection.name.value not in seen:
            seen.add(selection.name.value)
            count += _at_root(fragments[selection.name.value].selection_set, fragments, seen)
    return count
