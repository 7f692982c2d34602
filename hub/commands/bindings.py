"""`hub pause`, `resume`, `drift`, `quarantine`: a person's word about bindings, and what became of bad rows.

Each word is audited, then kept under the binding's lease: a pull that runs ends first and cannot write over it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import click

from catalogue.model import Binding
from hub.commands.context import Context, ExitCode, user
from hub.control.ports import BindingState
from hub.errors import ConfigurationError, Unreachable
from hub.granting import admin_entry
from hub.pull.guards import stopped_by_drift, with_drift_accepted
from hub.pull.leases import Busy, held
from hub.pull.model import Worker
from hub.pull.puller import holder_name
from hub.pull.schedule import pullable
from hub.services import Services

#: How long a running pull of the binding is waited for.
PATIENCE = 60.0
NAMES = click.argument("names", nargs=-1, required=True)


@click.command()
@NAMES
@click.option("--reason", required=True, help="Why; kept in the audit and shown where the binding is pulled.")
@click.pass_obj
def pause(ctx: Context, names: tuple[str, ...], reason: str) -> None:
    """Pull the named resources or bindings no more until they are resumed; their records stay."""
    _say(ctx, names, "binding paused", lambda state: replace(state, paused=reason))


@click.command()
@NAMES
@click.pass_obj
def resume(ctx: Context, names: tuple[str, ...]) -> None:
    """Pull the named resources or bindings again. What drift stopped is for `hub drift accept`."""

    def resumed(state: BindingState) -> BindingState:
        return state if stopped_by_drift(state) else replace(state, paused=None)

    _say(ctx, names, "binding resumed", resumed)


@click.group()
def drift() -> None:
    """Sources whose columns changed: their bindings stand still until a person has looked."""


@drift.command("show")
@click.pass_obj
def drift_show(ctx: Context) -> None:
    """Every binding that drift stopped, and what changed; exit code 1 where there is one."""

    async def stopped(services: Services) -> list[BindingState]:
        states = await services.stores.ledger.bindings()
        return [state for state in states.values() if stopped_by_drift(state)]

    found = ctx.run(stopped)
    for state in found:
        click.echo(f"{state.binding}\t{state.paused}")
    if found:
        raise click.exceptions.Exit(ExitCode.FOUND)


@drift.command("accept")
@NAMES
@click.pass_obj
def drift_accept(ctx: Context, names: tuple[str, ...]) -> None:
    """The present columns of the named resources or bindings are right: pull them again."""
    _say(ctx, names, "drift accepted", with_drift_accepted)


@click.command()
@click.argument("binding", required=False)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--raw", is_flag=True, help="Also what the source sent: it may hold personal data.")
@click.pass_obj
def quarantine(ctx: Context, binding: str | None, limit: int, raw: bool) -> None:
    """Rows that could not become records, of one BINDING or all, latest pull first."""
    for row in ctx.run(lambda services: services.stores.ledger.quarantined(None, binding, limit)):
        parts = (row.binding, row.at, row.position, row.reason, *((row.raw,) if raw else ()))
        click.echo("\t".join(part.replace("\n", "\\n").replace("\t", " ") for part in parts))


def _say(ctx: Context, names: Sequence[str], operation: str, change: Callable[[BindingState], BindingState]) -> None:
    """Apply a person's word to every binding that the names mean, and print where each stands then."""

    async def said(services: Services) -> list[BindingState]:
        bindings = await _meant(services, names)
        entry = admin_entry(services.clock(), user(), operation, {"bindings": ", ".join(b.name for b in bindings)})
        await services.stores.audit.append([entry])
        return [await _changed(services, binding, change) for binding in bindings]

    for state in ctx.run(said):
        click.echo(f"{state.binding}: {f'stands still: {state.paused}' if state.paused else 'is pulled'}")


async def _meant(services: Services, names: Sequence[str]) -> list[Binding]:
    try:
        return pullable((await services.publication.fresh()).snapshot, names)
    except KeyError as error:
        raise ConfigurationError(f"no resource or binding is called {error.args[0]}") from error
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


async def _changed(
    services: Services, binding: Binding, change: Callable[[BindingState], BindingState]
) -> BindingState:
    worker = Worker(services.pull_stores(), services.clock, holder_name(), patience=PATIENCE)
    try:
        async with held(worker, binding.name):
            state = change(await services.stores.ledger.binding(binding.name))
            await services.stores.ledger.save_binding(state)
            return state
    except Busy as error:
        raise Unreachable(f"{error}; try again when its pull has ended") from error
