"""docs/operations.md: its commands run as they stand there, on the example of docs/descriptors.md."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs a script in the folder of a hub that has pulled the example; what it printed."""
    folder = tmp_path_factory.mktemp("operations")
    here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": here, "ELEVATOR_DIR": str(ROOT / "docs/examples/elevators")}

    def script(text):
        ran = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", text],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    script("hub init . && hub catalogue add $ELEVATOR_DIR/elevators.toml && hub pull elevator")
    return script


def test_the_daily_commands_say_what_the_page_says(run):
    told = run(BLOCKS[0])
    assert "dry run, nothing written" in told
    assert "elevator_csv\t" in told


def test_a_paused_binding_stands_still_until_it_is_resumed(run):
    told = run(BLOCKS[1])
    assert "elevator_csv: stands still: 系统迁移" in told
    assert "elevator from elevator_csv: paused" in told
    assert told.rindex("elevator from elevator_csv: done") > told.index("elevator_csv: is pulled")


def test_every_block_of_commands_is_one_of_these():
    assert len(BLOCKS) == 2
