"""The program of docs/feeds.md and the commands of docs/access.md, as a reader would run them, on a real demo."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

import pytest

DOCS = Path(__file__).parent.parent.parent / "docs"
PATIENCE = 30


def block(name, language):
    return re.search(rf"```{language}\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.DOTALL)[1]


def surroundings(demo):
    client = demo.client("bidding")
    return {**os.environ, "HUB": demo.ready["url"], "CLIENT": client["client_id"], "SECRET": client["client_secret"]}


@contextmanager
def subscriber(demo, folder):
    """The page's program in that folder, and the events that it prints; killed at the end."""
    command = [sys.executable, "-c", block("feeds.md", "python")]
    process = subprocess.Popen(
        command, cwd=folder, env=surroundings(demo), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = Queue()
    reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout])
    reader.start()
    try:
        yield lines
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def events_until(lines, wanted):
    """The events that came, up to the first that is wanted."""
    came, end = [], time.monotonic() + PATIENCE
    while not came or not wanted(came[-1]):
        try:
            came.append(json.loads(lines.get(timeout=max(0.0, end - time.monotonic()))))
        except Empty:
            raise AssertionError(f"it did not come; there came {came}") from None
    return came


def move(demo, number, address):
    """A clerk writes a new address, stamped."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 8 * 3600)) + ".000"
    with sqlite3.connect(demo.folder / "departments/market_regulation/registrations.db", timeout=10) as department:
        department.execute("UPDATE T_QYJBXX SET ZS = ?, GXSJ = ? WHERE XH = ?", (address, stamp, number))


def shows(address):
    return lambda event: (event.get("record") or {}).get("address") == address


def test_the_subscriber_of_the_page_goes_on_where_it_was_killed(demo, tmp_path, until):
    with subscriber(demo, tmp_path) as lines:
        (caughtup,) = events_until(lines, lambda _: True)
        assert caughtup["__typename"] == "Caughtup"
        move(demo, 31, "福州市文档路1号")
        *earlier, seen = events_until(lines, shows("福州市文档路1号"))
        assert seen["operation"] == "UPDATED"
        passed = {caughtup["cursor"], *(event["cursor"] for event in earlier)}
        until(lambda: (tmp_path / "legal_persons.cursor").read_text(encoding="utf-8") not in passed)
    move(demo, 32, "福州市文档路2号")
    with subscriber(demo, tmp_path) as lines:
        came = events_until(lines, shows("福州市文档路2号"))
    assert not any(map(shows("福州市文档路1号"), came))
    changes = [event["cursor"] for event in came if event["__typename"] == "LegalPersonChange"]
    assert sorted(set(changes)) == sorted(changes)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_commands_of_the_access_page_get_a_token_and_an_answer(demo):
    done = subprocess.run(
        ["bash", "-c", block("access.md", "sh")],
        env=surroundings(demo), capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    (node,) = answer["data"]["legalPersons"]["nodes"]
    assert node["name"]
    assert node["phone"] is None
    assert answer["extensions"]["masked"] == ["legalPersons.nodes.legalRepId"]
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_GRANTED"]
