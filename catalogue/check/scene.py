"""What every check looks at: all entries, and the list that faults go to, under the file that an entry came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from catalogue.canonical import canonical
from catalogue.faults import Fault, Faults
from catalogue.model import Catalogue, Item, Resource

#: Origins of entries that came from no file.
NOWHERE: Mapping[tuple[str, str], str] = MappingProxyType({})


@dataclass(frozen=True)
class Scene:
    """A whole catalogue under examination."""

    catalogue: Catalogue
    origins: Mapping[tuple[str, str], str]
    found: list[Fault] = field(default_factory=list)

    @cached_property
    def items(self) -> Mapping[str, Mapping[str, Item]]:
        """Items by resource and name."""
        return {name: {item.name: item for item in r.items} for name, r in self.catalogue.resources.items()}

    def at(self, kind: str, name: str) -> Faults:
        """The place of an entry."""
        return Faults(self.origins.get((kind, name), ""), f"{kind}.{name}", self.found)

    def resources(self) -> Iterator[tuple[Resource, Faults]]:
        """Every resource with its place."""
        return ((resource, self.at("resource", name)) for name, resource in self.catalogue.resources.items())

    def has_item(self, resource: str, name: str, faults: Faults) -> Item | None:
        """The item; None, with a fault at that place, where the resource has none of that name."""
        found = self.items[resource].get(name)
        if found is None:
            faults.add("item-unknown", f"{resource} has no item {name}", (resource, name))
        return found

    def knows_codes(self, item: Item, codes: Iterator[str], faults: Faults) -> None:
        """Report codes that the item's code list does not have (an unknown list is reported where the item stands)."""
        known = self.catalogue.code_lists.get(item.code_list or "")
        if known is None:
            return
        for code in codes:
            if canonical(item.canonical, code) not in known.codes:
                faults.add("code-unknown", f"the code list {known.name} has no code {code}")
