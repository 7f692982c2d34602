"""Whatever a person does wrong, and whatever is wrong around the hub: one line an error, an exit code, no traceback."""

import os
import resource
import subprocess
import sys

import pytest

from tests.running_demo import free_port

COMMANDS = (
    ("catalogue", "list"), ("client", "list"), ("grant", "list"), ("schema",), ("pull",),
    ("client", "remove", "x"),
)  # fmt: skip


def test_without_a_command_the_help_is_shown(hub):
    shown = hub()
    assert (shown.code, shown.err[0]) == (2, "Usage: hub [OPTIONS] COMMAND [ARGS]...")
    assert hub("--help").code == 0
    assert hub("--version").out == ["hub, version 0.1.0"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["dance"], "No such command 'dance'."),
        (["client", "dance"], "No such command 'dance'."),
        (["pull", "--slowly"], "No such option '--slowly'."),
        (["client", "add", "x"], "Missing option '--title'."),
        (["serve", "--port", "many"], "Invalid value for '--port': 'many' is not a valid integer."),
        (["serve", "--port", "70000"], "option --port: port must lie between 1 and 65535, not 70000"),
        (["serve", "--workers", "0"], "option --workers: workers must lie between 1 and 1024, not 0"),
        (["serve", "--host", "192.0.2.1"], "cannot listen on 192.0.2.1:8000: Cannot assign requested address"),
        (["demo", "--scale", "0"], "Invalid value for '--scale': 0.0 is not in the range 0.005<=x<=100."),
        (["--config", "no.toml", "client", "list"], "no.toml: No such file or directory"),
    ],
)
def test_wrong_usage_is_one_line_and_ends_with_2(hub, arguments, says):
    refused = hub(*arguments)
    assert (refused.code, refused.out, refused.err) == (2, [], [f"hub: {says}"])


def test_a_setting_that_does_not_exist_is_named_wherever_it_stands(hub, tmp_path, monkeypatch):
    (tmp_path / "hub.toml").write_text("prot = 1\n", encoding="utf-8")
    monkeypatch.setenv("HUB_WROKERS", "1")
    for command in (("client", "list"), ("serve",), ("audit", "verify")):
        refused = hub(*command)
        assert (refused.code, refused.err) == (
            2,
            [
                "hub: hub.toml: there is no setting 'prot'",
                "hub: environment HUB_WROKERS: there is no setting 'wrokers'",
            ],
        )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_store_that_is_no_folder_is_named(hub, tmp_path, monkeypatch, command):
    (tmp_path / "file").touch()
    monkeypatch.setenv("HUB_RECORDS", f"sqlite:///{tmp_path / 'file'}")
    refused = hub(*command)
    assert (refused.code, refused.out, refused.err) == (2, [], [f"hub: {tmp_path / 'file'}: File exists"])


@pytest.mark.parametrize("name", ["control.db", "records.db", "audit.db"])
def test_a_store_that_cannot_be_read_is_named_and_ends_with_3(hub, tmp_path, name):
    for path in (tmp_path / "data").glob(f"{name}*"):
        path.write_bytes(b"rubbish" * 1000)
    refused = hub("serve", "--port", free_port())
    assert (refused.code, refused.out, refused.err) == (3, [], [f"hub: {name}: file is not a database"])


def test_a_full_disk_at_the_start_is_one_line(tmp_path):
    """No more than 16 KiB may be written to any file: what SQLite and Python meet on a full disk."""
    full = subprocess.run(
        [sys.executable, "-m", "hub", "init", str(tmp_path / "hub")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384)),
        capture_output=True,
        text=True,
        env={**os.environ},
        check=False,
    )
    assert (full.returncode, full.stdout) == (3, "")
    (line,) = full.stderr.splitlines()
    assert line.startswith("hub: ")
    assert ".db: " in line
    assert not (tmp_path / "hub/hub.toml").exists()
