"""How a pull that is going on is shown: a bar on a terminal, plain lines elsewhere. It only watches walk 2.

How many rows a source has is not known before its end, so that the bar counts and does not promise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from catalogue.model import Binding
from hub.pull.report import Tally
from hub.records.model import Operation

Watch = Callable[[Tally], None]
SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def shown(binding: Binding, console: Console) -> Iterator[Watch]:
    """Something to give a worker as its `watch`, for as long as one pull of the binding goes on."""
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[counts]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bars:
        task = bars.add_task(binding.name, total=None, counts="")
        yield lambda tally: bars.update(task, counts=_counts(tally))


def _lines(console: Console, elapsed: Callable[[], float] = time.monotonic) -> Watch:
    """A line every few seconds."""
    last = elapsed()

    def watch(tally: Tally) -> None:
        nonlocal last
        if elapsed() - last >= SECONDS_BETWEEN_LINES:
            last = elapsed()
            console.print(f"{tally.binding}: {_counts(tally)}", highlight=False, soft_wrap=True)

    return watch


def _counts(tally: Tally) -> str:
    changed = sum(tally.operations[op] for op in (Operation.CREATED, Operation.UPDATED, Operation.DELETED))
    return f"{tally.read:,} read, {changed:,} changed, {tally.quarantined.total():,} quarantined"
