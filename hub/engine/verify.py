"""Verification (核验): given values compared with recorded ones, of which nothing leaves but MATCHES, DIFFERS, UNKNOWN.

Part of step 6 of walk 1 (a question). Rights were judged before (`hub.engine.references`), lookups counted. All
verifications of one resource by one key are read with one call. What a client may not see is UNKNOWN like what is not
there: no record, one outside its row rule, one whose discriminator does not let the item be verified, no value.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from auth.decide import Decision
from catalogue.model import DataType, Item, Resource
from catalogue.rules import Value
from hub.engine.bind import Bound, Claims, Keys
from hub.engine.live import Answered
from hub.engine.plan import Plan, Verify
from hub.operations.records import Verification
from hub.records.model import Row
from hub.schema.items import coded

Fetch = Callable[[Resource, Keys, Iterable[str]], Awaitable[Answered]]
#: The points within a name that is written in parts (阿卜杜拉·买买提), as keyboards and systems write them.
_POINTS = re.compile("[·•‧∙⋅・․.]")
_BLANKS = re.compile(r"\s+")


@dataclass(slots=True)
class _Together:
    """Verifications that are read together: the keys and items of all of them, and the reading once it began."""

    resource: Resource
    by: tuple[str, ...]
    values: dict[tuple[Value, ...], None] = field(default_factory=dict)
    items: set[str] = field(default_factory=set)
    reading: asyncio.Task[Answered] | None = None


class Verifications:
    """The readings for all verifications of one question, one a resource and key."""

    def __init__(self, plan: Plan, bound: Bound, fetch: Fetch) -> None:
        self._fetch = fetch
        self._together: dict[tuple[str, tuple[str, ...]], _Together] = {}
        for step in plan.roots:
            if isinstance(step, Verify):
                self._join(step, claims_of(bound, step))

    async def read(self, step: Verify, claims: Claims) -> Answered:
        """The records behind the step's keys, and those of its likes; raises for each of them what reading raised."""
        shared = self._together[step.resource.name, claims.keys.by]
        if shared.reading is None:
            keys = Keys(shared.by, tuple(shared.values))
            shared.reading = asyncio.ensure_future(self._fetch(shared.resource, keys, shared.items))
        return await shared.reading

    def _join(self, step: Verify, claims: Claims) -> None:
        keys = claims.keys
        shared = self._together.setdefault((step.resource.name, keys.by), _Together(step.resource, keys.by))
        shared.values |= dict.fromkeys(keys.values)
        shared.items |= {name for given in claims.given for name in given}


def claims_of(bound: Bound, step: Verify) -> Claims:
    """What the step was given."""
    found = bound.arguments[step.at.number]
    assert isinstance(found, Claims)
    return found


def columns_for(resource: Resource, decision: Decision, items: Iterable[str]) -> set[str]:
    """The items to read: those compared, what their decisions vary by, and the subjects, for the audit."""
    subjects = {name for column in resource.subjects for name in (column.item, column.discriminator) if name}
    given = set(items)
    return given | subjects | {by for name in given if (by := decision.item(name).varies_by)}


def judged(
    resource: Resource, decision: Decision, given: Mapping[str, Value], row: Row | None
) -> Mapping[str, Verification]:
    """What is said of every given value."""
    return {name: _judged(resource.item(name), decision, value, row) for name, value in given.items()}


def _judged(item: Item, decision: Decision, claimed: Value, row: Row | None) -> Verification:
    decided = decision.item(item.name)
    if row is not None and decided.varies_by is not None:
        decided = decided.for_value(row[decided.varies_by])
    if row is None or not decided.verify or row[item.name] is None:
        return Verification.UNKNOWN
    same = compared(item, claimed) == compared(item, row[item.name])
    return Verification.MATCHES if same else Verification.DIFFERS


def compared(item: Item, value: Value) -> Value:
    """The form in which two stored values are one: codes, dates and numbers as they are, other text without the ways
    of writing it: width, case, blanks, the kind of point. Characters are not simplified: 乾 and 干 are two names.
    """
    written = item.type in (DataType.TEXT, DataType.MEMO) and item.canonical is None and not coded(item)
    if not isinstance(value, str) or not written:
        return value
    return _POINTS.sub("·", _BLANKS.sub("", unicodedata.normalize("NFKC", value).casefold()))
