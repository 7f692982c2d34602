"""One pull's walk over the pages of a list: the next question, and what an answer comes to. Step 2 of walk 2; pure.

The place moves only with an answer that was understood, so that a question can be asked again. `connectors.rest.pages`
does the asking; what makes a read complete is `connectors.rest.completeness`' matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from httpx import URL

from connectors.rest.by_since import BySince
from connectors.rest.client import Answer, Question
from connectors.rest.completeness import Tally
from connectors.rest.faults import FORGOTTEN, Refused
from connectors.rest.manners import ByCursor, ByLink, Manner, Numbered, Parameters, Single
from connectors.rest.place import Place
from connectors.rest.pointer import resolve
from connectors.rest.rows import Reader, list_of, value_at
from connectors.rest.settings import Settings
from connectors.rest.stamp import is_ahead, order, stamp_of
from connectors.source import SourcePage, SourceUnavailable

#: Rows of a page at most; a longer answer becomes several.
PAGE = 500
_MANNERS: Mapping[str, Callable[[Settings], Manner]] = {
    "none": Single,
    "page": Numbered,
    "offset": Numbered,
    "cursor": ByCursor,
    "link": ByLink,
    "since": BySince,
}


def manner_of(settings: Settings) -> Manner:
    """The manner that the binding declares, at its beginning."""
    return _MANNERS[settings.paging.manner](settings)


def question(settings: Settings, parameters: Parameters, path: str = "") -> Question:
    """The request that carries the parameters, to the list or to another path of its host (which `//x` is, too)."""
    url = settings.address.copy_with(raw_path=path.encode()) if path else settings.address
    if settings.body is not None:
        return Question(url, {**settings.body, **parameters})
    return Question(with_parameters(url, parameters))


def with_parameters(url: URL, parameters: Mapping[str, Any]) -> URL:
    """The address with these parameters, over those of the same name; a list of values repeats one."""
    return url.copy_merge_params(dict(parameters)) if parameters else url


class Walk:
    """From a checkpoint to the end of the pages. `over` once the last page was taken."""

    def __init__(self, settings: Settings, cursor: str | None, now: float) -> None:
        self._settings = settings
        place = Place.parse(cursor, settings.paging.manner)
        if settings.since is None and place.following:
            place = Place(place.manner)
        self.over = False
        self._place = place if place.began is not None else replace(place, began=now)
        self._begin()

    def stands_at(self, cursor: str | None) -> bool:
        """Whether that is the checkpoint of the last page given, and there are more."""
        return cursor is not None and not self.over and cursor == _cursor(self._place)

    def question(self) -> Question:
        """What is asked next; the same until an answer was taken."""
        parameters = self._manner.parameters(self._place)
        by_link = self._settings.paging.manner == "link" and isinstance(self._place.at, str)
        return question(self._settings, parameters, str(self._place.at) if by_link else "")

    def take(self, answer: Answer, now: float) -> list[SourcePage]:
        """The pages that an answer comes to."""
        items = list_of(self._settings, answer.content)
        step = self._manner.step(self._place, answer, items)
        self._tally.add(step.items, resolve(answer.content.value, self._settings.total))
        self._tally.sure = self._tally.sure and step.sure
        rows = self._reader.rows(step.items, answer.content)
        before, self._place = self._place, replace(self._place.met(self._newest(step.items, now)), at=step.at)
        self.over = step.over
        return list(_cut(rows, _cursor(before), _cursor(before if step.over else self._place)))

    def refused(self, refused: Refused, now: float) -> None:
        """End, or begin again, where a refusal means that; its SourceError where it means just what it says."""
        status = refused.status
        if self._is_behind_the_last(status):
            self.over = True
            return
        if self._place.at is None or self._settings.paging.manner not in ("cursor", "link") or status not in FORGOTTEN:
            raise refused.error from refused
        if self._took_any:
            words = f"forgot a cursor that it gave in this read (HTTP {status}): the next pull begins again"
            raise SourceUnavailable(self._settings.system, words) from refused
        self._place = replace(self._place.start(), began=now)
        self._begin()

    def end(self, now: float) -> SourcePage:
        """The last page: without rows, it says whether all was listed and from where the next pull asks for changes.
        SourceBroken where the service itself says that all was not.
        """
        after = self._place.after(now) if self._settings.since is not None else None
        complete = self._from_start and self._tally.complete()
        return SourcePage((), after.cursor() if after else None, complete)

    def _begin(self) -> None:
        self._manner: Manner = manner_of(self._settings)
        self._reader, self._tally = Reader(self._settings), Tally(self._settings)
        self._from_start = self._place.at is None and not self._place.following

    @property
    def _took_any(self) -> bool:
        return self._tally.answers > 0

    def _is_behind_the_last(self, status: int) -> bool:
        """Some services answer the page behind the last one with 404: it is the end where all rows came."""
        numbered = self._settings.paging.manner in ("page", "offset")
        return status == 404 and numbered and self._took_any and self._tally.all_given

    def _newest(self, items: Sequence[Any], now: float) -> str | None:
        """The largest change of the items; one of a time that is still to come is a slip of the department's pen."""
        if self._settings.since is None:
            return None
        changed = self._settings.since.changed
        stamps = {stamp for item in items if (stamp := stamp_of(value_at(item, changed)))}
        return max((stamp for stamp in stamps if not is_ahead(stamp, now)), key=order, default=None)


def _cursor(place: Place) -> str | None:
    """The checkpoint of a place; the first page of everything needs none."""
    return None if place.at is None and not place.following else place.cursor()


def _cut(rows: Sequence[Any], before: str | None, behind_: str | None) -> Iterator[SourcePage]:
    """The rows in pages. The checkpoint moves with the last of them, since an answer can only be asked for whole."""
    for start in range(0, len(rows), PAGE):
        last = start + PAGE >= len(rows)
        yield SourcePage(tuple(rows[start : start + PAGE]), behind_ if last else before)
