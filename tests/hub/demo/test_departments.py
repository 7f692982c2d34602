"""The demo's departments: each in its own manner, a little dirty, changing, and starting again where they were."""

import csv
import io
import json
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import date
from random import Random

import pytest
from openpyxl import load_workbook

from catalogue.identifiers import credit_code
from hub.demo import licensing, market_regulation
from hub.demo.world import DIRT, SHOWN, World
from tests.running_demo import until

TODAY = date(2026, 11, 22)


@contextmanager
def department(name, folder, every="0"):
    """A department as a process of its own; what it said when it was ready."""
    command = [
        sys.executable, "-m", f"hub.demo.{name}", "--folder", str(folder), "--scale", "0.05", "--today", str(TODAY),
        "--every", every,
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        assert process.wait(10) == 0


def registrations(folder):
    with closing(sqlite3.connect(folder / "registrations.db")) as table:
        return table.execute("SELECT * FROM T_QYJBXX ORDER BY XH").fetchall()


def test_market_regulation_keeps_its_table_and_changes_all_but_the_first(tmp_path):
    with department("market_regulation", tmp_path) as said:
        assert (said["name"], said["url"]) == ("市场监督管理局", f"sqlite:///{tmp_path}/registrations.db")
        first = registrations(tmp_path)
    assert len(first) == 500
    with department("market_regulation", tmp_path, every="0.01"):
        changed = until(lambda: [new for old, new in zip(first, registrations(tmp_path), strict=True) if old != new])
    assert all(row[0] > SHOWN for row in changed)
    assert all(row[-1] > max(old[-1] for old in first) for row in changed)


def test_about_one_registration_in_a_hundred_is_dirty(tmp_path):
    world = World(20261122, TODAY, 0.2)
    market_regulation.create(tmp_path / "registrations.db", world, Random(1))
    clean = [market_regulation.columns(company) for company in world.legal_persons]
    dirty = [row for row, whole in zip(registrations(tmp_path), clean, strict=True) if row[1:-1] != whole]
    assert 0.3 * DIRT < len(dirty) / len(clean) < 3 * DIRT
    assert any(row[1] is None or not credit_code(row[1]).valid for row in dirty)


def test_licensing_writes_files_in_its_encoding_and_a_workbook(tmp_path):
    with department("licensing", tmp_path) as said:
        assert (said["name"], said["url"]) == ("行政审批局", (tmp_path / "licences").as_uri())
    files = sorted(path.name for path in (tmp_path / "licences").iterdir())
    assert [name for name in files if not name.endswith(".csv")] == ["PWXK.xlsx"]
    text = (tmp_path / "licences" / files[0]).read_bytes().decode("gb18030", "replace")
    assert tuple(next(csv.reader(io.StringIO(text)))) == licensing.HEAD
    sheet = load_workbook(tmp_path / "licences/PWXK.xlsx", read_only=True).active
    assert next(sheet.iter_rows(values_only=True)) == licensing.HEAD


def test_a_changed_file_differs_in_the_changed_licence_alone(tmp_path):
    with department("licensing", tmp_path):
        pass
    before = {path.name: path.read_bytes() for path in (tmp_path / "licences").iterdir()}
    with department("licensing", tmp_path, every="0.02"):
        name = until(lambda: next((n for n, old in before.items() if old != _bytes(tmp_path, n)), None))
    changed = zip(before[name].splitlines(), _bytes(tmp_path, name).splitlines(), strict=True)
    for old, new in ((old, new) for old, new in changed if old != new):
        assert old.replace("有效".encode("gb18030"), b"") != old or "有效".encode("gb18030") in new
    assert {path.name for path in (tmp_path / "licences").iterdir() if not path.name.startswith(".")} == before.keys()


def _bytes(folder, name):
    return (folder / "licences" / name).read_bytes()


class Picks:
    """A source of randomness that always picks the same."""

    def __init__(self, value):
        self.value = value

    def randrange(self, _):
        return self.value


@pytest.mark.parametrize("kind", range(5))
def test_every_kind_of_dirt_spoils_a_row(kind):
    clean = licensing.cells(World(1, TODAY, 0.005).licences[0])
    assert licensing.soiled(licensing.line(clean), clean, Picks(kind)) != licensing.line(clean)
