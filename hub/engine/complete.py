"""Planned rows → `data`, by graphql-core (step 8 of walk 1, a question).

Resolvers only read what was planned, so completion runs without suspending; large answers are completed off the event
loop. Hand-written nouns keep their resolvers, which may ask a store: an operation with nouns runs on the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, execute
from graphql.execution.executor import Executor

from hub.engine.compile import Source
from hub.operations.asked import Context

#: More records than this are completed in a thread: about 25 µs each would hold the event loop too long.
ON_LOOP = 1_000


def _never(_value: object) -> bool:
    return False


async def complete(
    source: Source, planned: Mapping[str, object], variables: Mapping[str, object], context: Context, size: int
) -> ExecutionResult:
    """The result. `size` is how many records were planned."""
    if context.asked is None and size > ON_LOOP:
        return await asyncio.to_thread(_completed, source, planned, variables, context)
    found = _completed(source, planned, variables, context)
    result = await found if isawaitable(found) else found
    assert isinstance(result, ExecutionResult)
    return result


async def introspect(source: Source, variables: Mapping[str, object]) -> ExecutionResult:
    """The result of an operation that asks the schema alone; a large schema takes a while."""
    found: ExecutionResult = await asyncio.to_thread(_completed, source, {}, variables, None)
    return found


def _completed(
    source: Source, planned: Mapping[str, object], variables: Mapping[str, object], context: Context | None
) -> Any:
    operation = source.operation
    return execute(
        source.built.core,
        source.document.node,
        root_value=planned,
        context_value=context,
        variable_values=dict(variables),
        operation_name=operation.name.value if operation.name else None,
        executor_class=Executor,
        is_awaitable=None if context and context.asked else _never,  # type: ignore[arg-type]  # a type guard that is never met
        is_async_iterable=_never,  # type: ignore[arg-type]  # as above
        hide_suggestions=True,
    )
