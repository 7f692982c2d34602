"""How far a pull has come in a service: the checkpoint and its opaque text. Pure.

While everything is read it says where in the pages; afterwards from which change on changes are asked for.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from connectors.rest.stamp import earlier, is_time, later

At = int | str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk over pages stands.

    `at` is the page number, offset, cursor, address or change that comes next, None for the first page. `following`
    says that everything was read and only changes since `since` are. `began` is when the walk began (seconds since
    1970), `newest` the largest change it met, `first` the largest of its first answer.
    """

    manner: str
    following: bool = False
    since: str | None = None
    at: At = None
    began: float | None = None
    newest: str | None = None
    first: str | None = None

    @classmethod
    def parse(cls, cursor: str | None, manner: str) -> Place:
        """The place that a cursor holds. One of another connector or of other pages means: from the beginning, or from
        the last change.
        """
        try:
            place = cls(**json.loads(cursor or "{}"))
        except (ValueError, TypeError):
            return cls(manner)
        return place if place.manner == manner else cls(manner, place.following, place.since)

    def cursor(self) -> str:
        """The opaque text of it."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(given, ensure_ascii=False, separators=(",", ":"))

    def start(self) -> Place:
        """The beginning of the same walk."""
        return Place(self.manner, self.following, self.since)

    def met(self, newest: str | None) -> Place:
        """The place with the largest change that an answer held."""
        first = later(self.first, newest) if self.at is None else self.first
        return replace(self, newest=later(self.newest, newest), first=first)

    def after(self, now: float) -> Place | None:
        """From where the next pull asks for changes; None where no change was ever met.

        What changed behind the walk's back has a time after its beginning: the largest time met, less the walk's
        duration, is no later than that. Numbers know no duration: there the first answer's largest is.
        """
        if self.newest is None:
            return Place(self.manner, True, self.since) if self.since is not None else None
        if is_time(self.newest):
            since = earlier(self.newest, 0.0, max(0.0, now - (now if self.began is None else self.began)))
        else:
            since = self.newest if self.following else self.first or self.newest
        return Place(self.manner, True, since)
