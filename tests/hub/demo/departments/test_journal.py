"""A journal's order: a reader who goes on from any place, or asks since any time, gets what is new and nothing twice."""

import sqlite3
from contextlib import closing
from datetime import date
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.demo.departments.journal import Entry, Journal, Place, make, spread

TODAY = date(2026, 11, 22)
BEGINNING = Place.since("")


def entry(number, of=20, kind="k", **more):
    return Entry(kind, str(number), spread(number, of, TODAY), {"n": number}, **more)


@pytest.fixture
def path(tmp_path):
    assert make(tmp_path / "journal.db", lambda: [*map(entry, range(20)), entry(0, kind="other")])
    return tmp_path / "journal.db"


def numbers(journal, place=BEGINNING, limit=100):
    return [one["n"] for one in journal.page("k", place, limit).documents]


@given(st.integers(1, 25))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_pages_of_any_size_are_the_whole_in_order(path, size):
    journal, found, place = Journal(path), [], BEGINNING
    while (page := journal.page("k", place, size)).documents:
        found += [one["n"] for one in page.documents]
        place = Place.of(page.after.cursor)
    assert found == list(range(20))
    assert journal.page("k", place, size).after == place


def test_what_is_written_anew_is_at_the_end_also_when_the_clock_was_set_back(path):
    with closing(sqlite3.connect(path)) as table, table:
        table.execute("UPDATE document SET changed = '2099-01-01 00:00:00.000' WHERE name = '19'")
    journal = Journal(path)
    end = journal.page("k", BEGINNING, 100).after
    with journal.changing() as pen:
        pen.write("k", "3", {"n": 33})
        pen.write("k", "new", {"n": 44})
    assert numbers(journal, end) == [33, 44]
    assert numbers(journal) == [*range(3), *range(4, 20), 33, 44]
    assert numbers(journal, Place.since("2099-01-01T00:00:00+08:00")) == [19, 33, 44]


def test_a_time_without_an_offset_is_beijings(path):
    journal = Journal(path)
    at = spread(7, 20, TODAY)
    assert numbers(journal, Place.since(at)) == numbers(journal, Place.since(f"{at}+08:00")) == list(range(7, 20))


def test_a_change_that_fails_leaves_everything_as_it_was(path):
    journal = Journal(path)
    with pytest.raises(KeyError), journal.changing() as pen:
        pen.write("k", "1", {"n": 11})
        raise KeyError
    assert numbers(journal) == list(range(20))


def test_what_is_to_stay_still_is_never_drawn(tmp_path):
    make(tmp_path / "j.db", lambda: [entry(number, still=number != 5) for number in range(20)])
    journal, pick = Journal(tmp_path / "j.db"), Random(1)
    with journal.changing() as pen:
        drawn = [pen.pick("k", pick) for _ in range(50)]
        assert pen.pick("nothing", pick) is None
    assert {found[0] for found in drawn if found} == {"5"}


def test_a_journal_is_filled_once(path):
    assert not make(path, lambda: [entry(99)])
    assert numbers(Journal(path)) == list(range(20))


@pytest.mark.parametrize("cursor", ["x", "W10=", "MQ==", "WyIiLDFlMzBd", "WzEsMl0="])
def test_what_is_no_place_is_refused(cursor):
    with pytest.raises(ValueError):
        Place.of(cursor)
