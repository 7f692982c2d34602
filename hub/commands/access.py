"""`hub client …` and `hub grant …`: who may come, and what the owner approved."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict, Unpack

import click

from auth.grant_file import GrantFileError, grants_from_toml
from auth.grants import Grant, expired
from auth.ports import Client, Purpose
from hub.commands.context import Context, text_of, user
from hub.errors import ConfigurationError
from hub.granting import Registration
from hub.services import Services


class Said(TypedDict):
    """The options of `hub client add`."""

    title: str
    department: str
    scopes: tuple[str, ...]
    purposes: tuple[str, ...]


@click.group()
def client() -> None:
    """Clients: departments' programs that may ask for tokens."""


@client.command("add")
@click.argument("client_id")
@click.option("--title", required=True, help="What the client is, for people.")
@click.option("--department", required=True, help="Unified social credit code of the department that answers for it.")
@click.option("--scope", "scopes", multiple=True, required=True, help="A scope; may be given several times.")
@click.option("--purpose", "purposes", multiple=True, help="CODE=TITLE, a purpose it may declare.")
@click.pass_obj
def client_add(ctx: Context, client_id: str, **said: Unpack[Said]) -> None:
    """Register a client and print its secret: it is shown once and never kept."""
    purposes = tuple(Purpose(code, title) for code, _, title in (p.partition("=") for p in said["purposes"]))
    new = Registration(client_id, said["title"], said["department"], frozenset(said["scopes"]), purposes)

    async def add(services: Services) -> str:
        secret, digest = services.new_secret()
        await services.registrar(user()).register(new, digest, await services.stores.catalogue.snapshot())
        return secret

    click.echo(ctx.run(add))


@client.command("list")
@click.pass_obj
def client_list(ctx: Context) -> None:
    """Every client with its department and scopes."""

    async def listed(services: Services) -> list[Client]:
        return sorted((await services.stores.access.access()).clients.values(), key=lambda c: c.id)

    for one in ctx.run(listed):
        state = "removed" if one.removed else " ".join(sorted(one.scopes))
        click.echo(f"{one.id}\t{one.title}\t{one.department}\t{state}")


@client.command("rotate")
@click.argument("client_id")
@click.option("--end-old", is_flag=True, help="End every older secret at once; otherwise the last one stays valid too.")
@click.pass_obj
def client_rotate(ctx: Context, client_id: str, end_old: bool) -> None:
    """Give the client a new secret and print it."""

    async def rotate(services: Services) -> str:
        secret, digest = services.new_secret()
        await services.registrar(user()).rotate(client_id, digest, end_old=end_old)
        return secret

    click.echo(ctx.run(rotate))


@client.command("remove")
@click.argument("client_id")
@click.pass_obj
def client_remove(ctx: Context, client_id: str) -> None:
    """Remove the client with its grants: its tokens end within a second."""
    ctx.run(lambda services: services.registrar(user()).remove(client_id))
    click.echo(f"{client_id} is removed")


@click.group()
def grant() -> None:
    """Grants: what one client may see of one resource for one purpose."""


@grant.command("approve")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def grant_approve(ctx: Context, file: Path) -> None:
    """Put the grants of FILE in force: each carries the approvals of at least two natural persons."""
    text = text_of(file)

    async def put(services: Services) -> list[Grant]:
        try:
            asked = grants_from_toml(text, str(file), await services.stores.catalogue.snapshot())
        except GrantFileError as error:
            raise ConfigurationError(str(error)) from error
        return list(await services.registrar(user()).put_in_force(asked))

    for one in ctx.run(put):
        click.echo(f"{one.id}: {one.state.value} until {one.until:%Y-%m-%d %H:%M%z}")


@grant.command("revoke")
@click.argument("grant_id")
@click.option("--reason", required=True, help="Why; it is kept with the grant.")
@click.pass_obj
def grant_revoke(ctx: Context, grant_id: str, reason: str) -> None:
    """End a grant; it bites everywhere within a second."""
    ctx.run(lambda services: services.registrar(user()).revoke(grant_id, reason))
    click.echo(f"{grant_id}: revoked")


@grant.command("list")
@click.pass_obj
def grant_list(ctx: Context) -> None:
    """Every grant with its state."""

    async def listed(services: Services) -> list[str]:
        now = services.clock()
        grants = sorted((await services.stores.access.access()).grants.values(), key=lambda g: g.id)
        return [_line(one, "expired" if expired(one, now) else one.state.value) for one in grants]

    for line in ctx.run(listed):
        click.echo(line)


def _line(one: Grant, state: str) -> str:
    return f"{one.id}\t{state}\t{one.client_id}\t{one.resource}\t{one.purpose}\tuntil {one.until:%Y-%m-%d}"
