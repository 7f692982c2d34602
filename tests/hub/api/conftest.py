"""A hub without departments, served by granian as `hub serve` does, for whoever speaks bytes to it."""

import asyncio
import base64
import os
import socket
import subprocess
import sys
import time

import httpx
import pytest

from auth.ports import Purpose
from hub.granting import Registration
from hub.services import open_services
from hub.settings import Settings

SCOPES = frozenset({"catalogue:read", "legal_person:read", "feed:subscribe"})
PATIENCE = 40


class Served:
    """One `hub serve` with one registered client."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        store = f"sqlite:///{folder}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.secret = asyncio.run(self._register(Settings(catalogue=store, records=store, port=self.port)))
        environment = {
            **os.environ,
            "HUB_CATALOGUE": store,
            "HUB_RECORDS": store,
            "HUB_PORT": str(self.port),
            "HUB_PULLER": "false",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hub", "serve"], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()

    async def _register(self, settings):
        async with open_services(settings) as services:
            secret, digest = services.new_secret()
            new = Registration("tester", "试用", "11350000003600335A", SCOPES, (Purpose("check", "核查"),))
            await services.registrar(by="test").register(new, digest, await services.stores.catalogue.snapshot())
            return secret

    def _wait(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/ready").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError("hub serve did not become ready")

    def token(self):
        basic = base64.b64encode(f"tester:{self.secret}".encode()).decode()
        form = {"grant_type": "client_credentials"}
        answer = httpx.post(f"{self.url}/oauth/token", data=form, headers={"Authorization": f"Basic {basic}"})
        return answer.json()["access_token"]

    def post(self, **request):
        headers = {"Authorization": f"Bearer {self.token()}", **request.pop("headers", {})}
        return httpx.post(f"{self.url}/graphql", headers=headers, **request)

    def raw(self, data, seconds=15.0):
        """Bytes in, bytes out, until the server closes or nothing comes for a while."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as wire:
            wire.sendall(data)
            wire.shutdown(socket.SHUT_WR)
            answer = b""
            while part := wire.recv(65536):
                answer += part
            return answer


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    running = Served(tmp_path_factory.mktemp("served"))
    yield running
    running.process.terminate()
    running.process.wait(20)
