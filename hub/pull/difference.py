"""The difference between what a source sent and what is stored. Step 8 of walk 2 (a change); pure.

Takes images of one batch and the stored images of the same handles, gives drafts of changes and refusals. Whether a
deletion is allowed is `guards`' question; numbering and writing the drafts is the change protocol's.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from catalogue.rules import Value
from hub.pull.quarantine import KEY_OF_ANOTHER_BINDING
from hub.records.model import Image, Operation


@dataclass(frozen=True, slots=True)
class Offered:
    """A source row that became an image. `row` is what the department sent, kept for a quarantine."""

    image: Image
    position: str
    row: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Draft:
    """A change that has no number yet. `at` and `moment` are given where time itself made it."""

    operation: Operation
    before: Image | None
    after: Image | None
    at: str | None = None
    moment: str | None = None

    @property
    def handle(self) -> str:
        """The record's handle."""
        image = self.after or self.before
        assert image is not None
        return image.handle


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that must not become a record, with the reason's code and words."""

    offered: Offered
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What one batch comes to: drafts in source order, refusals, and how many records were the same."""

    drafts: tuple[Draft, ...] = ()
    refused: tuple[Refused, ...] = ()
    unchanged: int = 0


def difference(offered: Sequence[Offered], stored: Mapping[str, Image], bindings: Container[str]) -> Difference:
    """Compare a batch with what is stored; where a handle stands twice in it, the second with the first.

    `bindings` are the resource's present bindings: a record of another one of them is refused, a record of a binding
    that no longer exists is taken over.
    """
    drafts: list[Draft] = []
    refused: list[Refused] = []
    unchanged, present = 0, dict(stored)
    for row in offered:
        before = present.get(row.image.handle)
        if before is None:
            present[row.image.handle] = row.image
            drafts.append(Draft(Operation.CREATED, None, row.image))
        elif before.binding != row.image.binding and before.binding in bindings:
            refused.append(Refused(row, KEY_OF_ANOTHER_BINDING, before.binding))
        else:
            after = with_marks_of(before, row.image)
            if after.same_as(before):
                unchanged += 1
            else:
                present[row.image.handle] = after
                drafts.append(Draft(Operation.UPDATED, before, after))
    return Difference(tuple(drafts), tuple(refused), unchanged)


def with_marks_of(before: Image, sent: Image) -> Image:
    """What the source sent under the marks that still hold: a mark ends when the source sends its value."""
    if not before.marks:
        return sent
    return marked(sent, {item: value for item, value in before.marks.items() if sent.values.get(item) != value})


def marked(source: Image, marks: Mapping[str, Value]) -> Image:
    """An image without marks, put under these."""
    kept = {item: source.values.get(item) for item in marks}
    return replace(source, values={**source.values, **marks}, marks=dict(marks), source=kept)


def unmarked(image: Image) -> Image:
    """The image as its source sent it."""
    return replace(image, values={**image.values, **image.source}, marks={}, source={}) if image.marks else image


def deletions(handles: Iterable[str], stored: Mapping[str, Image], binding: str) -> Difference:
    """Drafts that delete those of the handles which the binding feeds; marks do not keep a record."""
    mine = (stored[handle] for handle in handles if handle in stored and stored[handle].binding == binding)
    return Difference(tuple(Draft(Operation.DELETED, image, None) for image in mine))
