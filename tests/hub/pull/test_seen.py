"""What a pull has met: kept out of memory, exact, and gone with the pull."""

import subprocess
import sys
from contextlib import closing

import pytest

from hub.errors import StoreUnavailable
from hub.pull.seen import Seen


@pytest.fixture
def seen():
    with closing(Seen()) as opened:
        yield opened


def test_handles_that_came_before_are_known(seen):
    assert seen.before(["a", "b"]) == set()
    seen.meet(["a", "b", "a"])
    assert seen.before(["b", "c", "a"]) == {"a", "b"}


def test_handles_that_were_never_met_are_listed_in_order_a_piece_at_a_time(seen):
    seen.meet(["b", "d"])
    assert seen.note_missing(["a", "b", "c"]) == 2
    assert seen.note_missing(["d", "e"]) == 1
    assert (seen.missing("", 2), seen.missing("c", 2), seen.missing("e", 2)) == (["a", "c"], ["e"], [])


def test_unreadable_rows_are_in_doubt_only_if_they_were_not_known(seen):
    seen.meet_unreadable(["{1}", "{2}", "{2}", "\ud800"])
    assert seen.unreadable_beyond([]) == 3
    assert seen.unreadable_beyond(["{1}", "{9}"]) == 2
    assert seen.unreadable_beyond(["{1}", "{2}", "\ud800"]) == 0


_GROW = """
import resource
from contextlib import closing
from hub.pull.seen import Seen

with closing(Seen()) as seen:
    for start in range(0, {rows}, 500):
        seen.meet([f"{{n:022d}}" for n in range(start, start + 500)])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_ten_times_the_rows_do_not_take_ten_times_the_memory():
    """The cache of 16 MiB fills up, and no more."""
    small, large = (peak(rows) for rows in (20_000, 400_000))
    assert large < small + 30, (small, large)


def peak(rows):
    return int(subprocess.run([sys.executable, "-c", _GROW.format(rows=rows)], capture_output=True, check=True).stdout)


def test_a_full_disk_is_said(seen):
    seen._database.execute("PRAGMA max_page_count = 8")
    with pytest.raises(StoreUnavailable, match=r"temporary file of the pull.*full"):
        seen.meet([f"{n:022d}" for n in range(10_000)])


def test_it_belongs_to_no_file(tmp_path, monkeypatch, seen):
    monkeypatch.chdir(tmp_path)
    seen.meet([f"{n:022d}" for n in range(1000)])
    assert list(tmp_path.iterdir()) == []
