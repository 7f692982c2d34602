"""One page of a department's rows: mapped, then written in batches. Steps 5 to 15 of walk 2 (a change).

A key stands once in a list of everything: its second row is set aside. Where a source sends changes a later row is the
newer one, so both are written in their order, and the place after the page moves in the same commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.source import BadRow, SourcePage, SourceRow
from hub.pull.difference import Difference, Offered, difference
from hub.pull.images import Imager
from hub.pull.model import Step
from hub.pull.protocol import Batch, Place
from hub.pull.quarantine import KEY_TWICE, Bad, raw_text
from hub.pull.walk import BATCH, Walk
from hub.records.model import Image

Rows = Sequence[SourceRow | BadRow]


@dataclass(slots=True)
class Mapped:
    """Rows of a batch that became images, and rows that could not."""

    offered: list[Offered] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)


async def write_page(walk: Walk, imager: Imager, page: SourcePage) -> None:
    """Everything of a page, in source order."""
    for rows, last in _batches(page.rows):
        mapped = await walk.worker.step(Step.MAP, _map, walk, imager, rows)
        place = walk.place(page.cursor) if last and not walk.binding.complete else None
        await _write(walk, mapped, place)
        _count(walk, mapped, len(rows))
        walk.worker.watch(walk.tally)


def _batches(rows: Rows) -> Iterator[tuple[Rows, bool]]:
    """The rows in pieces that one lease writes, with whether it is the last; a page without rows is one piece."""
    for start in range(0, max(len(rows), 1), BATCH):
        yield rows[start : start + BATCH], start + BATCH >= len(rows)


async def _map(walk: Walk, imager: Imager, rows: Rows) -> Mapped:
    mapped = Mapped()
    for row in rows:
        made = imager.offer(row, walk.at)
        if isinstance(made, Bad):
            mapped.bad.append(made)
        else:
            mapped.offered.append(made)
    if walk.binding.complete:
        _once(walk, mapped)
    return mapped


def _once(walk: Walk, mapped: Mapped) -> None:
    """Set aside every row whose key stood before in this pull."""
    before = walk.seen.before([row.image.handle for row in mapped.offered])
    first: list[Offered] = []
    for row in mapped.offered:
        if row.image.handle in before:
            mapped.bad.append(Bad(row.position, KEY_TWICE, "", raw_text(row.row), has_key=True))
        else:
            before.add(row.image.handle)
            first.append(row)
    walk.seen.meet([row.image.handle for row in first])
    walk.seen.meet_unreadable([bad.raw for bad in mapped.bad if not bad.has_key])
    mapped.offered = first


async def _write(walk: Walk, mapped: Mapped, place: Place | None) -> None:
    bindings = frozenset(binding.name for binding in walk.snapshot.bindings_of(walk.resource.name))

    async def judge(stored: Mapping[str, Image]) -> Difference:
        found = difference(mapped.offered, stored, bindings)
        await walk.set_aside(mapped.bad, found.refused)
        return found

    if mapped.offered or mapped.bad or place:
        handles = list(dict.fromkeys([row.image.handle for row in mapped.offered]))
        await walk.put(Batch(handles, judge, place))


def _count(walk: Walk, mapped: Mapped, rows: int) -> None:
    walk.tally.read += rows
    walk.tally.quarantined.update(bad.reason for bad in mapped.bad)
    walk.tally.warnings.update(w.code for row in mapped.offered for w in row.image.warnings)
