"""`hub pause`, `resume`, `drift`, `quarantine`: what a person says about bindings holds, and stands in the audit."""

TEN = [f"M{number},事项{number}" for number in range(10)]


def headed(tmp_path, head, *lines):
    (tmp_path / "matters/matters.csv").write_text("\n".join([head, *lines, ""]), encoding="utf-8")


def test_a_paused_binding_is_pulled_no_more_until_it_is_resumed(bound, matters, evidence):
    matters(*TEN)
    bound("pull")
    assert bound("pause", "matter", "--reason", "系统迁移").out == ["hall_matter: stands still: 系统迁移"]
    paused = bound("pull", "hall_matter")
    assert (paused.code, paused.out[0]) == (1, "matter from hall_matter: paused")
    assert "系统迁移" in "\n".join(paused.out)
    assert bound("resume", "hall_matter").out == ["hall_matter: is pulled"]
    assert bound("pull").code == 0
    assert [entry["operation"] for entry in evidence() if "binding" in entry["operation"]] == [
        "binding paused",
        "binding resumed",
    ]


def test_drift_is_shown_and_stands_still_until_a_person_accepts_it(bound, matters, tmp_path):
    matters(*TEN)
    bound("pull")
    assert (bound("drift", "show").code, bound("drift", "show").out) == (0, [])
    headed(tmp_path, "code,name,extra", *[f"{line},x" for line in TEN])
    assert bound("pull").code == 1
    shown = bound("drift", "show")
    assert shown.code == 1
    assert "hall_matter\tdrift: " in shown.out[0]
    assert "extra" in shown.out[0]
    assert "stands still: drift" in bound("resume", "matter").out[0]
    assert bound("drift", "accept", "matter").out == ["hall_matter: is pulled"]
    assert bound("pull").out[0] == "matter from hall_matter: done"
    assert bound("drift", "show").code == 0


def test_quarantined_rows_are_shown_with_their_place_and_their_text_only_where_it_is_asked_for(bound, matters):
    matters("M1,一", ",无码", "M3,三")
    bound("pull")
    (line,) = bound("quarantine", "hall_matter").out
    assert line.startswith("hall_matter\t")
    assert "matters.csv:3" in line
    assert "key" in line
    assert "无码" not in line
    assert "无码" in bound("quarantine", "--raw").out[0]


def test_a_name_that_is_none_is_named(bound):
    assert bound("pause", "nothing", "--reason", "x").err == ["hub: no resource or binding is called nothing"]
    assert bound("resume", "person").err == ["hub: person is asked for live and never pulled"]
