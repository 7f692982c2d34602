"""What a live question asks of a service: values by input path, many in one request where an element repeats. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.soap.settings import Path, Settings
from connectors.source import SourceMisconfigured, SourceRow

if TYPE_CHECKING:
    from connectors.soap.service import Said, Service

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def said_of(settings: Settings, texts: Mapping[Path, Any]) -> Said:
    """The texts by path as nested elements; SourceMisconfigured where a path leads through a text."""
    said: dict[str, Any] = {}
    for path, text in texts.items():
        here = said
        for step in path[:-1]:
            here = here.setdefault(step, {})
            if not isinstance(here, dict):
                raise SourceMisconfigured(
                    settings.system, f"the option for {'/'.join(path)} leads through another one's"
                )
        here[path[-1].removeprefix("@")] = text
    return said


def questions(
    settings: Settings, service: Service, by: tuple[str, ...], values: Sequence[tuple[str, ...]]
) -> Iterator[Said]:
    """The requests for rows whose columns equal one of the tuples. A text that XML cannot hold is in no answer."""
    asked = [name for name in by if name in settings.by]
    if not asked:
        told = f"no option by.{by[0]} says by which input element {settings.operation} is asked"
        raise SourceMisconfigured(settings.system, told)
    places = [by.index(name) for name in asked]
    paths = [settings.by[name] for name in asked]
    tuples = list(dict.fromkeys(tuple(value[i] for i in places) for value in values))
    return _batched(settings, service, paths, [t for t in tuples if not any(map(_NO_XML.search, t))])


def _batched(
    settings: Settings, service: Service, paths: Sequence[Path], tuples: Sequence[tuple[str, ...]]
) -> Iterator[Said]:
    repeating = {service.repeats(path) for path in paths}
    prefix, most = repeating.pop()
    if repeating or not prefix:
        for value in tuples:
            yield said_of(settings, {**settings.inputs, **dict(zip(paths, value, strict=True))})
        return
    size = min(most, settings.batch)
    rest = [path[len(prefix) :] for path in paths]
    for start in range(0, len(tuples), size):
        several = [_one(settings, rest, value) for value in tuples[start : start + size]]
        yield said_of(settings, {**settings.inputs, prefix: several})


def _one(settings: Settings, rest: Sequence[Path], value: tuple[str, ...]) -> Any:
    """What the repeated element holds for one tuple: the text itself where the path ends at it."""
    return said_of(settings, dict(zip(rest, value, strict=True))) if all(rest) else value[0]


def matching(
    settings: Settings, by: tuple[str, ...], values: Sequence[tuple[str, ...]], rows: Sequence[SourceRow]
) -> list[SourceRow]:
    """The rows that equal a tuple; all of them where the service was asked by every column."""
    if settings.by.keys() >= set(by):
        return list(rows)
    wanted = frozenset(values)
    return [row for row in rows if tuple(_text(row, name) for name in by) in wanted]


def _text(row: SourceRow, name: str) -> str:
    value = row.values.get(name)
    return "" if value is None else str(value).strip()
