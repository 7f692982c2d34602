"""The command line `hub`: its groups, its exit codes, one line for every error.

Exit codes: 0 fine · 1 the check found something · 2 wrong usage or configuration · 3 something outside is not
reachable. The commands themselves stand in `hub.commands`, one file a group.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from auth.ports import AuthStoreUnavailable
from catalogue.ports import CatalogueStoreUnavailable
from hub.commands import access, audit, bindings, catalogue, discover, pull, service
from hub.commands.context import Context, ExitCode
from hub.errors import ConfigurationError, HubError, Unreachable

INTERRUPTED = 130
_OUTSIDE = (Unreachable, AuthStoreUnavailable, CatalogueStoreUnavailable, HubError)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), help="The settings file (default: hub.toml, if it is here).")
@click.version_option(package_name="tongshu", prog_name="hub")
@click.pass_context
def hub(ctx: click.Context, config: Path | None) -> None:
    """Tongshu (通数): one governed GraphQL API over the systems of many departments."""
    ctx.obj = Context(config, os.environ)


_ALONE = (service.demo, service.serve, service.init, service.schema, pull.pull, discover.discover)
_ABOUT_BINDINGS = (bindings.pause, bindings.resume, bindings.quarantine, bindings.drift)
for command in (*_ALONE, *_ABOUT_BINDINGS):
    hub.add_command(command)
for group in (catalogue.catalogue, access.client, access.grant, audit.audit):
    hub.add_command(group)


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command and turn what it raises into one line an error and an exit code."""
    try:
        code = hub.main(list(arguments), prog_name="hub", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_instead:
        help_instead.show()
        return ExitCode.WRONG
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        return _failed(error.format_message(), ExitCode.WRONG)
    except ConfigurationError as error:
        return _failed(str(error), ExitCode.WRONG)
    except _OUTSIDE as error:
        return _failed(str(error), ExitCode.UNREACHABLE)
    return code if isinstance(code, int) else ExitCode.FINE


def _failed(message: str, code: ExitCode) -> int:
    for line in message.splitlines():
        click.echo(f"hub: {line}", err=True)
    return code
