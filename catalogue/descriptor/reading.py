"""A set of descriptor files → entries and faults. Never raises for what a file says: every fault is in the result.

Files are read together, since a rule on a link's far side needs the items of a resource that another file declares.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from catalogue.descriptor import entries, resources
from catalogue.descriptor.tables import Table, read_table
from catalogue.faults import DescriptorError, Fault, Faults
from catalogue.model import Binding, Catalogue, CodeList, Department, Resource, System

T = TypeVar("T")

#: Every rule that reading may report, beside those of `catalogue.where`.
RULES = {
    "unreadable": "A file is there and is UTF-8.",
    "toml": "A file is TOML.",
    "unknown-key": "Every key is one that its table may have.",
    "missing-key": "What is required is there, and not empty.",
    "wrong-type": "Every value is of its key's type.",
    "unknown-value": "A value of an enumeration is one of its words.",
    "declared-twice": "An entry is declared once in a set of files.",
    "sharing-missing": "Every resource, item, variant and link says how it is shared: nothing is open by default.",
    "denied-without-reason": "What is not shared says why, and by what law.",
    "data-type": "A data type is a letter of the national guide, with a length and decimals where it has them.",
    "subject-kind": "A subject has a kind, or a discriminator whose values have kinds.",
    "moment-form": "A moment is an item, plus or minus a number of days.",
    "link-target": "A rule about a link's target is read against a resource that is there.",
}
_MEMBER = re.compile(r"resource\.([a-z0-9_]+)\.(?:items|moments|links|subjects)\.([a-z0-9_]+)")


@dataclass(frozen=True, slots=True)
class Text:
    """A descriptor's text, and where it comes from (a file's name) for its faults."""

    origin: str
    text: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a set of files declares. `origins` names the file of every (kind, name); with faults the catalogue holds
    placeholders and is fit for further checking only.
    """

    catalogue: Catalogue
    origins: Mapping[tuple[str, str], str]
    faults: tuple[Fault, ...]

    @property
    def doubtful(self) -> frozenset[tuple[str, str]]:
        """The (resource, member) pairs that have a fault of their own: what follows from them is not worth saying."""
        found = (_MEMBER.match(fault.place) for fault in self.faults)
        return frozenset((match[1], match[2]) for match in found if match)

    def sound(self) -> Catalogue:
        """The catalogue; DescriptorError with every fault where there is one."""
        if self.faults:
            raise DescriptorError(self.faults)
        return self.catalogue


def read(texts: Iterable[Text], known: Catalogue) -> Loaded:
    """Read the texts as one set of entries; `known` holds resources that their links may point to."""
    reader = _Reader()
    for text in texts:
        reader.add(text)
    return reader.finish(known)


@dataclass(slots=True)
class _Reader:
    """Entries by name as the files are read."""

    found: list[Fault] = field(default_factory=list)
    origins: dict[tuple[str, str], str] = field(default_factory=dict)
    departments: dict[str, Department] = field(default_factory=dict)
    systems: dict[str, System] = field(default_factory=dict)
    code_lists: dict[str, CodeList] = field(default_factory=dict)
    drafts: dict[str, resources.Draft] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)

    def add(self, text: Text) -> None:
        """Read one document."""
        faults = Faults(text.origin, "", self.found)
        try:
            values = tomllib.loads(text.text, parse_float=Decimal)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            faults.add("toml", str(error))
            return
        document = Table(values, faults)
        self._entries(document, "department", entries.department, self.departments)
        self._entries(document, "system", entries.system, self.systems)
        self._entries(document, "code_list", entries.code_list, self.code_lists)
        self._entries(document, "resource", resources.draft, self.drafts)
        self._entries(document, "binding", entries.binding, self.bindings)
        document.close()

    def finish(self, known: Catalogue) -> Loaded:
        """Read the rules, now that every resource is known."""
        targets: dict[str, Resource] = {**known.resources, **{name: d.resource for name, d in self.drafts.items()}}
        finished = {name: resources.finish(draft, targets) for name, draft in self.drafts.items()}
        catalogue = Catalogue(self.departments, self.systems, self.code_lists, finished, self.bindings)
        return Loaded(catalogue, self.origins, tuple(self.found))

    def _entries(self, document: Table, kind: str, read_one: Callable[[Table], T], into: dict[str, T]) -> None:
        value = document.take(kind)
        several = value if isinstance(value, list) else [] if value is None else [value]
        for number, each in enumerate(several, 1):
            name = _name_of(each, kind)
            faults = document.faults.at(kind).at(name or f"number {number}")
            entry = read_table(each, faults, read_one)
            if entry is not None and name:
                self._keep(kind, name, entry, into, faults)

    def _keep(self, kind: str, name: str, entry: T, into: dict[str, T], faults: Faults) -> None:
        if name in into:
            faults.add("declared-twice", f"the {kind} {name} stands in {self.origins[kind, name]} already")
            return
        into[name] = entry
        self.origins[kind, name] = faults.file


def _name_of(entry: object, kind: str) -> str:
    """What an entry is called: a department by its code, everything else by its name; empty where it does not say."""
    name = entry.get("code" if kind == "department" else "name") if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) else ""
