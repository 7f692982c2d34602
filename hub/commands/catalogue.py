"""`hub catalogue …`: what is published, and how it gets there (`add` publishes, until reviews exist)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from catalogue.check import accept
from catalogue.descriptor import DescriptorError, dump, read_files
from catalogue.lint import Severity, lint
from catalogue.model import Catalogue
from catalogue.snapshot import Snapshot
from hub.commands.context import Context, ExitCode, user
from hub.commands.drawing import mermaid
from hub.errors import ConfigurationError
from hub.services import Services

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))


@click.group()
def catalogue() -> None:
    """The catalogue: departments, systems, resources, bindings, code lists."""


@catalogue.command("list")
@click.pass_obj
def catalogue_list(ctx: Context) -> None:
    """Every published resource with its title, provider and how many bindings feed it."""
    snapshot = ctx.run(_published)
    for resource in sorted(snapshot.resources.values(), key=lambda r: r.name):
        department = snapshot.catalogue.departments.get(resource.provider)
        fed = len(snapshot.bindings_of(resource.name))
        click.echo(f"{resource.name}\t{resource.title}\t{department.name if department else resource.provider}\t{fed}")


@catalogue.command("show")
@click.argument("name")
@click.pass_obj
def catalogue_show(ctx: Context, name: str) -> None:
    """One resource, or a binding, system, code list or department of that name, as its descriptor."""
    entries = ctx.run(_published).catalogue
    for kind in (entries.resources, entries.bindings, entries.systems, entries.code_lists, entries.departments):
        if name in kind:
            click.echo(dump(kind[name], entries).rstrip())
            return
    raise ConfigurationError(f"nothing called {name} is published")


@catalogue.command("add")
@FILES
@click.option("--by", default="", help="The natural person who publishes (default: the system's user).")
@click.pass_obj
def catalogue_add(ctx: Context, files: tuple[Path, ...], by: str) -> None:
    """Check descriptor files and publish their entries: types, filters and links appear without a restart."""

    async def publish(services: Services) -> tuple[int, int]:
        before = await _published(services)
        entries = _read(files, before.catalogue)
        return before.version, await services.publish(entries, by or user())

    before, now = ctx.run(publish)
    click.echo(f"published as version {now}" if now != before else f"nothing is new: version {now} stands")


@catalogue.command("lint")
@FILES
@click.pass_obj
def catalogue_lint(ctx: Context, files: tuple[Path, ...]) -> None:
    """What a reviewer would say of the files' entries; exit code 1 where something is an error."""
    published = ctx.run(_published).catalogue
    findings = lint(_read(files, published), published)
    for finding in findings:
        click.echo(str(finding))
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise click.exceptions.Exit(ExitCode.FOUND)


@catalogue.command("graph")
@click.pass_obj
def catalogue_graph(ctx: Context) -> None:
    """The published resources and their declared links, as a Mermaid diagram."""
    click.echo(mermaid(ctx.run(_published)))


async def _published(services: Services) -> Snapshot:
    return await services.stores.catalogue.snapshot()


def _read(files: Sequence[Path], published: Catalogue) -> Catalogue:
    try:
        return accept(read_files(files, published), published)
    except DescriptorError as error:
        raise ConfigurationError(str(error)) from error
