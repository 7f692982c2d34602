"""An item as GraphQL sees it: the type it answers, the type it is asked by, the comparisons that filter it.

`catalogue.where.operators` says which comparisons an item allows; one filter input stands for all items alike.
"""

from __future__ import annotations

from collections.abc import Mapping

from catalogue.model import DataType, Item
from catalogue.rules import Op
from catalogue.where import operators
from hub.operations.records import Coded, File
from hub.schema.definitions import Annotation, Form, add, define, field, listed, maybe
from hub.schema.scalars import Date, DateTime, Decimal, Long

#: A whole number of so many digits always fits GraphQL's Int (32 bits).
INT_DIGITS = 9

_PLAIN: Mapping[DataType, tuple[str, object]] = {
    DataType.TEXT: ("String", str),
    DataType.MEMO: ("Memo", str),
    DataType.BLOB: ("Digest", str),
    DataType.MONEY: ("Decimal", Decimal),
    DataType.DATE: ("Date", Date),
    DataType.DATETIME: ("DateTime", DateTime),
    DataType.LOGICAL: ("Boolean", bool),
    DataType.DOUBLE: ("Float", float),
    DataType.FLOAT: ("Float", float),
}


def coded(item: Item) -> bool:
    """Whether the item answers `{ code name }` and is filtered by its code."""
    return item.code_list is not None and item.type is DataType.TEXT


def input_type(item: Item) -> Annotation:
    """The scalar that a value of the item is given as."""
    return _scalar(item)[1]


def output_type(item: Item) -> Annotation:
    """What the item answers; always nullable. A file answers more than the name that it is asked by."""
    if item.type is DataType.BLOB:
        return maybe(File)
    return maybe(Coded if coded(item) else _scalar(item)[1])


def orderable(item: Item) -> bool:
    """Whether records may be ordered by the item: not by a memo or by a file."""
    return item.type not in (DataType.MEMO, DataType.BLOB)


class Filters:
    """The filter inputs of one schema, each made when an item first needs it."""

    def __init__(self) -> None:
        self._made: dict[str, type] = {}

    def of(self, item: Item) -> type:
        """The filter input for the item."""
        name = "CodeFilter" if coded(item) else f"{_scalar(item)[0]}Filter"
        if name not in self._made:
            self._made[name] = _filter(name, _scalar(item)[1], operators(item))
        return self._made[name]


def _scalar(item: Item) -> tuple[str, Annotation]:
    """Name (for its filter) and annotation of the scalar behind the item."""
    if item.type in _PLAIN:
        name, annotation = _PLAIN[item.type]
    elif item.scale:
        name, annotation = "Decimal", Decimal
    elif item.length is not None and item.length <= INT_DIGITS:
        name, annotation = "Int", int
    else:
        name, annotation = "Long", Long
    return name, annotation  # type: ignore[return-value]  # a NewType is an annotation to Strawberry, no type to mypy


def _filter(name: str, of: Annotation, allowed: tuple[Op, ...]) -> type:
    made = define(name, Form.INPUT, "Comparisons; those given side by side must all hold.")
    add(made, (field(op.value, _operand(op, of)) for op in allowed))
    return made


def _operand(op: Op, of: Annotation) -> Annotation:
    if op is Op.IS_NULL:
        return maybe(bool)
    return maybe(listed(of)) if op in (Op.IN, Op.NOT_IN) else maybe(of)
