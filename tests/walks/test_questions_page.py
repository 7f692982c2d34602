"""docs/questions/README.md: its commands run as they stand there, against a demo, and its answers are parts of real ones."""

import json
import os
import re
import signal
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/questions/README.md").read_text(encoding="utf-8")
QUESTIONS = tomllib.loads((ROOT / "docs/questions/questions.toml").read_text(encoding="utf-8"))["question"]
ASKED = {one["document"][0]: one for one in QUESTIONS if "follow" not in one["document"]}


def blocks(language, text=PAGE):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def told(number):
    """The answers in the section of that question."""
    section = PAGE.partition(f"\n### {number} ")[2].partition("\n### ")[0]
    return [json.loads(block) for block in blocks("json", section)]


def is_part(part, whole):
    """Whether the whole has what the part has, in its order."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(k in whole and is_part(v, whole[k]) for k, v in part.items())
    if isinstance(part, list):
        rest = iter(whole or ())
        return all(any(is_part(each, found) for found in rest) for each in part)
    return part == whole


def run(script):
    ran = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def asked_by_curl(demo, number):
    """What the page's commands answer to that question."""
    one = ASKED[number]
    script, first = re.subn(
        "^N=.*$",
        f"N={one['document']} CLIENT={one['client']} PURPOSE={one['purpose']}",
        blocks("sh")[0].replace("http://127.0.0.1:8000", demo.ready["url"]),
        flags=re.MULTILINE,
    )
    script, secrets = re.subn("SECRET='.*'", f"SECRET='{demo.client(one['client'])['client_secret']}'", script)
    assert (first, secrets) == (1, 1)
    return run(script)


@pytest.mark.parametrize("number", ["1", "2", "3", "4"])
def test_a_question_by_curl_gives_the_answer_of_the_page(demo, number):
    answer = asked_by_curl(demo, number)
    assert "errors" not in answer
    assert is_part(told(number)[0], answer), answer


def test_with_public_security_stopped_the_answer_is_that_of_the_page(demo, until):
    refused = told("1")[1]
    assert "does not answer now" in refused["errors"][0]["message"]
    ended = demo.said().count("公安厅 has ended")
    os.kill(demo.department("公安厅")["pid"], signal.SIGTERM)
    until(lambda: demo.said().count("公安厅 has ended") > ended)
    assert is_part(refused, asked_by_curl(demo, "1"))
    until(lambda: "errors" not in asked_by_curl(demo, "1"), 60)


def test_what_the_credit_office_is_told_by_curl_is_answered(demo, until):
    script = blocks("sh")[1].replace("DIR/", f"{demo.folder}/", 1)
    script, offices = re.subn("OFFICE='.*'", f"OFFICE='{demo.department('社会信用管理办公室')['url']}'", script)
    assert offices == 1
    assert run(script)["data"]["state"] == "有效"
    until(lambda: is_part(told("5")[0], asked_by_curl(demo, "5")))


def test_the_page_names_every_question_with_who_asks_it():
    rows = re.findall(r"^\| `(\d[\w-]+)` \| `(\w+)` \| `(\w+)` \|$", PAGE, re.MULTILINE)
    assert rows == [(one["document"], one["client"], one["purpose"]) for one in ASKED.values()]
    assert len(blocks("sh")) == 2
