"""What a hand-written noun may read while an answer is completed (step 8 of walk 1, a question): who asks, and of what.

The engine hands it to graphql-core as the context. Records never come this way: nouns know the catalogue and access.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import strawberry

from auth.bearer import Principal
from auth.ports import Access, AccessStore
from catalogue.snapshot import Snapshot
from hub.control.ports import BindingState, PullLedger


@dataclass(frozen=True, slots=True)
class Asked:
    """One question's surroundings. `bindings` asks the ledger once, however many resources an answer lists."""

    snapshot: Snapshot
    access: Access
    principal: Principal
    now: datetime
    access_store: AccessStore
    ledger: PullLedger
    _known: dict[str, BindingState] = field(default_factory=dict)

    async def bindings(self) -> Mapping[str, BindingState]:
        """Where every binding stands."""
        if not self._known:
            self._known.update(await self.ledger.bindings())
        return self._known


def asked(info: strawberry.Info[Any, Any]) -> Asked:
    """The context behind a resolver's info."""
    found: Asked = info.context
    return found
