"""What the engine remembers between questions: values by name, the least lately used forgotten first. Bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Memory(Generic[V]):
    """Remembers values whose weights together do not exceed `most`, and always the last one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._kept: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()

    def get(self, name: Hashable) -> V | None:
        """The value of that name, or None."""
        found = self._kept.get(name)
        if found is None:
            return None
        self._kept.move_to_end(name)
        return found[0]

    def keep(self, name: Hashable, value: V, weight: int = 1) -> V:
        """Remember the value; it is returned as it is."""
        self._held += weight - (self._kept[name][1] if name in self._kept else 0)
        self._kept[name] = value, weight
        self._kept.move_to_end(name)
        while self._held > self._most and len(self._kept) > 1:
            self._held -= self._kept.popitem(last=False)[1][1]
        return value
