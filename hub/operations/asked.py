"""What a hand-written noun may read while an answer is completed (step 8 of walk 1, a question): who asks, and of what.

The engine hands it to graphql-core as the context. Records never come this way: nouns know the catalogue and access,
a file its own address.
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
from hub.files.address import Minter


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


@dataclass(frozen=True, slots=True)
class Context:
    """What graphql-core hands to every resolver: `asked` is there where root nouns are selected."""

    asked: Asked | None
    minter: Minter


def asked(info: strawberry.Info[Any, Any]) -> Asked:
    """What root nouns read."""
    found: Asked = info.context.asked
    return found


def minter(info: strawberry.Info[Any, Any]) -> Minter:
    """What makes addresses of files."""
    found: Minter = info.context.minter
    return found
