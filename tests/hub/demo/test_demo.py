"""`hub demo` as a user runs it: started, interrupted, started again, killed; what it starts ends with it."""

import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from hub.demo.run import Made, made_from
from hub.demo.running import Departments
from hub.errors import ConfigurationError
from tests.processes import family, running
from tests.running_demo import RunningDemo, free_port, until

DEPARTMENTS = [
    "市场监督管理局", "公安厅", "社会信用管理办公室", "行政审批局", "政务服务中心", "自然资源厅", "统计局",
]  # fmt: skip
COUNT = "{ legalPersons { totalCount } licences { totalCount } }"


@pytest.fixture
def folder(tmp_path):
    """A name that needs quoting everywhere."""
    return tmp_path / '演示 "数据" 1'


@pytest.mark.timeout(400)  # it starts twice seven departments and a hub
def test_a_demo_goes_on_from_its_folder_and_ends_with_everything_it_started(folder):
    first = RunningDemo(folder, scale="0.005", back_after=0)
    started = family(first.process.pid)
    assert {d["pid"] for d in first.ready["departments"]} < started
    assert [d["name"] for d in first.ready["departments"]] == DEPARTMENTS
    answer = first.ask(COUNT).json()["data"]
    assert 95 <= answer["legalPersons"]["totalCount"] <= 100
    assert 485 <= answer["licences"]["totalCount"] <= 500
    assert stat.S_IMODE((folder / "clients.json").stat().st_mode) == 0o600
    os.kill(first.ready["departments"][0]["pid"], signal.SIGKILL)
    until(lambda: "市场监督管理局 has ended; nothing changes there any more" in first.said())
    assert first.ask(COUNT).json()["data"]["legalPersons"] == answer["legalPersons"]
    assert first.stop(signal.SIGTERM) == 0
    until(lambda: not started & running().keys())
    second = RunningDemo(folder, scale=None)
    started = family(second.process.pid)
    assert second.ready["clients"] == first.ready["clients"]
    assert second.ask(COUNT).json()["data"]["legalPersons"] == answer["legalPersons"]
    assert second.stop(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: not started & running().keys())


def test_a_department_that_was_ended_comes_back_on_its_port_with_its_data(tmp_path):
    departments = Departments(tmp_path, {"scale": "0.005", "today": "2026-11-22", "every": "0"}, back_after=0.2)
    try:
        first = {one.module: one for one in departments.start()}
        for module in ("credit_office", "licensing"):
            os.kill(first[module].pid, signal.SIGKILL)
        told = []
        until(lambda: told.extend(departments.look()) or len(told) == 4)
        assert sorted(line.partition(",")[0] for line in told) == [
            "社会信用管理办公室 has ended; it comes back in 0.2 s", "社会信用管理办公室 is back",
            "行政审批局 has ended; it comes back in 0.2 s", "行政审批局 is back",
        ]  # fmt: skip
        now = {one.module: one for one in departments.there}
        assert [(one.url, one.folder) for one in now.values()] == [(one.url, one.folder) for one in first.values()]
        assert {module for module, one in now.items() if one.pid != first[module].pid} == {"credit_office", "licensing"}
    finally:
        departments.stop()
    assert not {one.pid for one in departments.there} & running().keys()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_it_prepares_ends_everything_at_once(folder, number):
    command = [sys.executable, "-m", "hub", "demo", "--port", str(free_port()), "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        started = until(lambda: len(family(demo.pid)) >= 7 and family(demo.pid))
        demo.send_signal(number)
        out, err = demo.communicate(timeout=30)
    assert (demo.returncode, out, err) == (0, "", "")
    until(lambda: not started & running().keys())


def test_a_folder_keeps_the_scale_of_its_first_start(tmp_path):
    assert made_from(tmp_path / "new", None).scale == 1
    assert made_from(tmp_path / "small", 0.02).scale == 0.02
    assert made_from(tmp_path / "small", None) == made_from(tmp_path / "small", 0.02)
    with pytest.raises(ConfigurationError, match=r"holds a demo of scale 0\.02"):
        made_from(tmp_path / "small", 1.0)


def test_a_folder_that_cannot_hold_a_demo_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"file cannot hold the demo: .*File exists"):
        made_from(tmp_path / "file", None)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/made.json").write_text(json.dumps({"made": "otherwise"}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="other cannot hold the demo"):
        made_from(tmp_path / "other", None)


def test_what_a_demo_was_made_from_is_noted_once(tmp_path):
    made = made_from(tmp_path, 0.5)
    (tmp_path / "made.json").write_text(json.dumps({"today": "2020-02-29", "scale": 0.5}), encoding="utf-8")
    assert made_from(tmp_path, None) == Made("2020-02-29", 0.5) != made
