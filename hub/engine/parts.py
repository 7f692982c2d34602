"""What the engine is made of: the hub's parts that it works with, and what it remembers between questions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from graphql import ExecutionResult, OperationDefinitionNode
from graphql.execution.values import VariableValues

from auth.ports import AccessStore, AuditLog
from hub.control.ports import PullLedger
from hub.engine.compile import Source, compile_feed, compile_query
from hub.engine.cursors import PageCursors
from hub.engine.decisions import Judge
from hub.engine.documents import Document, Documents
from hub.engine.limits import Limits
from hub.engine.live import Readings
from hub.engine.memory import Memory
from hub.engine.plan import FeedPlan, Plan
from hub.engine.references import Decide
from hub.files.address import Addresses
from hub.published import Published
from hub.records.handles import Handles
from hub.records.ports import ChangeLog, RecordReader
from hub.schema.build import Built
from hub.seal import Seal
from hub.sources import Sources


@dataclass(frozen=True, slots=True)
class EngineParts:
    """What the engine needs of the hub. `published` confirms what is published before it answers."""

    reader: RecordReader
    log: ChangeLog
    ledger: PullLedger
    access_store: AccessStore
    audit: AuditLog
    handles: Handles
    sources: Sources
    published: Callable[[], Awaitable[Published]]
    addresses: Addresses
    cursor_key: bytes
    clock: Callable[[], datetime]


class Compiled(Protocol):
    """A plan of either kind."""

    @property
    def touched(self) -> frozenset[str]:
        """The resources that the plan rests on decisions about."""


P = TypeVar("P", bound=Compiled)


class Plans(Generic[P]):
    """Compiled plans by document, operation, catalogue version, switches and decision classes.

    Which resources an operation touches is only known once it was compiled, and depends on what is granted: a plan is
    found by the decision classes of all resources that any compilation of the operation touched so far.
    """

    def __init__(self, compiling: Callable[[Source, Decide], P], remembered: int = 500) -> None:
        self._compiling = compiling
        self._touched: Memory[frozenset[str]] = Memory(remembered)
        self._plans: Memory[P] = Memory(remembered)

    def plan(self, source: Source, decide: Decide) -> P:
        """The plan of the operation under the decisions."""
        name = source.operation.name.value if source.operation.name else None
        operation = (source.built.snapshot.version, source.document.digest, name, tuple(source.switches.items()))
        touched = self._touched.get(operation) or frozenset()
        known = self._plans.get((operation, _classes(touched, decide)))
        if known is not None:
            return known
        plan = self._compiling(source, decide)
        self._touched.keep(operation, touched | plan.touched)
        return self._plans.keep((operation, _classes(touched | plan.touched, decide)), plan)


@dataclass(frozen=True, slots=True)
class Workshop:
    """The engine's parts and its memory. One a process."""

    parts: EngineParts
    cursors: PageCursors
    feed_seal: Seal
    documents: Documents = field(default_factory=lambda: Documents(Limits()))
    plans: Plans[Plan] = field(default_factory=lambda: Plans(compile_query))
    feeds: Plans[FeedPlan] = field(default_factory=lambda: Plans(compile_feed))
    judge: Judge = field(default_factory=Judge)
    readings: Readings = field(default_factory=Readings)
    introspections: Memory[ExecutionResult] = field(default_factory=lambda: Memory(20))


def source_of(
    built: Built, document: Document, operation: OperationDefinitionNode, variables: VariableValues
) -> Source:
    """What is compiled, with the values of the variables that switch fields."""
    switches = {name: variables.coerced[name] for name in document.switches if name in variables.coerced}
    return Source(built, document, operation, switches)


def _classes(touched: frozenset[str], decide: Decide) -> tuple[object, ...]:
    return tuple(decide(name).decision_class for name in sorted(touched))
