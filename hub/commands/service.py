"""`hub serve`, `hub demo`, `hub init`, `hub schema`: running the hub and setting it up."""

from __future__ import annotations

from pathlib import Path

import click

from hub.commands.context import Context
from hub.errors import ConfigurationError
from hub.services import Services
from hub.settings import MEANING, Settings


@click.command()
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on.")
@click.option("--workers", type=int, help="How many serving processes.")
@click.pass_obj
def serve(ctx: Context, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve GraphQL and pull from the bound systems, until interrupted."""
    from hub.serving import serve as run

    run(ctx.settings(host=host, port=port, workers=workers))


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Keep everything in this folder (default: a temporary one)."
)
@click.option(
    "--scale",
    type=click.FloatRange(0.005, 100),
    help="1: 10,000 legal persons, 50,000 licences (default: that of --data, or 1).",
)
@click.option(
    "--back-after",
    type=click.FloatRange(0),
    default=15,
    show_default=True,
    help="Seconds after which a department that was ended starts again; 0: never.",
)
def demo(port: int, data: Path | None, scale: float | None, back_after: float) -> None:
    """Start the demo departments and a hub over them; prints READY and how to come in."""
    from hub.demo.run import Demo, run

    run(Demo(port, data, scale, back_after))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Write a commented hub.toml and an empty store into FOLDER."""
    path = folder / "hub.toml"
    if path.exists():
        raise ConfigurationError(f"{path} is there already")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(commented(Settings()), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    try:
        version = Context(path, {}).run(_published_version)
    except BaseException:
        path.unlink()  # so that it can be tried again
        raise
    click.echo(f"{path}: edit it, then run hub --config {path} serve (catalogue version {version})")


@click.command()
@click.pass_obj
def schema(ctx: Context) -> None:
    """Print the GraphQL schema of the published catalogue."""

    async def sdl(services: Services) -> str:
        return (await services.publication.fresh()).built.sdl

    click.echo(ctx.run(sdl).rstrip())


def commented(settings: Settings) -> str:
    """Every setting with its meaning and its default, commented out."""
    lines = ["# Settings of the hub. Every key can also be given as HUB_<KEY> in the environment.", ""]
    for key, meaning in MEANING.items():
        lines += [f"# {meaning}", f"# {key} = {as_toml(getattr(settings, key))}", ""]
    return "\n".join(lines)


def as_toml(value: object) -> str:
    """A setting's value as `hub.toml` writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


async def _published_version(services: Services) -> int:
    return await services.stores.catalogue.version()
