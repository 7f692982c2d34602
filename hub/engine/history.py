"""The history of records: what a feed would have told this client of each, newest first.

Part of step 6 of walk 1 (a question). Every change is judged by `hub.feeds.view` under the client's present decision,
on the record as it was before it and after it. One call of the log serves all records of a level, and one more where so
much of what it gave is hidden from the client that more must be read. Links of a past record lead to present ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from auth.decide import Decision
from catalogue.model import Resource
from catalogue.rules import TRUE, Value
from catalogue.snapshot import Snapshot
from hub.engine.operation import ChangeEvent
from hub.engine.project import time_text
from hub.feeds import cursor as cursors
from hub.feeds.cursor import FeedCursor
from hub.feeds.view import View
from hub.records.image_json import warnings_listed
from hub.records.model import Change, Image, Operation, Row
from hub.records.ports import ChangeLog
from hub.seal import Seal

#: How much more is asked of the log where what it gave does not suffice.
_MORE = 4
Place = tuple[str, int]


class Histories:
    """Reads the histories of records of one resource for one client."""

    def __init__(self, log: ChangeLog, seal: Seal, snapshot: Snapshot, decision: Decision) -> None:
        self._log, self._seal = log, seal
        self._view = View(snapshot, decision, TRUE)

    async def of(self, rows: Sequence[Row], first: int) -> list[list[ChangeEvent]]:
        """For every row at most `first` changes, up to the one that made it what it is."""
        places = [(str(row["_handle"]), int(row["_seq"] or 0)) for row in rows]
        seen: dict[Place, list[ChangeEvent]] = {place: [] for place in places}
        reading, limit = {place: place for place in seen} if first else {}, first
        while reading:
            found = await self._log.of(self._view.resource.name, list(reading.values()), limit)
            for place, changes in zip(reading, found, strict=True):
                seen[place] += filter(None, map(self._event, changes))
            reading = {
                place: (place[0], changes[-1].seq - 1)
                for place, changes in zip(reading, found, strict=True)
                if len(changes) == limit and len(seen[place]) < first
            }
            limit *= _MORE
        return [seen[place][:first] for place in places]

    def _event(self, change: Change) -> ChangeEvent | None:
        """The change as the client sees it; None where it must not learn of it."""
        operation = self._view.operation(change)
        if operation is None:
            return None
        resource = self._view.resource
        place = FeedCursor(resource.name, change.epoch, change.seq, cursors.digest_of(None), self._view.sight)
        image = None if operation is Operation.DELETED else change.after
        record = row_of(resource, image, change.seq) if image else None
        return ChangeEvent(cursors.write(self._seal, place), operation, change.handle, change.at, record)


def planned_change(fields: Sequence[tuple[str, str]], event: ChangeEvent) -> dict[str, object]:
    """The change's own fields by response key."""
    values: Mapping[str, object] = {
        "cursor": event.cursor,
        "operation": event.operation,
        "key": event.key,
        "at": time_text(event.at),
    }
    return {key: values[name] for key, name in fields}


def row_of(resource: Resource, image: Image, seq: int) -> Row:
    """The whole record as a question would have returned it then."""
    row: dict[str, Value] = {item.name: image.values.get(item.name) for item in resource.items}
    return row | {
        "_handle": image.handle,
        "_seq": seq,
        "_binding": image.binding,
        "_as_of": image.as_of,
        "_pulled_at": image.pulled_at,
        "_warnings": orjson.dumps(warnings_listed(image.warnings)).decode(),
        "_marks": orjson.dumps(image.marks).decode() if image.marks else None,
    }
