"""Settings: `hub.toml`, every key also as `HUB_…` in the environment. Parsed once at the border into a frozen value.

It opens nothing. A key that does not exist and a value that cannot be are named, all at once. `docs/settings.md` says
the same for people; a test compares.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from hub.errors import ConfigurationError

SQLITE = "sqlite:///"
LATER = ("neo4j", "bolt", "http://", "https://")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator can set. Paths are relative to the folder of `hub.toml`."""

    catalogue: str = "sqlite:///data"
    records: str = "sqlite:///data"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    origin: str = ""
    question_seconds: float = 10.0
    file_bytes: int = 100 * 1024 * 1024
    puller: bool = True
    explorer_clients: str = ""

    @property
    def url(self) -> str:
        """The hub's origin: issuer and audience of its tokens. Set it where a proxy stands in front."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.origin.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def control_folder(self) -> Path:
        """The folder of `control.db` (catalogue and control state)."""
        return Path(self.catalogue.removeprefix(SQLITE))

    @property
    def records_folder(self) -> Path:
        """The folder of `records.db` and `audit.db`."""
        return Path(self.records.removeprefix(SQLITE))


#: What each key means, for `hub init`, docs and messages; compared with the dataclass by a test.
MEANING: Mapping[str, str] = {
    "catalogue": "Where catalogue and control state are kept: sqlite:///FOLDER",
    "records": "Where records, change log and audit are kept: sqlite:///FOLDER",
    "host": "The address to listen on",
    "port": "The port to listen on",
    "workers": "How many serving processes",
    "origin": "The public origin (https://hub.example.gov), where a proxy stands in front; else http://host:port",
    "question_seconds": "How long one question may run",
    "file_bytes": "The largest file that is passed on from a department",
    "puller": "Whether hub serve starts the puller child",
    "explorer_clients": "A file of clients and secrets that the explorer hands to browsers on loopback: demos only",
}


#: A value, where it comes from (for messages).
Given = tuple[object, str]


def load(path: Path | None, environ: Mapping[str, str], options: Mapping[str, object] | None = None) -> Settings:
    """Settings of the file (if any), overridden by the environment, overridden by the options of a command.

    ConfigurationError names every fault of all three.
    """
    given = [*_from_file(path), *_from_environment(environ), *_from_options(options or {})]
    faults = [f"{origin}: there is no setting {key!r}" for key, (_, origin) in given if key not in _PARSERS]
    values: dict[str, Any] = {}
    for key, (value, origin) in {key: how for key, how in given if key in _PARSERS}.items():
        try:
            values[key] = _PARSERS[key](value)
        except ValueError as error:
            faults.append(f"{origin}: {key} {error}")
    if faults:
        raise ConfigurationError("\n".join(faults))
    return _rooted(replace(Settings(), **values), path.parent if path else Path())


def _from_file(path: Path | None) -> Iterator[tuple[str, Given]]:
    if path is None:
        return
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise ConfigurationError(f"{path}: {error}") from error
    for key, value in table.items():
        yield key, (value, str(path))


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, Given]]:
    for name, value in environ.items():
        if name.startswith("HUB_"):
            yield name.removeprefix("HUB_").lower(), (value, f"environment {name}")


def _from_options(options: Mapping[str, object]) -> Iterator[tuple[str, Given]]:
    for key, value in options.items():
        if value is not None:
            yield key, (value, f"option --{key}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {value!r}")  # noqa: TRY004  # one kind of fault, whatever is wrong
    return value


def _store(value: object) -> str:
    text = _text(value)
    if text.startswith(LATER):
        raise ValueError(f"{text.partition(':')[0]} is not supported by this version; use {SQLITE}FOLDER")
    if not text.startswith(SQLITE):
        raise ValueError(f"must begin with {SQLITE}, not {text!r}")
    return text


def _whole(least: int, most: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if type(number) is not int:
            raise ValueError(f"must be a whole number, not {value!r}")
        if not least <= number <= most:
            raise ValueError(f"must lie between {least} and {most}, not {number}")
        return number

    return parse


def _seconds(value: object) -> float:
    try:
        seconds = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ValueError(f"must be a number of seconds, more than 0, not {value!r}")
    return seconds


def _flag(value: object) -> bool:
    word = str(value).lower() if isinstance(value, bool | str) else ""
    if word not in ("true", "false"):
        raise ValueError(f"must be true or false, not {value!r}")
    return word == "true"


_PARSERS: Mapping[str, Callable[[object], object]] = {
    "catalogue": _store,
    "records": _store,
    "host": _text,
    "port": _whole(1, 65535),
    "workers": _whole(1, 1024),
    "origin": _text,
    "question_seconds": _seconds,
    "file_bytes": _whole(1, 2**40),
    "puller": _flag,
    "explorer_clients": _text,
}


def _rooted(settings: Settings, root: Path) -> Settings:
    """Folders of the embedded stores, and the file of the explorer's clients, made absolute."""
    catalogue, records = ((root / folder).absolute() for folder in (settings.control_folder, settings.records_folder))
    clients = str((root / settings.explorer_clients).absolute()) if settings.explorer_clients else ""
    return replace(settings, catalogue=f"{SQLITE}{catalogue}", records=f"{SQLITE}{records}", explorer_clients=clients)


def as_environment(settings: Settings) -> dict[str, str]:
    """The settings as a child process reads them."""
    return {f"HUB_{f.name.upper()}": str(getattr(settings, f.name)) for f in fields(settings)}
