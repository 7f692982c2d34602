"""Conditions on links → conditions on own items: the keys of the linked records, asked for once a condition.

Part of step 6 of walk 1 (a question). The inner side passes its own row rule. At most 50,000 keys, on every store.
"""

from __future__ import annotations

from datetime import datetime

from catalogue.rules import TRUE, Among, Either, Every, Linked, Not, Quantifier, Where, both
from catalogue.snapshot import LinkEnd, Snapshot
from hub.engine.references import Decide
from hub.errors import Code, HubError
from hub.records.model import Query
from hub.records.ports import RecordReader

MOST_KEYS = 50_000


class Links:
    """Resolves the links in the conditions of one request."""

    def __init__(self, snapshot: Snapshot, reader: RecordReader, decide: Decide, now: datetime) -> None:
        self._snapshot, self._reader, self._decide, self._now = snapshot, reader, decide, now
        self.most = MOST_KEYS

    async def resolve(self, resource: str, where: Where) -> Where:
        """The rule without links. DOCUMENT_REFUSED where a condition is met by too many keys."""
        match where:
            case Linked(name, quantifier, inner):
                return await self._linked(self._snapshot.links_of(resource)[name], quantifier, inner)
            case Every(parts):
                return Every(tuple([await self.resolve(resource, part) for part in parts]))
            case Either(parts):
                return Either(tuple([await self.resolve(resource, part) for part in parts]))
            case Not(part):
                return Not(await self.resolve(resource, part))
            case _:
                return where

    async def _linked(self, end: LinkEnd, quantifier: Quantifier, inner: Where) -> Where:
        """`every` means that no linked record breaks the rule."""
        rule = await self.resolve(end.target, inner)
        if quantifier is Quantifier.SOME:
            return await self._some(end, rule)
        return Not(await self._some(end, rule if quantifier is Quantifier.NONE else Not(rule)))

    async def _some(self, end: LinkEnd, rule: Where) -> Where:
        own, linked = tuple(a for a, _ in end.on), tuple(b for _, b in end.on)
        where = both(self._decide(end.target).rows, end.target_when or TRUE, rule)
        query = Query(self._snapshot.resource(end.target), where, self._now, linked)
        keys = await self._reader.keys(query, linked, self.most + 1)
        if len(keys) > self.most:
            raise HubError(
                Code.DOCUMENT_REFUSED,
                f"more than {self.most} keys of {end.target} meet the condition on {end.name}",
                figure=len(keys),
                limit=self.most,
            )
        return both(end.when or TRUE, Among(own, keys))
