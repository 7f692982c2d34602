"""`hub discover`: proposed descriptors from what a department's system offers, printed for a person to change.

It reads the system and writes nothing; `hub catalogue add` publishes what a person made of the proposal.
"""

from __future__ import annotations

import click

from catalogue.model import NOTHING, System
from catalogue.snapshot import Snapshot
from connectors.registry import open_source
from connectors.source import Offer, SourceError, SourceMisconfigured
from hub.commands.context import Context
from hub.discovery import HEAD, Proposal, known_of, propose
from hub.errors import ConfigurationError, Unreachable
from hub.services import Services, resolve_secret


@click.command()
@click.argument("system")
@click.option("--offer", "only", help="Only what is offered under this name (a table, view, sheet or file).")
@click.pass_obj
def discover(ctx: Context, system: str, only: str | None) -> None:
    """Propose descriptors from what a department's SYSTEM offers.

    Exit code 2 where the system is not in the catalogue or cannot be read as it is described, 3 where it is down.
    """

    async def look(services: Services) -> list[Proposal]:
        snapshot = (await services.publication.fresh()).snapshot
        described = _system(snapshot, system)
        offers = [offer for offer in await _offers(described) if only in (None, offer.name)]
        return list(propose(described, offers, services.clock().date(), known_of(snapshot.catalogue)))

    proposals = ctx.run(look)
    if not proposals:
        raise ConfigurationError(f"{system} offers nothing{f' called {only}' if only else ''}")
    click.echo(HEAD.format(system=system))
    for proposal in proposals:
        click.echo(proposal.text(NOTHING))


def _system(snapshot: Snapshot, name: str) -> System:
    found = snapshot.catalogue.systems.get(name)
    if found is None:
        known = ", ".join(sorted(snapshot.catalogue.systems)) or "none"
        raise ConfigurationError(f"no system is called {name}; known are {known}")
    return found


async def _offers(system: System) -> tuple[Offer, ...]:
    try:
        source = open_source(system, None, resolve_secret)
        try:
            return await source.discover()
        finally:
            await source.close()
    except SourceMisconfigured as error:
        raise ConfigurationError(str(error)) from error
    except SourceError as error:
        raise Unreachable(f"{error.source}: {error}") from error
