"""`hub audit verify`: whether the audit trail is whole. It needs the file and the hub's key, not the server."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from auth.keys import AUDIT_KEY, public_key, signing_key
from auth.ports import AuthStoreUnavailable
from auth.verify import Report, verify
from hub.commands.context import Context, ExitCode
from hub.errors import ConfigurationError


@click.group()
def audit() -> None:
    """The audit trail: who read which fields of whose records, for what purpose, under which grant."""


@audit.command("verify")
@click.option("--file", type=click.Path(path_type=Path), help="An audit file kept elsewhere (default: the hub's own).")
@click.pass_obj
def audit_verify(ctx: Context, file: Path | None) -> None:
    """Read the trail back; exit code 1 and the first broken entry of each chain where it does not hold."""
    path = file or ctx.settings().records_folder / "audit.db"
    if not path.exists():
        raise ConfigurationError(f"there is no audit file at {path}")
    key = ctx.with_keys(lambda keys: signing_key(keys, AUDIT_KEY, secrets.token_bytes))
    try:
        report = verify(path, public_key(key))
    except AuthStoreUnavailable as unreadable:
        click.echo(str(unreadable))
        raise click.exceptions.Exit(ExitCode.FOUND) from unreadable
    _print(report)
    if not report.sound:
        raise click.exceptions.Exit(ExitCode.FOUND)


def _print(report: Report) -> None:
    for fault in report.faults:
        click.echo(str(fault))
    state = "sound" if report.sound else f"{len(report.faults)} fault(s)"
    click.echo(
        f"{state}: {report.entries} entries in {report.chains} chain(s), {report.checkpoints} checkpoint(s), "
        f"{report.unsealed} entries after the last checkpoint"
    )
