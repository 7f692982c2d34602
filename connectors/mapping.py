"""A department's row becomes a row of the resource, or the reason why not. Step 3 of walk 2; pure.

A `Mapper` is compiled once a pull. A bad key rejects the row; a bad item becomes null with a warning that names it, its
source text kept in `raw`; a failed check digit is a warning and the value stands. It knows no store and no handle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from catalogue import identifiers
from catalogue.identifiers import Reason, Verdict
from catalogue.model import Binding, CodeList, Column, DataType, Identifier, Item, Resource
from catalogue.rules import Value
from connectors.convert import Convert, Declared, converter
from connectors.faults import Bad, WarningCode
from connectors.source import SourceMisconfigured, SourceRow

#: (item, warning code, sentence)
Warned = tuple[str, str, str]
#: (item, subject kind, identity type, canonical code)
SubjectOf = tuple[str, str, str, str]

#: The published rule that codes of each standard follow.
RULES: Mapping[Identifier, Callable[[str], Verdict]] = {
    Identifier.CREDIT_CODE: identifiers.credit_code,
    Identifier.ORGANISATION_CODE: identifiers.organisation_code,
    Identifier.CITIZEN_NUMBER: identifiers.citizen_number,
    Identifier.RESIDENCE_PERMIT: identifiers.residence_permit,
    Identifier.DIVISION_CODE: identifiers.division_code,
    Identifier.PROJECT_CODE: identifiers.project_code,
}
_IMPOSSIBLE = frozenset({Reason.LENGTH, Reason.CHARACTER})
_TYPED = frozenset(DataType) - {DataType.TEXT, DataType.MEMO, DataType.BLOB, DataType.DATE, DataType.DATETIME}
_PLAIN = re.compile(r"-?\d+(\.\d+)?|true|false", re.ASCII)
_ANY = re.compile(r"(?s).*")


@dataclass(frozen=True, slots=True)
class MappedRow:
    """A row of the resource: `values` holds every item in stored form, `raw` the source's text of those that differ."""

    position: str
    key: tuple[Value, ...]
    values: dict[str, Value]
    raw: dict[str, str]
    warnings: tuple[Warned, ...]
    subjects: tuple[SubjectOf, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that has no key and so cannot be a record; `raw` is the source's row as JSON, for quarantine."""

    position: str
    reason: str
    raw: str


#: One column: item, source column, conversion, and which source texts are not worth keeping beside the stored value.
#: A tuple, as every value of every row passes here.
_Step = tuple[str, str, Convert, re.Pattern[str] | None]


class _NoKey(Exception):
    """The row's key cannot be: why, in words without the value."""


class Mapper:
    """The compiled mapping of one binding. SourceMisconfigured where the binding cannot be followed."""

    def __init__(self, resource: Resource, binding: Binding, codes: Mapping[str, CodeList]) -> None:
        self._key = resource.key
        self._steps: list[_Step] = []
        self._empty: dict[str, Value] = {item.name: None for item in resource.items}
        self._whole = {column.source for column in binding.columns if column.pattern is None}
        for column in binding.columns:
            try:
                self._add(resource, column, ZoneInfo(binding.timezone), codes)
            except (re.error, ValueError, KeyError, InvalidOperation, ZoneInfoNotFoundError, Bad) as error:
                raise SourceMisconfigured(binding.system, f"{binding.name}: item {column.item}: {error}") from error
        varying = {s.item for s in resource.subjects if s.discriminator is not None}
        self._checks = [(i.name, i.identifier) for i in resource.items if i.identifier and i.name not in varying]
        self._fixed = [(s.item, s.kind) for s in resource.subjects if s.discriminator is None]
        self._varying = [(s.item, s.discriminator, s.kinds) for s in resource.subjects if s.discriminator is not None]

    def _add(self, resource: Resource, column: Column, zone: ZoneInfo, codes: Mapping[str, CodeList]) -> None:
        item = resource.item(column.item)
        convert = converter(Declared(item, column, zone, codes.get(item.code_list or "")))
        if column.source is None:
            self._empty[item.name] = convert(column.constant)
        else:
            self._steps.append((item.name, column.source, convert, self._said(item, column)))

    def _said(self, item: Item, column: Column) -> re.Pattern[str] | None:
        """The texts that need not be kept: a number's own form, and what another item holds whole.

        A part picked out of an identity number does not bring the whole number under its own item's rules.
        """
        if column.pattern is not None:
            return _ANY if column.source in self._whole else None
        return _PLAIN if item.type in _TYPED and not column.codes else None

    def map(self, row: SourceRow) -> MappedRow | Rejected:
        """The row of the resource, or why it cannot be one."""
        mapping = _Mapping(self._empty.copy())
        try:
            mapping.convert(self._steps, row.values, self._key)
            self._judge(mapping)
            key = mapping.key(self._key)
        except _NoKey as error:
            return Rejected(row.position, str(error), json.dumps(row.values, default=str, ensure_ascii=False))
        values, raw, warnings, subjects = mapping.values, mapping.raw, mapping.warnings, mapping.subjects
        return MappedRow(row.position, key, values, raw, tuple(warnings), tuple(subjects))

    def _judge(self, mapping: _Mapping) -> None:
        """Identifiers are judged and subjects named once all items stand, since a discriminator may come later.

        A code that cannot be one of its standard names no subject: every record that says 无 would name the same one.
        """
        values = mapping.values
        impossible = [item for item, identifier in self._checks if not mapping.check(item, identifier, self._key)]
        for item, kind in self._fixed:
            code = values[item]
            if isinstance(code, str) and item not in impossible:
                mapping.subjects.append((item, kind, "", code))
        for item, discriminator, kinds in self._varying:
            ref, code = kinds.get(str(values[discriminator])), values[item]
            if ref is not None and isinstance(code, str) and mapping.check(item, ref.identifier, self._key):
                mapping.subjects.append((item, ref.kind, ref.id_type, code))


class _Mapping:
    """One row on its way: what was found so far."""

    __slots__ = ("raw", "subjects", "values", "warnings")

    def __init__(self, values: dict[str, Value]) -> None:
        self.values = values
        self.raw: dict[str, str] = {}
        self.warnings: list[Warned] = []
        self.subjects: list[SubjectOf] = []

    def convert(self, steps: Sequence[_Step], row: Mapping[str, object], key: Sequence[str]) -> None:
        """Every column's value, in the binding's order."""
        values, raw = self.values, self.raw
        for item, source, convert, said in steps:
            given = row.get(source)
            try:
                stored = convert(given)
            except Bad as bad:
                self.bad(item, None if said is _ANY else given, bad, key)
                continue
            values[item] = stored
            if given != stored and type(given) is str and stored is not None and not (said and said.fullmatch(given)):
                raw[item] = given

    def key(self, items: Sequence[str]) -> tuple[Value, ...]:
        """The key's values, all of them given."""
        key = tuple([self.values[item] for item in items])
        if None in key:
            raise _NoKey(f"key item {items[key.index(None)]} is missing")
        return key

    def bad(self, item: str, given: object, bad: Bad, key: Sequence[str]) -> None:
        """A value that is none: the key cannot be, any other item is null (or what is kept of it) with a warning."""
        if item in key and bad.kept is None:
            raise _NoKey(f"key item {item}: {bad.code.sentence}")
        self.values[item] = bad.kept
        if given is not None and str(given) != bad.kept:
            self.raw[item] = str(given)
        self.warnings.append((item, bad.code.value, bad.code.sentence))

    def check(self, item: str, identifier: Identifier | None, key: Sequence[str]) -> bool:
        """Whether the code can be one of its standard at all; a warning where it does not hold."""
        code = self.values[item]
        if identifier is None or not isinstance(code, str):
            return True
        reason = RULES[identifier](code).reason
        if reason is None:
            return True
        impossible = reason in _IMPOSSIBLE
        if impossible and item in key:
            raise _NoKey(f"key item {item}: {reason.sentence}")
        warned = WarningCode.BAD_SHAPE if impossible else WarningCode.CHECK_FAILED
        self.warnings.append((item, warned.value, reason.sentence))
        return not impossible
