"""The elements that a WSDL declares: found by path, listed as the columns of a row with their data types. Pure.

It reads zeep's types and changes none. A type that holds itself is followed once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from zeep.xsd import AnyType, Element
from zeep.xsd.elements import Any as AnyElement
from zeep.xsd.types import builtins
from zeep.xsd.types.complex import ComplexType
from zeep.xsd.types.simple import AnySimpleType

from connectors.soap.settings import Path

#: The first that a type is an instance of gives the guide's letter.
_LETTERS: tuple[tuple[type[Any], str], ...] = (
    (builtins.Boolean, "L"),
    (builtins.DateTime, "T"),
    (builtins.Date, "D"),
    (builtins.Integer, "I"),
    (builtins.Decimal, "N"),
    (builtins.Double, "B"),
    (builtins.Float, "F"),
    (builtins.Base64Binary, "G"),
    (builtins.HexBinary, "G"),
)


@dataclass(frozen=True, slots=True)
class Leaves:
    """The columns of a row: the guide's letter by path. `is_open` where the type allows any element besides."""

    types: dict[str, str] = field(default_factory=dict)
    is_open: bool = False


def below(element: Element) -> list[Element]:
    """The declared elements directly inside it, none where it holds text."""
    kind = element.type
    if not isinstance(kind, ComplexType) or _text_type(kind) is not None:
        return []
    return [child for _, child in kind.elements if isinstance(child, Element)]


def allows_any(element: Element) -> bool:
    """Whether elements that are not declared may stand inside it."""
    kind = element.type
    if isinstance(kind, ComplexType):
        return kind._array_type is not None or any(isinstance(c, AnyElement) for _, c in kind.elements)  # noqa: SLF001  zeep has no other word for a SOAP array
    return type(kind) is AnyType


def names_below(element: Element, *, only_required: bool = False) -> list[str]:
    """The names of the elements directly inside it."""
    return [e.name for e in below(element) if not only_required or not (e.is_optional or e.nillable)]


def find(element: Element | None, path: Path) -> list[Element] | None:
    """The elements from this one down the path, one more than it has steps; None where a step is not declared.

    A last step `@name` is an attribute, which counts as the element that carries it. Where anything is allowed, the
    step is what it is taken for.
    """
    if element is None:
        return None
    found = [element]
    for step in path:
        if step.startswith("@") and step[1:] in _attributes(found[-1]):
            found.append(found[-1])
            continue
        following = next((child for child in below(found[-1]) if child.name == step), None)
        if following is None and allows_any(found[-1]):
            following = Element(step, AnyType(), min_occurs=0, max_occurs="unbounded")
        if following is None:
            return None
        found.append(following)
    return found


def leaves(row: Element) -> Leaves:
    """The columns of a row element. One that holds text itself is its own column."""
    types = dict(_leaves(row, "", ()))
    if not below(row) and not allows_any(row):
        types[row.name] = letter_of(row)
    return Leaves(types, any(allows_any(element) for element in _all(row, ())))


def _leaves(element: Element, prefix: str, above: tuple[object, ...]) -> Iterator[tuple[str, str]]:
    for name, letter in _attributes(element).items():
        yield f"{prefix}@{name}", letter
    for child in below(element):
        path = prefix + child.name
        if child.type not in above:
            yield from _leaves(child, f"{path}/", (*above, child.type))
        if not below(child):
            yield path, letter_of(child)


def _all(element: Element, above: tuple[object, ...]) -> Iterator[Element]:
    yield element
    for child in below(element):
        if child.type not in above:
            yield from _all(child, (*above, child.type))


def _attributes(element: Element) -> dict[str, str]:
    kind = element.type
    if not isinstance(kind, ComplexType):
        return {}
    return {a.name: _letter(a.type) for _, a in kind.attributes if a.name is not None}


def letter_of(element: Element) -> str:
    """The guide's data type of an element that holds text."""
    kind = element.type
    return _letter(_text_type(kind) if isinstance(kind, ComplexType) else kind)


def _text_type(kind: ComplexType) -> AnySimpleType | None:
    """The type of the text, where a type has attributes and text instead of elements."""
    inner = kind._element  # noqa: SLF001  zeep has no other word for simple content
    return inner.type if isinstance(inner, Element) and isinstance(inner.type, AnySimpleType) else None


def _letter(kind: object) -> str:
    return next((letter for known, letter in _LETTERS if isinstance(kind, known)), "C")
