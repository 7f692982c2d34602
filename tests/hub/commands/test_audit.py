"""`hub audit verify`: a whole trail, an edited one, one that is no trail at all; it changes nothing."""

import sqlite3

import pytest


@pytest.fixture
def trail(hub, tmp_path):
    """The file of a trail with three entries."""
    for name in ("one", "two", "three"):
        hub("client", "add", name, "--title", "x", "--department", "11350000003590771U", "--scope", "catalogue:read")
    return tmp_path / "data/audit.db"


def test_a_whole_trail_is_sound(hub, trail):
    verified = hub("audit", "verify")
    assert (verified.code, len(verified.out)) == (0, 1)
    assert verified.out[0].startswith("sound: 3 entries in ")


def test_an_edited_entry_is_named_and_ends_with_1(hub, trail):
    with sqlite3.connect(trail) as file:
        (chain,) = file.execute("SELECT chain FROM entries WHERE body LIKE '%\"two\"%'").fetchone()
        file.execute("UPDATE entries SET body = replace(body, '\"two\"', '\"six\"')")
    edited = hub("audit", "verify")
    assert edited.code == 1
    assert edited.out[0] == f"chain {chain}, entry 1: edited: its content does not give its hash"
    assert edited.out[-1].startswith("1 fault(s): 3 entries")


def test_a_copy_kept_elsewhere_is_verified_with_the_hubs_key(hub, trail, tmp_path):
    with sqlite3.connect(trail) as file, sqlite3.connect(tmp_path / "kept.db") as copy:
        file.backup(copy)
        copy.execute("DELETE FROM entries WHERE body LIKE '%\"two\"%'")
    found = hub("audit", "verify", "--file", tmp_path / "kept.db")
    assert (found.code, ": truncated: " in found.out[0]) == (1, True)
    assert hub("audit", "verify").code == 0


def test_a_trail_that_cannot_be_read_is_found_broken(hub, tmp_path):
    (tmp_path / "rubbish.db").write_text("rubbish" * 1000, encoding="utf-8")
    found = hub("audit", "verify", "--file", "rubbish.db")
    assert (found.code, found.out) == (1, ["rubbish.db: file is not a database"])


def test_where_there_is_no_trail_or_no_hub_it_says_so_and_makes_neither(hub, trail, tmp_path, monkeypatch):
    missing = hub("audit", "verify", "--file", "nowhere.db")
    assert (missing.code, missing.err) == (2, ["hub: there is no audit file at nowhere.db"])
    monkeypatch.setenv("HUB_CATALOGUE", f"sqlite:///{tmp_path / 'elsewhere'}")
    nobody = hub("audit", "verify")
    assert (nobody.code, nobody.err) == (2, [f"hub: there is no hub at {tmp_path / 'elsewhere'}"])
    assert not (tmp_path / "elsewhere").exists()
