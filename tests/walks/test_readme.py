"""README: its commands run as they stand there, against a demo, and give the answer that stands there."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = ("README.md", "README.zh.md")


def blocks(page, language):
    return re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def without_request_ids(answer):
    for error in answer["errors"]:
        del error["extensions"]["requestId"]
    return answer


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_the_readme_give_the_answer_of_the_readme(demo, page):
    script = "\n".join(block for block in blocks(page, "sh") if "curl" in block)
    script = script.replace("http://127.0.0.1:8000", demo.ready["url"])
    script, secrets = re.subn("SECRET='.*'", f"SECRET='{demo.client('bidding')['client_secret']}'", script)
    assert secrets == 1
    ran = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    (told,) = blocks(page, "json")
    assert without_request_ids(json.loads(ran.stdout)) == without_request_ids(json.loads(told))


@pytest.mark.parametrize("page", PAGES)
def test_the_make_commands_of_the_readme_are_there(page):
    asked = [line for block in blocks(page, "sh") for line in block.splitlines() if line.startswith("make ")]
    assert asked == ["make demo", "make test"]
    for line in asked:
        subprocess.run([*line.split(), "--dry-run"], cwd=ROOT, check=True, capture_output=True)


def test_every_command_of_the_readme_is_one_of_those():
    for page in PAGES:
        assert all("curl" in block or block.startswith("make ") for block in blocks(page, "sh"))
