"""The decisions of one request, each made once, and remembered while nothing that they rest on moves.

Step 2 of walk 1 (a question). `auth.decide` is pure, so equal inputs under the same catalogue and access versions give
the same decision until its `valid_until`. Nothing else in the engine asks auth who may see what.
"""

from __future__ import annotations

from datetime import datetime

from auth.bearer import Principal
from auth.decide import Decision, decide, entry_of
from auth.purpose import DeclaredPurpose
from hub.engine.memory import Memory
from hub.published import Published

_Name = tuple[object, ...]


class Judge:
    """Makes decisions and remembers them. One a process."""

    def __init__(self, remembered: int = 10_000) -> None:
        self._known: Memory[Decision] = Memory(remembered)

    def decide(self, asker: Asker, resource: str) -> Decision:
        """The decision about one resource."""
        name = (*asker.name, resource)
        known = self._known.get(name)
        if known is not None and (known.valid_until is None or asker.now < known.valid_until):
            return known
        entry = entry_of(asker.published.snapshot, resource)
        made = decide(asker.principal, asker.purpose, entry, asker.published.access, asker.now)
        return self._known.keep(name, made)


class Asker:
    """Who asks, for what purpose, under which publication, at what time: what every decision of a request rests on."""

    __slots__ = ("name", "now", "principal", "published", "purpose")

    def __init__(
        self, published: Published, principal: Principal, purpose: DeclaredPurpose | None, now: datetime
    ) -> None:
        self.published, self.principal, self.purpose, self.now = published, principal, purpose, now
        code = purpose.code if purpose else None
        self.name: _Name = (
            principal.client_id, principal.scopes, code, published.snapshot.version, published.access.version,
        )  # fmt: skip
