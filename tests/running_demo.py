"""`hub demo` as a user starts it: departments, hub and puller as processes. What tests from outside share."""

import base64
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

PATIENCE = 180


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds=20):
    """Wait for a condition with a deadline; its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


class RunningDemo:
    """A demo that is READY. Its folder stays when it is stopped; `stop` may be called twice."""

    def __init__(self, folder, *, scale="0.02", port=None, back_after=15):
        self.folder, self.port = Path(folder), port or free_port()
        self.log = self.folder.with_suffix(".log")
        command = [sys.executable, "-m", "hub", "demo", "--port", str(self.port), "--data", str(folder)]
        command += ["--back-after", str(back_after)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *(("--scale", scale) if scale else ())],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                stdin=subprocess.DEVNULL,
            )
        self.lines, self._coming = [], queue.Queue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self.ready = json.loads(self._wait_for("READY ").removeprefix("READY "))

    def _read(self):
        for line in self.process.stdout:
            self._coming.put(line)
        self._coming.put(None)

    def _wait_for(self, start):
        end = time.monotonic() + PATIENCE
        try:
            while (line := self._coming.get(timeout=max(0, end - time.monotonic()))) is not None:
                self.lines.append(line)
                if line.startswith(start):
                    return line
        except queue.Empty:
            pass
        self.stop()
        raise AssertionError(f"the demo did not get ready\n{''.join(self.lines)[-2000:]}\n{self.said()[-3000:]}")

    def said(self):
        """Its standard error stream so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def department(self, name):
        """What READY says of the department, with the pid that it has now: one that ended is started again."""
        one = next(d for d in self.ready["departments"] if d["name"] == name)
        back = re.findall(rf"{name} is back, pid (\d+)", self.said())
        return one | {"pid": int(back[-1])} if back else one

    def client(self, client_id):
        return next(c for c in self.ready["clients"] if c["client_id"] == client_id)

    def token(self, client_id, **form):
        client = self.client(client_id)
        basic = base64.b64encode(f"{client_id}:{client['client_secret']}".encode()).decode()
        answer = httpx.post(
            self.ready["token_url"],
            data={"grant_type": "client_credentials", **form},
            headers={"Authorization": f"Basic {basic}"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def ask(
        self, document, variables=None, *, client="bidding", purpose=None, accept="application/graphql-response+json"
    ):
        headers = {"Authorization": f"Bearer {self.token(client)}", "Accept": accept}
        if purpose:
            headers["Hub-Purpose"] = purpose
        return httpx.post(
            self.ready["graphql"], json={"query": document, "variables": variables or {}}, headers=headers, timeout=20
        )

    @property
    def environment(self):
        """What a command of `hub` needs to work on the demo's store."""
        store = f"sqlite:///{(self.folder / 'store').absolute()}"
        return {**os.environ, "HUB_CATALOGUE": store, "HUB_RECORDS": store, "HUB_PORT": str(self.port)}

    def hub(self, *arguments):
        """A command of `hub` on the demo's store."""
        return subprocess.run(
            [sys.executable, "-m", "hub", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def stop(self, number=signal.SIGINT):
        """Interrupt it (or send another signal), wait for its end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        self._reading.join()
        self.process.stdout.close()
        return code
