"""One address, many processes: whichever of them it comes to, one download is all that it gives."""

import asyncio
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.hub.files.house import opened

PATIENCE = 60
CONTENT = b"%PDF-1.7 " + b"x" * 2_000_000


@pytest.fixture
def serve():
    """Starts `hub serve` on a store: a process of its own, as each of a hub's workers is."""
    started = []

    def start(house):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = house.settings
        environment = {
            **os.environ, "HUB_CATALOGUE": settings.catalogue, "HUB_RECORDS": settings.records, "HUB_PORT": str(port),
            "HUB_PULLER": "false",
        }  # fmt: skip
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started.append(subprocess.Popen([sys.executable, "-m", "hub", "serve"], env=environment, **quiet))
        return f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(20)


async def ready(client, url):
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if (await client.get(f"{url}/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def test_two_processes_that_race_for_one_address_send_the_file_once(tmp_path, serve):
    async with opened(tmp_path) as house, httpx.AsyncClient(timeout=PATIENCE) as client:
        house.now = datetime.now(UTC)
        await house.grant(until=house.now + timedelta(days=1))
        await house.licence("L1", house.put(CONTENT))
        other = serve(house)
        await ready(client, other)
        house.now = datetime.now(UTC)
        for _ in range(3):
            path = (await house.url()).removeprefix(house.settings.origin)
            asked = (client.get(other + path) if n % 2 else house.http.get(path) for n in range(6))
            answers = await asyncio.gather(*asked)
            assert sorted(answer.status_code for answer in answers) == [200] + [410] * 5
            assert [a.content for a in answers if a.status_code == 200] == [CONTENT]
        assert len(await house.entries("file")) == 3
