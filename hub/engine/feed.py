"""A subscription, from its document to completed events: the engine's share of the end of walk 2 (a change).

Compiled and judged when it starts; `hub.feeds` follows the log and asks back here twice: `judge` before every batch and
every event, and the answers of a batch. What a batch shows is read with one store call a level, counted against quotas
and audited before its first answer leaves. A new catalogue version recompiles the document; one that no longer fits it
ends.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphql import OperationType
from graphql.execution.values import VariableValues

from auth.decide import Decision
from hub.engine.answers import completion_error
from hub.engine.audit_entry import append
from hub.engine.bind import Bound
from hub.engine.compile import Source
from hub.engine.complete import complete
from hub.engine.decisions import Asker
from hub.engine.documents import DocumentInvalid
from hub.engine.execute import AUDITED, Question
from hub.engine.history import planned_change
from hub.engine.operation import (
    Answer,
    CaughtupEvent,
    ChangeEvent,
    FeedEvent,
    GapEvent,
    Operation,
    Standing,
    Subscription,
)
from hub.engine.parts import Workshop
from hub.engine.plan import FeedPlan, Shown
from hub.engine.references import judge
from hub.errors import Code, HubError
from hub.operations.feeds import Caughtup, FeedStart, Gap
from hub.published import Published
from hub.schema.build import TYPE

SCOPE = "feed:subscribe"


async def is_subscription(workshop: Workshop, operation: Operation) -> bool:
    """Whether the operation is a subscription; False where the document cannot be read."""
    built = (await workshop.parts.published()).built
    try:
        found = workshop.documents.read(operation.text, built).operation(operation.name)
    except (DocumentInvalid, HubError):
        return False  # the answer to it says what is wrong
    return found.operation is OperationType.SUBSCRIPTION


async def prepare(workshop: Workshop, operation: Operation) -> Subscription:
    """The compiled subscription. HubError where the document is wrong or the client may not subscribe."""
    feed = _Feed(workshop, operation)
    try:
        standing = await feed.judge()
    except HubError as error:
        await feed.refused(error)
        raise
    return Subscription(
        resource=standing.decision.resource,
        condition=feed.given.get("where"),
        after=feed.given.get("after"),
        beginning=feed.given.get("from") is FeedStart.BEGINNING,
        judge=feed.judge,
        refused=feed.refused,
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """The document, compiled and bound under one publication, and every decision that this rests on."""

    source: Source
    variables: VariableValues
    plan: FeedPlan
    bound: Bound
    digest: str
    published: Published
    decisions: Mapping[str, Decision]

    def stands(self, question: Question) -> bool:
        """Whether it would be compiled and decided just so now."""
        same = question.asker.published.snapshot is self.published.snapshot
        return same and all(question.decide(name) == known for name, known in self.decisions.items())


class _Feed:
    """One subscription, for as long as it runs. `given` are its arguments, known once it was judged."""

    given: Mapping[str, Any]

    def __init__(self, workshop: Workshop, operation: Operation) -> None:
        self._workshop, self._operation = workshop, operation
        self._known: tuple[_Made, Standing] | None = None

    async def judge(self) -> Standing:
        """What the subscription is now; HubError ends it."""
        question = self._question(await self._workshop.parts.published())
        if self._known is None or not self._known[0].stands(question):
            self._known = self._compiled(question)
        standing = self._known[1]
        _allowed(question, standing.decision)
        return standing

    async def refused(self, error: HubError) -> None:
        """The audit entry of a refusal for what the client may do."""
        if error.code in AUDITED:
            question = self._question(await self._workshop.parts.published())
            await append(self._workshop.parts.audit, question.account.refused(error))

    def _question(self, published: Published) -> Question:
        """What surrounds the subscription at this moment."""
        asker = Asker(published, self._operation.principal, self._operation.purpose, self._workshop.parts.clock())
        return Question(self._workshop, self._operation, asker, self._known[0].digest if self._known else "")

    def _compiled(self, question: Question) -> tuple[_Made, Standing]:
        """The document under the catalogue and the decisions of this moment, its arguments bound and judged."""
        source, variables = _document(question)
        plan = self._workshop.feeds.plan(source, question.decide)
        decision = question.decide(plan.resource.name)
        _allowed(question, decision)
        binder = question.binder(source, variables)
        self.given = binder.given(plan.at)
        where = binder.condition(plan.resource, self.given.get("where"), (*plan.at.path, "where"))
        bound = binder.bind(plan.plan)
        judge(bound.references, question.decide)
        touched = plan.touched.union(reference.resource for reference in bound.references)
        decisions = {name: question.decide(name) for name in touched}
        made = _Made(source, variables, plan, bound, question.digest, question.asker.published, decisions)
        return made, Standing(question.asker.published.snapshot, decision, where, partial(self._answers, made))

    async def _answers(
        self, made: _Made, events: Sequence[FeedEvent], detail: Mapping[str, str]
    ) -> AsyncGenerator[Answer, None]:
        """One answer an event, as it was decided; what they show of records is read, counted and audited at first."""
        question = self._question(made.published)
        question.given.update(made.decisions)
        changes = [event for event in events if isinstance(event, ChangeEvent)]
        planned = iter(await _planned(question, made, changes, detail) if changes else ())
        for event in events:
            change, shown = next(planned) if isinstance(event, ChangeEvent) else (_noun(event), None)
            context = question.context(made.plan.plan)
            result = await complete(made.source, {made.plan.at.key: change}, self._operation.variables, context, 1)
            errors = [completion_error(self._operation, error) for error in result.errors or ()]
            if shown is None:
                yield Answer(result.data, errors)
            else:
                denied, extensions = question.denials(made.plan.plan, shown), question.extensions(made.plan.plan, shown)
                yield Answer(result.data, [*denied, *errors], extensions)


async def _planned(
    question: Question, made: _Made, changes: Sequence[ChangeEvent], detail: Mapping[str, str]
) -> list[tuple[object, Shown | None]]:
    """The changes as they are planned, each with what was found out about its record, if it has one."""
    rows = question.run(made.plan.plan, made.bound)
    planned = [_change(made.plan, change) for change in changes]
    shown = [None if change.record is None else Shown() for change in changes]
    records = [change.record for change in changes if change.record is not None]
    for key, selection in made.plan.records:
        found = iter(await rows.records(selection, records, list(filter(None, shown))))
        for one, change in zip(planned, changes, strict=True):
            one[key] = None if change.record is None else next(found)
    await question.spend()
    keys = [change.key for change in changes]
    entry = question.account.followed(question.read, made.plan.resource.name, keys, detail)
    await append(question.workshop.parts.audit, entry)
    return list(zip(planned, shown, strict=True))


def _document(question: Question) -> tuple[Source, VariableValues]:
    """The document under the catalogue of this moment; BAD_INPUT where it does not fit it."""
    try:
        return question.document(OperationType.SUBSCRIPTION)
    except DocumentInvalid as error:
        raise HubError(Code.BAD_INPUT, str(error)) from error


def _noun(event: GapEvent | CaughtupEvent) -> Gap | Caughtup:
    if isinstance(event, GapEvent):
        return Gap(start=event.start, end=event.end, reason=event.reason)
    return Caughtup(cursor=event.cursor)


def _change(plan: FeedPlan, event: ChangeEvent) -> dict[str, object]:
    return {**planned_change(plan.fields, event), TYPE: plan.type_name}


def _allowed(question: Question, decision: Decision) -> None:
    """HubError unless the client may ask of this resource, and subscribe at all."""
    if decision.refusal is not None:
        raise HubError(Code(decision.refusal.code), decision.refusal.message, resource=decision.resource)
    client = question.asker.published.access.clients[question.operation.principal.client_id]
    if SCOPE not in question.operation.principal.scopes & client.scopes:
        raise HubError(Code.INSUFFICIENT_SCOPE, f"subscriptions need the scope {SCOPE}")
