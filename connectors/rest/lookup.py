"""Rows by the values of columns, as live resources are asked for: which questions that takes, which rows are meant.

Step 6 of walk 1. A lookup is a list of its own, at an address that holds the values; it pages as the binding declares.
Services match loosely (parts of names, any case), so every row is compared with what was asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from connectors.rest.address import behind
from connectors.rest.rows import told
from connectors.rest.settings import REPEAT, Paging, Settings
from connectors.rest.walk import with_parameters
from connectors.source import SourceMisconfigured, SourceRow

Values = tuple[str, ...]
_HOLE = "{}"
_NO_PART_OF_A_PATH = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class Batch:
    """One list to ask for, and the tuples that its rows may have in the columns `by`."""

    settings: Settings
    by: tuple[str, ...]
    wanted: frozenset[Values]

    def means(self, row: SourceRow) -> bool:
        """Whether the row is one of those asked for."""
        return tuple(told(row.values, name).strip() for name in self.by) in self.wanted


def batches(settings: Settings, by: tuple[str, ...], values: Sequence[Values]) -> Iterator[Batch]:
    """The lists to ask for. SourceMisconfigured where the binding says of none of the columns how."""
    asked = [name for name in by if name in settings.lookup.by]
    if not asked:
        raise SourceMisconfigured(settings.system, f"cannot be asked by {', '.join(by)}: no option by.{by[0]}")
    single = any(_is_template(settings, name) for name in asked)
    for group in _groups(settings, asked, [by.index(name) for name in asked], values):
        parts = {name: list(dict.fromkeys(each[i] for each in group)) for i, name in enumerate(asked)}
        wanted = frozenset(value for each in group.values() for value in each)
        yield Batch(replace(_listed(settings, parts), single=single), by, wanted)


def _groups(
    settings: Settings, asked: Sequence[str], places: Sequence[int], values: Sequence[Values]
) -> Iterator[Mapping[Values, list[Values]]]:
    """What one question asks for, and the tuples meant by it: several values of one column, or one of several."""
    meant: dict[Values, list[Values]] = {}
    for value in values:
        sent = tuple(value[i] for i in places)
        if all(_can_be_sent(settings, name, each) for name, each in zip(asked, sent, strict=True)):
            meant.setdefault(sent, []).append(value)
    keys, size = list(meant), _size(settings, asked)
    for start in range(0, len(keys), size):
        yield {key: meant[key] for key in keys[start : start + size]}


def _size(settings: Settings, asked: Sequence[str]) -> int:
    """The values of one question: a path has room for several only where something stands between them."""
    lookup = settings.lookup
    alone = len(asked) > 1 or (lookup.join == REPEAT and _is_template(settings, asked[0]))
    return 1 if alone else lookup.batch


def _can_be_sent(settings: Settings, name: str, value: str) -> bool:
    """Whether the service would read the value as this one; of another there are no rows."""
    if _is_template(settings, name) and value in _NO_PART_OF_A_PATH:
        return False
    lookup = settings.lookup
    return lookup.batch == 1 or lookup.join == REPEAT or lookup.join not in value


def _is_template(settings: Settings, name: str) -> bool:
    return settings.lookup.by[name].startswith("/")


def _listed(settings: Settings, parts: Mapping[str, list[str]]) -> Settings:
    """The list at an address that holds these values."""
    address = settings.address
    parameters: dict[str, str | list[str]] = {}
    for name, given in parts.items():
        target, joined = settings.lookup.by[name], _joined(settings, given)
        if _is_template(settings, name):
            address = behind(settings.service.url, target.replace(_HOLE, quote(str(joined), safe="")))
        else:
            parameters[target] = joined
    listed = replace(settings, since=None, total="", paging=_paging(settings.paging))
    if settings.body is not None:
        return replace(listed, address=address, body={**settings.body, **parameters})
    return replace(listed, address=with_parameters(address, parameters))


def _joined(settings: Settings, given: list[str]) -> str | list[str]:
    if settings.lookup.batch == 1 or settings.lookup.join == REPEAT:
        return given if settings.lookup.batch > 1 else given[0]
    return settings.lookup.join.join(given)


def _paging(paging: Paging) -> Paging:
    """As the list is paged; where that is by changes, what is looked up comes in one answer."""
    return replace(paging, manner="none") if paging.manner == "since" else paging
