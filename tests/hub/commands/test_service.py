"""`hub init`, `hub schema`, and `hub serve` as the processes that it is: workers, a puller child, their beginnings and ends."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from hub.settings import Settings, load
from tests.processes import family, running
from tests.running_demo import free_port, until

CATALOGUE = '{ catalogue { version resource(name: "matter") { freshness { asOf late } } } }'


def test_init_writes_settings_that_say_the_defaults_and_a_store(hub, tmp_path):
    made = hub("init", "new/hub")
    path = tmp_path / "new/hub/hub.toml"
    assert (made.code, made.out[0].endswith("(catalogue version 1)")) == (0, True)
    assert load(path, {}).records_folder == path.parent / "data"
    assert load(path, {}).port == Settings().port
    assert {file.name for file in (path.parent / "data").iterdir()} >= {"control.db", "records.db", "audit.db"}
    assert hub("--config", path, "catalogue", "show", "matter").code == 0


def test_init_never_writes_over_anything(hub, tmp_path):
    hub("init", "new")
    assert hub("init", "new").err == ["hub: new/hub.toml is there already"]
    (tmp_path / "file").touch()
    assert hub("init", "file").err == ["hub: file/hub.toml: File exists"]
    assert hub("init", "file/in/it").err == ["hub: file/in/it/hub.toml: Not a directory"]


def test_schema_prints_the_published_catalogue(hub):
    printed = "\n".join(hub("schema").out)
    assert "type Matter implements " in printed


def test_a_port_in_use_is_one_line_before_anything_is_started(hub):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command in ("serve", "demo"):
            refused = hub(command, "--port", port)
            assert (refused.code, refused.out) == (2, [])
            assert refused.err == [f"hub: cannot listen on 127.0.0.1:{port}: Address already in use"]


class Serving:
    """`hub serve --workers 2`, ready."""

    def __init__(self, store):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = {**os.environ, "HUB_CATALOGUE": f"sqlite:///{store}", "HUB_RECORDS": f"sqlite:///{store}"}
        self._log = Path(store).with_suffix(".log")
        command = [sys.executable, "-m", "hub", "serve", "--workers", "2", "--port", str(port)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log, stdin=subprocess.DEVNULL)
        until(lambda: self.said("catalogue_swapped") == 3 and self.answers(), 60)  # two workers and the puller
        self.family = family(self.process.pid)

    def said(self, event):
        """How often its processes reported the event."""
        return self._log.read_text(encoding="utf-8").count(f'"event": "{event}"')

    def answers(self):
        try:
            return httpx.get(f"{self.url}/ready").status_code == 200
        except httpx.TransportError:
            return False

    def puller(self):
        """The id of the puller child, if there is one."""
        children = {pid: command for pid, (parent, command) in running().items() if parent == self.process.pid}
        return next((pid for pid, command in children.items() if "hub.pull.puller" in command), None)

    def end(self, number):
        """Send it the signal, wait until it and everything that it started has ended; its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(30)
        until(lambda: not self.family & running().keys())
        return code


@pytest.fixture
def serving(bound, tmp_path):
    """A hub whose one department is down; killed at the end if a test did not end it."""
    (tmp_path / "matters").rmdir()
    started = Serving(tmp_path / "data")
    yield started
    started.process.kill()
    started.process.wait()


def token_of(serving, secret):
    answer = httpx.post(f"{serving.url}/oauth/token", data={"grant_type": "client_credentials"}, auth=("clerk", secret))
    return answer.json().get("access_token")


def test_a_hub_serves_while_a_department_is_down_and_killed_it_takes_every_process_with_it(serving, bound):
    (secret,) = bound(
        "client", "add", "clerk", "--title", "x", "--department", "11350000003590771U", "--scope", "catalogue:read"
    ).out
    headers = {"Authorization": f"Bearer {until(lambda: token_of(serving, secret))}"}

    def data():
        """The answer, once the worker that is asked has taken up the client as well: each does within a second."""
        return httpx.post(f"{serving.url}/graphql", json={"query": CATALOGUE}, headers=headers).json().get("data")

    assert until(data)["catalogue"]["resource"]["freshness"] == {"asOf": None, "late": True}
    until(lambda: serving.said("pull_failed"))
    assert len(serving.family) >= 3
    assert serving.end(signal.SIGKILL) == -signal.SIGKILL


def test_every_process_takes_up_what_is_published_and_a_dead_puller_is_replaced(serving, bound, tmp_path):
    text = (tmp_path / "bound.toml").read_text(encoding="utf-8").replace("事项库", "事项台账")
    (tmp_path / "bound.toml").write_text(text, encoding="utf-8")
    assert bound("catalogue", "add", tmp_path / "bound.toml").out == ["published as version 3"]
    until(lambda: httpx.get(f"{serving.url}/live").headers["hub-schema-version"] == "3")
    killed = serving.puller()
    os.kill(killed, signal.SIGKILL)
    serving.family.add(until(lambda: serving.puller() not in (killed, None) and serving.puller()))
    assert serving.said("puller_died") == 1
    assert serving.end(signal.SIGTERM) == 0
    assert (serving.said("stopped"), serving.said("puller_died")) == (1, 1)
    assert bound("audit", "verify").code == 0
