"""A feed cursor is a place in one resource's changes under one condition."""

import pytest

from hub.errors import Code, HubError
from hub.feeds.cursor import FeedCursor, digest_of, read, write
from hub.seal import Seal

SEAL = Seal(bytes(32), "feed")
PLACE = FeedCursor("licence", 1, 42, digest_of({"kind": {"eq": "1"}}), "sight", walking="handle")


def test_a_cursor_comes_back_as_the_place_it_named():
    assert read(SEAL, write(SEAL, PLACE), "licence", PLACE.digest) == PLACE


@pytest.mark.parametrize(
    ("resource", "digest", "says"),
    [
        ("credit_record", PLACE.digest, "a cursor of licence, not of credit_record"),
        ("licence", "", "was given for another `where`"),
    ],
)
def test_a_cursor_of_something_else_is_refused_by_name(resource, digest, says):
    with pytest.raises(HubError, match=says) as caught:
        read(SEAL, write(SEAL, PLACE), resource, digest)
    assert caught.value.code is Code.CURSOR_INVALID


@pytest.mark.parametrize(
    "text", ["", "abc", Seal(bytes(32), "feed").close([1, 2]), Seal(bytes(32), "page").close(PLACE.seq)]
)
def test_what_is_no_feed_cursor_is_refused(text):
    with pytest.raises(HubError) as caught:
        read(SEAL, text, "licence", "")
    assert caught.value.code is Code.CURSOR_INVALID


def test_the_same_condition_has_one_digest_in_whatever_order_it_was_written():
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1}) != digest_of({"a": 1})
    assert digest_of(None) == digest_of({}) == ""
