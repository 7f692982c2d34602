"""Which connector answers for a system, by the kind that its descriptor names. Opens, but connects to nothing.

References to secrets (`env:NAME`, `file:PATH`) in options are resolved here, by the function that the hub passes in, so
that no connector and no catalogue ever holds where a secret comes from and what it is at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from catalogue.model import Binding, System
from connectors.limits import without_limits
from connectors.source import Source, SourceMisconfigured


def _files(system: System, binding: Binding | None) -> Source:
    from connectors.files.source import FilesSource

    return FilesSource(system, binding)


def _sql(system: System, binding: Binding | None) -> Source:
    from connectors.sql.source import SqlSource

    return SqlSource(system, binding)


def _rest(system: System, binding: Binding | None) -> Source:
    from connectors.rest.source import RestSource

    return RestSource(system, binding)


def _soap(system: System, binding: Binding | None) -> Source:
    from connectors.soap.source import SoapSource

    return SoapSource(system, binding)


#: Every kind of connector. Each is imported when it is first opened: their libraries take a second to load.
CONNECTORS: Mapping[str, Callable[[System, Binding | None], Source]] = {
    "files": _files,
    "rest": _rest,
    "soap": _soap,
    "sql": _sql,
}
REFERENCES = ("env:", "file:")


def open_source(system: System, binding: Binding | None, secrets: Callable[[str], str]) -> Source:
    """A source for the binding, or for discovery where it is None. Close it when done.

    `secrets` turns a reference into what it refers to, and raises LookupError or OSError where there is nothing.
    SourceMisconfigured where kind, options or a reference cannot be used.
    """
    connector = CONNECTORS.get(system.connector)
    if connector is None:
        known = ", ".join(sorted(CONNECTORS))
        raise SourceMisconfigured(system.name, f"there is no connector {system.connector}; known are {known}")
    resolved = replace(system, options=_resolved(system.name, without_limits(system.options), secrets))
    bound = replace(binding, options=_resolved(system.name, binding.options, secrets)) if binding else None
    return connector(resolved, bound)


def gives_files(system: System, binding: Binding) -> bool:
    """Whether the source gives the files that items of type G name: it says with `blobs` where they are."""
    return bool(binding.options.get("blobs") or system.options.get("blobs"))


def _resolved(system: str, options: Mapping[str, str], secrets: Callable[[str], str]) -> dict[str, str]:
    return {name: _value(system, name, value, secrets) for name, value in options.items()}


def _value(system: str, name: str, value: str, secrets: Callable[[str], str]) -> str:
    if not value.startswith(REFERENCES):
        return value
    try:
        return secrets(value)
    except (LookupError, OSError) as error:
        raise SourceMisconfigured(system, f"option {name}: there is nothing at {value}") from error
