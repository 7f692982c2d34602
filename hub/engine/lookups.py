"""How often a client may ask by keys and subjects that it may not see, or have values verified: limited by rate.

Between steps 5 and 6 of walk 1 (a question): counted before any store is asked, so that nobody finds out numbers by
trying. Keys whose items the client sees plain anyway are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from auth.decide import Decision
from auth.ports import AccessStore, AuthStoreUnavailable
from catalogue.rules import SHANGHAI
from catalogue.snapshot import Snapshot
from hub.engine.bind import Bound, Claims, Keys
from hub.engine.plan import ByKey, One, Plan, Verify
from hub.engine.references import Decide
from hub.engine.subjects import SubjectAsked, subject_resources
from hub.errors import Code, HubError, StoreUnavailable

LOOKUPS_AN_HOUR = 3_600


def asked_by_right(plan: Plan, bound: Bound, decide: Decide, snapshot: Snapshot) -> Mapping[str, int]:
    """How many keys and subjects the question asks for by right, and values it has verified, by the grant for it."""
    counts: Counter[str] = Counter()
    for step in plan.roots:
        asked = bound.arguments.get(step.at.number)
        if isinstance(step, One | ByKey) and isinstance(asked, Keys):
            counts.update(_of(decide(step.resource.name), asked))
        elif isinstance(asked, Claims) and isinstance(step, Verify) and asked.given:
            counts[str(decide(step.resource.name).grant_id)] += sum(map(len, asked.given))
        elif isinstance(asked, SubjectAsked):
            decisions = [decide(resource.name) for resource in subject_resources(snapshot, asked, decide)]
            counts.update(d.grant_id for d in decisions if d.lookup and d.grant_id)
    return counts


def _of(decision: Decision, asked: Keys) -> Mapping[str, int]:
    by_right = decision.grant_id is not None and not all(decision.item(name).plain for name in asked.by)
    return {str(decision.grant_id): len(asked.values)} if by_right else {}


async def count_lookups(store: AccessStore, asked: Mapping[str, int], now: datetime) -> None:
    """Count them against the hour; QUOTA_EXCEEDED where it would be too many, and then nothing is asked."""
    hour = f"lookups {now.astimezone(SHANGHAI):%Y-%m-%dT%H}"
    for grant, count in asked.items():
        try:
            within = await store.spend(grant, hour, count, LOOKUPS_AN_HOUR)
        except AuthStoreUnavailable as error:
            raise StoreUnavailable("lookups cannot be counted now") from error
        if not within:
            message = f"{count} more lookups or verifications would exceed {LOOKUPS_AN_HOUR} in this hour under {grant}"
            raise HubError(Code.QUOTA_EXCEEDED, message, retryAfter=3600)
