import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.rest.place import Place
from connectors.rest.pointer import resolve
from connectors.rest.stamp import earlier, is_ahead, later, order, stamp_of


@pytest.mark.parametrize(
    ("stamp", "overlap", "seconds", "before"),
    [
        ("2024-01-01 08:00:00", None, 0, "2024-01-01 07:59:00"),
        ("2024-01-01T08:00:00Z", None, 0.2, "2024-01-01T07:58:59Z"),
        ("2024-01-01T08:00:00.123456+08:00", 0, 0.2, "2024-01-01T07:59:59.123456+08:00"),
        ("2024-01-01T08:00", 90, 0, "2024-01-01T07:58"),
        ("2024-03-01", None, 0, "2024-02-29"),
        ("20240101000000", 1, 0, "20231231235959"),
        ("20240301", 0, 1, "20240229"),
        ("1704067200", None, 99, "1704067199"),
        ("1704067200000", 60000, 0, "1704067140000"),
        ("12.50", 0.25, 0, "12.25"),
        ("v7", 60, 60, "v7"),
        ("2024-13-45 99:00:00", 60, 0, "2024-13-45 99:00:00"),
        ("0001-01-01 00:00:00", 60, 0, "0001-01-01 00:00:00"),
    ],
)
def test_an_earlier_stamp_is_spelt_as_its_service_spells_them(stamp, overlap, seconds, before):
    assert earlier(stamp, overlap, seconds) == before


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("9", "10"),
        ("2024-01-01T09:00:00+08:00", "2024-01-01T08:00:00Z"),
        ("2024-01-01 08:00:00", "2024-01-01 08:00:00.5"),
        ("20240101235959", "20240102000000"),
        ("v1", "v2"),
    ],
)
def test_stamps_are_compared_by_what_they_mean(smaller, larger):
    assert order(smaller) < order(larger)
    assert later(smaller, larger) == later(larger, smaller) == larger


@given(st.datetimes(min_value=datetime(1900, 1, 1)), st.integers(0, 10**7), st.sampled_from("T "))
def test_an_earlier_time_is_never_later_than_asked_for(at, seconds, gap):
    stamp = at.isoformat(sep=gap)
    before = earlier(stamp, 0.0, seconds)
    assert order(stamp)[1] - order(before)[1] >= seconds - 0.001
    assert len(before) == len(stamp)


@pytest.mark.parametrize(
    ("value", "stamp"), [(None, None), (True, None), ([], None), ("  ", None), (7, "7"), (" x ", "x")]
)
def test_what_is_no_stamp_is_none(value, stamp):
    assert stamp_of(value) == stamp


def test_a_time_a_day_ahead_of_now_is_none_to_go_by():
    assert is_ahead("9999-12-31 00:00:00", 1_704_067_200)
    assert not is_ahead("2024-01-01 20:00:00", 1_704_067_200)
    assert not is_ahead("99999999999", 1_704_067_200)


@given(st.text(max_size=20), st.one_of(st.none(), st.integers(0, 10**9), st.text(min_size=1)), st.booleans())
def test_a_place_is_kept_in_its_cursor(since, at, following):
    place = Place("cursor", following, since, at, 1.5, "9", "8")
    assert Place.parse(place.cursor(), "cursor") == place


@pytest.mark.parametrize("cursor", [None, "", "x", "[]", "7", json.dumps({"following": True, "key": [1]}), "null"])
def test_a_cursor_of_another_kind_means_from_the_beginning(cursor):
    assert Place.parse(cursor, "page") == Place("page")


def test_a_cursor_of_other_pages_keeps_the_last_change():
    cursor = Place("page", True, "7", 3).cursor()
    assert Place.parse(cursor, "link") == Place("link", True, "7")


# The published examples of RFC 6901, section 5.
DOCUMENT = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        *(("", DOCUMENT), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/c%d", 2)),
        *(("/e^f", 3), ("/g|h", 4), ("/i\\j", 5), ('/k"l', 6), ("/ ", 7), ("/m~0n", 8)),
        *(("/foo/2", None), ("/foo/-", None), ("/no/x", None)),
    ],
)
def test_a_pointer_finds_what_the_rfc_says(pointer, value):
    assert resolve(DOCUMENT, pointer) == value
