"""The manners in which services page: what the next request carries, and where an answer leads. Step 2 of walk 2; pure.

`connectors.rest.walk` drives them, `connectors.rest.by_since` is the one that pages by changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.rest.address import on_same_host
from connectors.rest.client import Answer
from connectors.rest.place import At, Place
from connectors.rest.pointer import resolve
from connectors.rest.settings import Settings
from connectors.rest.stamp import earlier
from connectors.source import SourceBroken

Parameters = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Step:
    """The items of an answer that are new, and what comes next; at the end of the pages nothing does.

    `sure` is false where something may have been missed.
    """

    items: Sequence[Any]
    at: At = None
    over: bool = False
    sure: bool = True


class Manner(Protocol):
    """One way to page."""

    def parameters(self, place: Place) -> Parameters:
        """What the request for the place carries."""

    def step(self, place: Place, answer: Answer, items: Sequence[Any]) -> Step:
        """Where the answer leads; SourceBroken where it leads nowhere that makes sense."""


def common(settings: Settings, place: Place, times: int = 1) -> dict[str, str | int]:
    """The size of a page, where it is declared, and the change since which rows are asked for, where everything was
    read before.
    """
    paging, asked = settings.paging, dict[str, str | int]()
    if paging.size:
        asked[paging.size_parameter] = paging.size * times
    if settings.since is not None and place.following and place.since is not None:
        asked[settings.since.parameter] = earlier(place.since, settings.since.overlap)
    return asked


@dataclass(frozen=True, slots=True)
class Single:
    """One answer holds everything."""

    settings: Settings

    def parameters(self, place: Place) -> Parameters:
        """Nothing of its own."""
        return common(self.settings, place)

    def step(self, _place: Place, _answer: Answer, items: Sequence[Any]) -> Step:
        """It leads nowhere."""
        return Step(items, over=True)


@dataclass(frozen=True, slots=True)
class Numbered:
    """Pages by number, or by how many rows lie before."""

    settings: Settings

    def parameters(self, place: Place) -> Parameters:
        """Number or offset."""
        return {**common(self.settings, place), self.settings.paging.parameter: self._number(place)}

    def step(self, place: Place, answer: Answer, items: Sequence[Any]) -> Step:
        """The next number. A short page is not the end: services cap what they are asked for."""
        following = self.settings.paging.next
        if not items or (following and not resolve(answer.content.value, following)):
            return Step(items, over=True)
        return Step(items, self._number(place) + (len(items) if self._by_offset else 1))

    @property
    def _by_offset(self) -> bool:
        return self.settings.paging.manner == "offset"

    def _number(self, place: Place) -> int:
        if isinstance(place.at, int):
            return place.at
        return 0 if self._by_offset else self.settings.paging.first


@dataclass(frozen=True, slots=True)
class ByCursor:
    """Each answer holds the cursor of the next."""

    settings: Settings

    def parameters(self, place: Place) -> Parameters:
        """The cursor."""
        asked = common(self.settings, place)
        return asked if place.at is None else {**asked, self.settings.paging.parameter: place.at}

    def step(self, place: Place, answer: Answer, items: Sequence[Any]) -> Step:
        """The next cursor."""
        cursor = resolve(answer.content.value, self.settings.paging.next)
        if cursor is None or cursor is False or cursor == "":
            return Step(items, over=True)
        if not isinstance(cursor, str | int):
            raise SourceBroken(self.settings.system, f"has no cursor at {self.settings.paging.next}: look at next")
        if cursor == place.at:
            raise SourceBroken(self.settings.system, "gives the same cursor again: look at page_param")
        return Step(items, cursor)


@dataclass(frozen=True, slots=True)
class ByLink:
    """Each answer says the address of the next."""

    settings: Settings

    def parameters(self, place: Place) -> Parameters:
        """Nothing behind the first page: the address holds all."""
        return common(self.settings, place) if place.at is None else {}

    def step(self, _place: Place, answer: Answer, items: Sequence[Any]) -> Step:
        """The next address, on the same host; the host itself is no part of a checkpoint."""
        following = self.settings.paging.next
        link = resolve(answer.content.value, following) if following else answer.link
        if not link:
            return Step(items, over=True)
        elsewhere = SourceBroken(self.settings.system, "gives a next page at another address than its own")
        if not isinstance(link, str):
            raise elsewhere
        return Step(items, on_same_host(answer.url, link, elsewhere).raw_path.decode())
