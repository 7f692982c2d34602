"""Feed cursors: a place in the changes of one resource, authenticated, not bound to a subscriber.

A cursor says how far somebody has read, never what they may read: authority is decided again on resume. It also says
under which sight it was read, so that who resumes with another one is told of the gap. The last steps of walk 2 (a
change) make and read them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import orjson

from hub.errors import Code, HubError
from hub.seal import Seal, SealBroken


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """A place: everything of `resource` up to `seq` in `epoch` has been seen.

    `digest` is that of the feed's condition: a place in a filtered feed means nothing under another. `sight` is what
    was visible (`hub.feeds.view.sight`). While present records are walked (`from: BEGINNING`), `walking` is the handle
    of the last one that was sent, '' before the first, and `seq` stands at the sequence from which the log follows.
    """

    resource: str
    epoch: int
    seq: int
    digest: str
    sight: str
    walking: str | None = None

    @property
    def spot(self) -> str:
        """The place as the audit names it."""
        return f"{self.epoch}:{self.seq}" + (f":{self.walking}" if self.walking is not None else "")


def digest_of(where: object) -> str:
    """A short digest of a feed's condition as the subscriber wrote it; '' for none."""
    return hashlib.sha256(orjson.dumps(where, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16] if where else ""


def write(seal: Seal, cursor: FeedCursor) -> str:
    """The cursor as opaque text."""
    return seal.close([cursor.resource, cursor.epoch, cursor.seq, cursor.digest, cursor.sight, cursor.walking])


def read(seal: Seal, text: str, resource: str, digest: str) -> FeedCursor:
    """The place that the text names; CURSOR_INVALID where it is none, or one of another resource or condition."""
    try:
        value = seal.open(text)
    except SealBroken as error:
        raise HubError(Code.CURSOR_INVALID, f"`after` is {error}") from error
    match value:
        case [str(name), int(epoch), int(seq), str(condition), str(sight), (str() | None) as walking]:
            found = FeedCursor(name, epoch, seq, condition, sight, walking)
        case _:
            raise HubError(Code.CURSOR_INVALID, "`after` is not a feed cursor")
    if found.resource != resource:
        raise HubError(Code.CURSOR_INVALID, f"`after` is a cursor of {found.resource}, not of {resource}")
    if found.digest != digest:
        raise HubError(Code.CURSOR_INVALID, "`after` was given for another `where`; begin again without it")
    return found
