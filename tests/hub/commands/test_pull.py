"""`hub pull`: what it prints and how it ends, for every way in which a pull can end."""

import pytest

TEN = [f"M{number},事项{number}" for number in range(10)]


def test_a_pull_prints_its_report_and_a_second_one_changes_nothing(bound, matters):
    matters(*TEN)
    first = bound("pull")
    assert (first.code, first.out[0]) == (0, "matter from hall_matter: done")
    assert "10 created" in first.out[1]
    assert "0 created, 0 updated" in bound("pull", "matter", "--full").out[1]


def test_a_dry_run_says_what_would_change_and_writes_nothing(bound, matters):
    matters(*TEN)
    for _ in range(2):
        dry = bound("pull", "hall_matter", "--dry-run")
        assert (dry.code, dry.out[0]) == (0, "matter from hall_matter: done (dry run, nothing written)")
        assert "10 created" in dry.out[1]


def test_what_a_source_lost_is_deleted_only_by_a_persons_word(bound, matters):
    matters(*TEN)
    bound("pull")
    matters(*TEN[:4])
    guarded = bound("pull", "matter", "--full")
    assert guarded.code == 1
    assert "6 of 10 records are missing" in "\n".join(guarded.out)
    dry = bound("pull", "matter", "--allow-delete", "--dry-run")
    assert (dry.code, "6 deleted" in dry.out[1]) == (0, True)
    allowed = bound("pull", "matter", "--allow-delete")
    assert (allowed.code, "6 deleted" in allowed.out[1]) == (0, True)


def test_a_source_that_is_down_is_named_and_ends_with_3(bound, tmp_path):
    (tmp_path / "matters").rmdir()
    down = bound("pull")
    assert (down.code, down.out[0]) == (3, "matter from hall_matter: unavailable")
    assert "hall: " in down.out[1]
    assert str(tmp_path / "matters") in down.out[1]


def test_a_binding_that_names_what_is_not_there_ends_with_2(bound, tmp_path):
    (tmp_path / "matters/matters.csv").write_text("code,title\n1,a\n", encoding="utf-8")
    wrong = bound("pull")
    assert (wrong.code, wrong.out[0]) == (2, "matter from hall_matter: misconfigured")
    assert "matters.csv has no column name" in wrong.out[1]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["nothing"], "hub: no resource or binding is called nothing"),
        (["matter", "nothing"], "hub: no resource or binding is called nothing"),
        (["person"], "hub: person is asked for live and never pulled"),
    ],
)
def test_a_name_that_cannot_be_pulled_is_said_before_anything_is(bound, names, says):
    refused = bound("pull", *names)
    assert (refused.code, refused.out, refused.err) == (2, [], [says])


def test_without_a_binding_there_is_nothing_to_pull(hub):
    assert hub("pull").out == ["no binding feeds any resource"]
    nothing = hub("pull", "matter")
    assert (nothing.code, nothing.out) == (0, ["no binding feeds matter"])
