"""docs/first-hour.md: its commands, in their order, in an empty folder; the answers are those that it promises."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running_demo import free_port

PAGE = Path(__file__).parent.parent.parent / "docs" / "first-hour.md"
MARK = "=====\n"


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What each block of the page printed, by its place on the page."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    port = free_port()
    script = f"echo '{MARK.strip()}'\n".join(blocks).replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    folder = tmp_path_factory.mktemp("first-hour")
    here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-m", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": here, "HUB_PORT": str(port)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    return ran.stdout.split(MARK)


def test_the_proposals_are_descriptors_of_what_the_department_has(said):
    proposed = next(text for text in said if "[[resource]]" in text)
    assert 'plural = "diantitaizhang_list"' in proposed
    assert 'shiyongdanweidaima = "legal_person"' in proposed
    assert 'name = "t_jcjl"' in proposed


def test_what_was_published_is_pulled(said):
    reports = next(text for text in said if "ledger_lift" in text)
    assert "published as version" in reports
    assert reports.count("0 quarantined") == 3


def test_the_question_crosses_the_file_the_table_and_the_legal_persons(said):
    answer = json.loads(next(text for text in said if text.startswith('{"data"')))
    assert "errors" not in answer
    (lift,) = answer["data"]["lifts"]["nodes"]
    assert (lift["number"], lift["ratedLoad"], lift["state"]["name"]) == ("梯11闽D00003", 1350, "在用")
    assert lift["owner"]["name"] == "厦门思明酒店有限公司"
    assert lift["inspections"]["nodes"] == [{"doneOn": "2026-06-01", "verdict": "不合格"}]
    assert answer["data"]["legalPerson"]["lifts"]["totalCount"] == 2


def test_a_change_of_the_file_arrives_as_one_event(said):
    events = [json.loads(line) for line in next(text for text in said if "Caughtup" in text).splitlines()]
    assert [event["__typename"] for event in events] == ["Caughtup", "LiftChange"]
    assert events[1]["operation"] == "UPDATED"
    assert events[1]["record"] == {"number": "梯11闽D00002", "state": {"name": "在用"}}


def test_the_trail_holds_at_the_end_of_the_hour(said):
    assert "fault" not in said[-1]
