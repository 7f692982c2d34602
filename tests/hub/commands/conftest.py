"""The command line on a store of its own in tmp_path, run in this process; what a person would see of it."""

import shutil
import sqlite3
from dataclasses import dataclass, field

import orjson
import pytest

from hub import cli

DEPARTMENT = "11350000003590122P"
BOUND = """
[[department]]
code = "11350000003590122P"
name = "政务服务中心"

[[system]]
name = "hall"
title = "事项库"
department = "11350000003590122P"
connector = "files"
options = {{ path = "{folder}" }}

[[binding]]
name = "hall_matter"
resource = "matter"
system = "hall"
options = {{ files = "*.csv" }}

[binding.columns]
matter_code = "code"
name = "name"
"""


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code, the lines it printed and the lines of its errors."""

    code: int
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)


@pytest.fixture
def hub(monkeypatch, capsys, tmp_path, made_store):
    """`hub("client", "list")` → Ran, on a fresh store. The working folder is tmp_path."""
    shutil.copytree(made_store, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()

    def run(*arguments):
        code = cli.run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Ran(code, said.out.splitlines(), said.err.splitlines())

    return run


@pytest.fixture(scope="session")
def made_store(tmp_path_factory):
    """The folder of a store that holds the shipped catalogue; copied for each test."""
    folder = tmp_path_factory.mktemp("made")
    assert cli.run(["init", str(folder)]) == 0
    return folder / "data"


@pytest.fixture
def evidence(tmp_path):
    """The audit entries of the store so far, oldest first."""

    def entries():
        with sqlite3.connect(tmp_path / "data/audit.db") as file:
            return sorted((orjson.loads(body) for (body,) in file.execute("SELECT body FROM entries")), key=by_time)

    return entries


def by_time(entry):
    return entry["at"]


@pytest.fixture
def matters(tmp_path):
    """A folder of matters as CSV, and a descriptor that binds it: `matters("a,1", "b,2")` writes the rows."""
    folder = tmp_path / "matters"
    folder.mkdir()
    (tmp_path / "bound.toml").write_text(BOUND.format(folder=folder), encoding="utf-8")

    def write(*lines):
        (folder / "matters.csv").write_text("\n".join(["code,name", *lines, ""]), encoding="utf-8")

    return write


@pytest.fixture
def bound(hub, matters, tmp_path):
    """The hub with the binding published; write its rows with `matters`."""
    assert hub("catalogue", "add", tmp_path / "bound.toml").code == 0
    return hub
