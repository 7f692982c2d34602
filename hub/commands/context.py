"""What every command shares: where the settings are, the services they open, how a coroutine is run, exit codes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from getpass import getuser
from pathlib import Path
from typing import TypeVar

from auth.ports import KeyStore
from hub.errors import ConfigurationError
from hub.services import Services, open_keys, open_services
from hub.settings import Settings, load

T = TypeVar("T")


class ExitCode(IntEnum):
    """What a command's exit code says, whatever the command."""

    FINE = 0
    FOUND = 1
    WRONG = 2
    UNREACHABLE = 3


@dataclass(frozen=True, slots=True)
class Context:
    """The settings file that was named, and the environment."""

    config: Path | None
    environ: Mapping[str, str]

    def settings(self, **options: object) -> Settings:
        """The settings of this call, overridden by options that are not None; ConfigurationError names every fault."""
        here = Path("hub.toml")
        return load(self.config or (here if here.exists() else None), self.environ, options)

    def run(self, work: Callable[[Services], Awaitable[T]]) -> T:
        """Open the services, await the work on them, close them."""

        async def opened() -> T:
            async with open_services(self.settings()) as services:
                return await work(services)

        return asyncio.run(opened())

    def with_keys(self, work: Callable[[KeyStore], Awaitable[T]]) -> T:
        """Await the work on the hub's keys alone: no other store is opened. ConfigurationError where there are none."""
        settings = self.settings()
        if not (settings.control_folder / "control.db").exists():
            raise ConfigurationError(f"there is no hub at {settings.control_folder}")

        async def opened() -> T:
            async with open_keys(settings) as keys:
                return await work(keys)

        return asyncio.run(opened())


def user() -> str:
    """Who is at the keyboard, as the system knows them; ConfigurationError where it knows nobody."""
    try:
        return getuser()
    except (KeyError, ImportError, OSError) as error:  # which of them depends on system and Python version
        raise ConfigurationError("the system knows no user name; say who you are in LOGNAME") from error


def text_of(path: Path) -> str:
    """The text of a file that somebody named; ConfigurationError where it cannot be read as UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
