"""`hub pull`: records from the bound systems, now, one binding after the other; bars on a terminal, else plain lines.

`pull_each` is the demo's first pull too. What a pull does is walk 2, in `hub.pull`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click
from rich.console import Console

from catalogue.model import Binding
from hub.commands.context import Context, ExitCode
from hub.errors import ConfigurationError
from hub.pull import run as walk
from hub.pull.model import PullOptions, Worker
from hub.pull.progress import shown
from hub.pull.puller import holder_name
from hub.pull.report import Outcome, Tally
from hub.pull.schedule import pullable
from hub.services import Services

#: What a pull that did not do all it was asked to ends the command with; FOUND where nothing is said.
_CODES: Mapping[Outcome | None, ExitCode] = {
    Outcome.DONE: ExitCode.FINE,
    Outcome.MISCONFIGURED: ExitCode.WRONG,
    Outcome.UNAVAILABLE: ExitCode.UNREACHABLE,
}


@click.command()
@click.argument("names", nargs=-1)
@click.option("--full", is_flag=True, help="Read everything from the beginning.")
@click.option("--dry-run", is_flag=True, help="Say what would change and be deleted; write nothing.")
@click.option("--allow-delete", is_flag=True, help="Delete what a complete read did not list, however much it is.")
@click.pass_obj
def pull(ctx: Context, names: tuple[str, ...], full: bool, dry_run: bool, allow_delete: bool) -> None:
    """Pull the named resources or bindings (default: all).

    Exit code 1 where one needs somebody's attention, 2 where its binding is wrong, 3 where its source is down.
    """
    options = PullOptions(full, dry_run, allow_delete)

    async def run(services: Services) -> list[Tally]:
        snapshot = (await services.publication.fresh()).snapshot
        try:
            bindings = pullable(snapshot, names)
        except KeyError as error:
            raise ConfigurationError(f"no resource or binding is called {error.args[0]}") from error
        except ValueError as error:
            raise ConfigurationError(str(error)) from error
        return await pull_each(services, bindings, options)

    tallies = ctx.run(run)
    if not tallies:
        click.echo(f"no binding feeds {', '.join(names) or 'any resource'}")
    codes = (_CODES.get(tally.outcome, ExitCode.FOUND) for tally in tallies)
    raise click.exceptions.Exit(max(codes, default=ExitCode.FINE))


async def pull_each(services: Services, bindings: Iterable[Binding], options: PullOptions) -> list[Tally]:
    """Pull those bindings and print the report of each."""
    snapshot = (await services.publication.fresh()).snapshot
    console, holder, tallies = Console(stderr=True), holder_name(), []
    for binding in bindings:
        with shown(binding, console) as watch:
            worker = Worker(services.pull_stores(), services.clock, holder, watch=watch)
            tallies.append(await walk.pull(worker, snapshot, binding, options))
        for line in tallies[-1].lines():
            click.echo(line)
    return tallies
