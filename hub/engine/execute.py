"""Walk 1, a question, top-down: each line of `answer` is a step, and `reached` is told its name after it.

Bytes and tokens came before (`hub.api`, `auth.bearer`), bytes follow after. A refusal for what the client may do is
audited like an answer; a document that is merely wrong is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from graphql import ExecutionResult, OperationType
from graphql.execution.values import VariableValues

from auth.decide import Decision
from auth.ports import AuthStoreUnavailable
from hub.engine.answers import MOST_DENIED, Error, completion_error, error_of, invalid, refused
from hub.engine.audit_entry import Account, append
from hub.engine.bind import Binder, Bound, Ids
from hub.engine.budget import judge_size
from hub.engine.compile import Source
from hub.engine.complete import complete, introspect
from hub.engine.decisions import Asker
from hub.engine.documents import DocumentInvalid, variables_of
from hub.engine.live import Live
from hub.engine.lookups import asked_by_right, count_lookups
from hub.engine.operation import Answer, Operation
from hub.engine.parts import Workshop, source_of
from hub.engine.plan import Denied, Plan, Shown
from hub.engine.read import Read
from hub.engine.references import judge, why_not
from hub.engine.rows import Rows, Surroundings
from hub.engine.subjects import SubjectAsked, subject_resources
from hub.errors import Code, HubError, StoreUnavailable
from hub.files.address import Minter
from hub.operations.access import Me, quota_day
from hub.operations.asked import Asked, Context
from hub.operations.catalogue import CatalogueNoun

Reached = Callable[[str], None]

#: Refusals that say something about the client, and so are worth an audit entry.
AUDITED = frozenset(
    {Code.INSUFFICIENT_SCOPE, Code.NOT_GRANTED, Code.GRANT_EXPIRED, Code.PURPOSE_REQUIRED, Code.CONSENT_REQUIRED,
     Code.QUOTA_EXCEEDED}
)  # fmt: skip
#: Refusals of a resource that refuse the operation, wherever the resource stands in it.
WHOLE = frozenset({Code.UNAUTHENTICATED, Code.INSUFFICIENT_SCOPE})
NOUNS: Mapping[str, Callable[[], object]] = {"catalogue": CatalogueNoun, "me": Me}
CATALOGUE_SCOPE = "catalogue:read"


def unwatched(_step: str) -> None:
    """Nobody watches the steps."""


async def answer(workshop: Workshop, operation: Operation, reached: Reached = unwatched) -> Answer:
    """The answer to one query, its audit entry durable."""
    try:
        published = await workshop.parts.published()
    except HubError as error:
        return refused(operation, error)
    asker = Asker(published, operation.principal, operation.purpose, workshop.parts.clock())
    question = Question(workshop, operation, asker)
    try:
        return await question.answered(reached)
    except DocumentInvalid as error:
        return invalid(operation, error.errors)
    except HubError as error:
        return await question.refused(error)


@dataclass(slots=True)
class Question:
    """One question on its walk."""

    workshop: Workshop
    operation: Operation
    asker: Asker
    digest: str = ""
    read: Read = field(default_factory=Read)
    given: dict[str, Decision] = field(default_factory=dict)

    async def answered(self, reached: Reached) -> Answer:
        """The walk."""
        source, variables = self.document()
        reached("document")
        plan = self.workshop.plans.plan(source, self.decide)
        reached("planned")
        bound = self.binder(source, variables).bind(plan)
        reached("bound")
        self.judge(plan, bound)
        judge_size(plan, bound)
        reached("judged")
        by_right = asked_by_right(plan, bound, self.decide, self.asker.published.snapshot)
        await count_lookups(self.workshop.parts.access_store, by_right, self.asker.now)
        planned = await self.rows(plan, bound)
        reached("rows")
        await self.spend()
        reached("spent")
        result = await self.completed(source, plan, planned)
        reached("completed")
        errors = [*self.denials(plan), *(completion_error(self.operation, e) for e in result.errors or ())]
        made = Answer(result.data, errors, self.extensions(plan))
        await self.audit(plan)
        reached("audited")
        return made

    def document(self, kind: OperationType = OperationType.QUERY) -> tuple[Source, VariableValues]:
        """Step 1: the document, within its limits, parsed and valid; its variables, typed."""
        built = self.asker.published.built
        document = self.workshop.documents.read(self.operation.text, built)
        self.digest = document.digest
        definition = document.operation(self.operation.name)
        if definition.operation is not kind:
            raise HubError(Code.BAD_INPUT, f"the operation is a {definition.operation.value}, not a {kind.value}")
        variables = variables_of(built, definition, self.operation.variables)
        return source_of(built, document, definition, variables), variables

    def decide(self, resource: str) -> Decision:
        """Step 2, whenever one is needed: the decision about a resource, or the one that was given for it."""
        return self.given.get(resource) or self.workshop.judge.decide(self.asker, resource)

    def binder(self, source: Source, variables: VariableValues) -> Binder:
        """Step 4: what binds the arguments."""
        return Binder(self.asker.published.snapshot, source.built.meanings, self.workshop.cursors, variables)

    def judge(self, plan: Plan, bound: Bound) -> None:
        """Step 5: every reference is judged before any store is asked."""
        self._judge_scopes(plan, bound)
        judge((*plan.references, *bound.references), self.decide)
        self._judge_subjects(bound)
        if plan.nulls and not plan.roots and not plan.nouns:
            raise self._why(plan.denied[0])

    async def rows(self, plan: Plan, bound: Bound) -> dict[str, object]:
        """Step 6: the planned rows, with nouns and refused fields beside them."""
        planned = await self.run(plan, bound).all()
        _fail_whole(plan, self.read)
        return {**planned, **dict.fromkeys(plan.nulls), **{key: NOUNS[name]() for key, name in plan.nouns}}

    def run(self, plan: Plan, bound: Bound) -> Rows:
        """What runs the plan; what it reads is the question's."""
        snapshot, parts = self.asker.published.snapshot, self.workshop.parts
        live = Live(snapshot, parts.handles, self.workshop.readings, parts.sources, self.asker.now)
        around = Surroundings(
            snapshot, parts.reader, parts.log, live, parts.handles, self.workshop.cursors, self.workshop.feed_seal,
            self.decide, self.asker.now,
        )  # fmt: skip
        rows = Rows(around, plan, bound)
        self.read = rows.read
        return rows

    async def spend(self) -> None:
        """Step 7: what was read counts against the quotas of the grants that it was read under."""
        day = quota_day(self.asker.now)
        for name, count in self.read.spent.items():
            decision = self.decide(name)
            if decision.quota is None or decision.grant_id is None or not count:
                continue
            try:
                within = await self.workshop.parts.access_store.spend(decision.grant_id, day, count, decision.quota)
            except AuthStoreUnavailable as error:
                raise StoreUnavailable("quotas cannot be counted now") from error
            if not within:
                message = f"{count} records of {name} would exceed the quota of {decision.quota} on {day}"
                raise HubError(Code.QUOTA_EXCEEDED, message, resource=name)

    async def completed(self, source: Source, plan: Plan, planned: Mapping[str, object]) -> ExecutionResult:
        """Step 8: graphql-core completes what was planned. Introspection is the same for everybody and remembered."""
        variables = self.operation.variables
        if plan.roots or plan.nouns or plan.nulls:
            return await complete(source, planned, variables, self.context(plan), self.read.made)
        name = (
            self.asker.published.snapshot.version,
            self.digest,
            self.operation.name,
            repr(sorted(variables.items())),
        )
        known = self.workshop.introspections.get(name)
        return known or self.workshop.introspections.keep(name, await introspect(source, variables))

    def context(self, plan: Plan) -> Context:
        """What resolvers may read."""
        snapshot, parts = self.asker.published.snapshot, self.workshop.parts
        minter = Minter(parts.addresses, snapshot, self.operation, self.asker.now, self.grant_of)
        return Context(self.asked(plan), minter)

    def grant_of(self, resource: str) -> str | None:
        """The grant that the resource is read under."""
        return self.decide(resource).grant_id

    def asked(self, plan: Plan) -> Asked | None:
        """What nouns may read; None where there are none."""
        if not plan.nouns:
            return None
        parts, published = self.workshop.parts, self.asker.published
        return Asked(
            published.snapshot, published.access, self.operation.principal, self.asker.now, parts.access_store,
            parts.ledger,
        )  # fmt: skip

    def denials(self, plan: Plan, own: Shown | None = None) -> list[Error]:
        """One error a field of the document that is denied or failed, at most 100 of the former.

        `own` is what was found out about one record (of a feed), beside all others.
        """
        denied = [(d.at, self._why(d)) for d in plan.denied]
        varying = self.read.shown.denied | (own.denied if own else {})
        denied += [(at, HubError(Code.NOT_GRANTED, f"{at.field} is not granted for some of the records"))
                   for at in varying.values()]  # fmt: skip
        failed = [(problem.at, problem.error) for problem in self.read.problems]
        shown = sorted(denied, key=lambda pair: pair[0].path)[:MOST_DENIED]
        return [error_of(self.operation, error, at) for at, error in (*shown, *failed)]

    def extensions(self, plan: Plan, own: Shown | None = None) -> Mapping[str, object]:
        """`masked` lists the fields that hold masked values; `own` as for `denials`."""
        masked = plan.masked | self.read.shown.masked | (own.masked if own else set())
        return {"masked": sorted(masked)} if masked else {}

    @property
    def account(self) -> Account:
        """Whose question this is, for the audit."""
        return Account(self.operation, self.asker, self.digest, self.workshop.parts.handles, self.decide)

    async def audit(self, plan: Plan) -> None:
        """Step 9: the entry is durable before the answer leaves. Introspection and nouns read no records."""
        if not plan.roots:
            return
        await append(self.workshop.parts.audit, self.account.answered(self.read))

    async def refused(self, error: HubError) -> Answer:
        """The refusal with the department that is responsible, audited where it is about the client."""
        responsible = self._responsible(error.extensions.get("resource"))
        error = HubError(error.code, error.message, **{**error.extensions, **responsible})
        if error.code in AUDITED:
            try:
                await append(self.workshop.parts.audit, self.account.refused(error))
            except HubError as unavailable:
                return refused(self.operation, unavailable)
        return refused(self.operation, error)

    def _judge_scopes(self, plan: Plan, bound: Bound) -> None:
        if (
            any(name == "catalogue" for _, name in plan.nouns)
            and CATALOGUE_SCOPE not in self.operation.principal.scopes
        ):
            raise HubError(Code.INSUFFICIENT_SCOPE, f"catalogue needs the scope {CATALOGUE_SCOPE}")
        by_id = {p[0] for a in bound.arguments.values() if isinstance(a, Ids) for p in a.values if p}
        linked = {reference.resource for reference in bound.references}
        for name in sorted(plan.touched | by_id | linked):
            refusal = self.decide(name).refusal
            if refusal and (Code(refusal.code) in WHOLE or name in by_id):
                raise HubError(Code(refusal.code), refusal.message, resource=name)

    def _judge_subjects(self, bound: Bound) -> None:
        for asked in bound.arguments.values():
            if isinstance(asked, SubjectAsked) and not subject_resources(
                self.asker.published.snapshot, asked, self.decide
            ):
                raise HubError(Code.NOT_GRANTED, f"no resource may be asked by subjects of the kind {asked.kind}")

    def _why(self, denied: Denied) -> HubError:
        """The reason as it stands for this request."""
        decision = self.decide(denied.resource)
        reason = why_not(denied.reference, decision) if denied.reference else decision.refusal
        assert reason is not None
        responsible = self._responsible(denied.resource)
        return HubError(Code(reason.code), reason.message, resource=denied.resource, **responsible)

    def _responsible(self, resource: object) -> Mapping[str, object]:
        """The department that provides the resource, as errors name it."""
        found = self.asker.published.snapshot.resources.get(str(resource))
        department = self.asker.published.snapshot.catalogue.departments.get(found.provider) if found else None
        return {"department": department.name} if department else {}


def _fail_whole(plan: Plan, read: Read) -> None:
    """Where a store failed every root field there is nothing to answer: the operation as a whole is refused."""
    failed = {problem.at.number: problem.error for problem in read.problems}
    if plan.nouns or not plan.roots or not all(step.at.number in failed for step in plan.roots):
        return
    first = failed[plan.roots[0].at.number]
    if first.code is Code.STORE_UNAVAILABLE:
        raise first
