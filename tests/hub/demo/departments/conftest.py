"""A demo department as a process of its own, and a hub that reads it through the binding beside its module."""

import json
import subprocess
import sys
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from string import Template

import httpx
import pytest

from auth.bearer import Principal
from auth.grant_file import grants_from_toml
from auth.ports import Purpose
from auth.purpose import DeclaredPurpose
from catalogue.descriptor import load
from hub.commands.pull import pull_each
from hub.engine.operation import Operation
from hub.granting import Registration
from hub.pull.model import PullOptions, Worker
from hub.pull.protocol import CLOCK, Desk, write
from hub.pull.schedule import pullable
from hub.services import open_services, utc_now
from hub.settings import Settings

TODAY = "2026-11-22"
CLIENT, OFFICE = "clerk", "11350000003601039W"


class Department:
    """A started department: where it is, where it keeps its data, and a connection to it."""

    def __init__(self, name, folder, *, every="0", scale="0.02"):
        command = [
            sys.executable, "-m", f"hub.demo.departments.{name}", "--folder", str(folder), "--scale", scale,
            "--today", TODAY, "--every", every,
        ]  # fmt: skip
        self.module, self.folder = name, Path(folder)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = json.loads(self.process.stdout.readline())
        self.url = self.said["url"]
        self.http = httpx.Client(trust_env=False)

    def secret(self, name):
        path = self.folder / name
        assert path.stat().st_mode & 0o777 == 0o600
        return path.read_text()

    def stop(self):
        """End it as its parent's end would; may be called twice."""
        self.http.close()
        if not self.process.stdin.closed:
            self.process.stdin.close()
        assert self.process.wait(10) == 0
        self.process.stdout.close()


@pytest.fixture(scope="module")
def standing(request, tmp_path_factory):
    """The department that the tests' file names as MODULE, for those that change nothing of it."""
    department = Department(request.module.MODULE, tmp_path_factory.mktemp("department"))
    yield department
    department.stop()


@pytest.fixture
def start(tmp_path):
    """`start(name, every="0", scale="0.02")`: a department in a folder of its own, the same one at every start."""
    with ExitStack() as stack:

        def started(name, **manner):
            department = Department(name, tmp_path / name, **manner)
            stack.callback(department.stop)
            return department

        yield started


class Hub:
    """A hub with one department published."""

    def __init__(self, services):
        self.services = services

    async def pull(self):
        """Pull every binding of the department; the reports by resource."""
        published = await self.services.publication.fresh()
        tallies = await pull_each(self.services, pullable(published.snapshot), PullOptions())
        return {tally.resource: tally for tally in tallies}

    async def pass_time(self, resource):
        """What the puller does where only time has passed; how many moments were reached."""
        worker = Worker(self.services.pull_stores(), self.services.clock, "test")
        snapshot = (await self.services.publication.fresh()).snapshot
        return (await write(Desk(worker, snapshot.resource(resource), "test/clock"), CLOCK)).moments

    async def quarantined(self):
        return await self.services.stores.ledger.quarantined(None, None, 10_000)

    async def allow(self, grants, *scopes):
        """Register the clerk with those scopes, and put the grants in force."""
        snapshot = await self.services.stores.catalogue.snapshot()
        registrar = self.services.registrar("test")
        _, digest = self.services.new_secret()
        new = Registration(CLIENT, "经办", OFFICE, frozenset(scopes), (Purpose("handling", "办件受理"),))
        await registrar.register(new, digest, snapshot)
        if grants:
            await registrar.put_in_force(grants_from_toml(grants, "grants", snapshot))
        await self.services.publication.confirm()
        self.principal = Principal(CLIENT, OFFICE, frozenset(scopes), "t", datetime(2099, 1, 1, tzinfo=UTC))

    def operation(self, text, variables=None):
        return Operation(text, None, variables or {}, self.principal, DeclaredPurpose("handling"), "r")

    async def ask(self, text, variables=None):
        return await self.services.engine.answer(self.operation(text, variables))

    async def follow(self, text, variables):
        """What a subscriber gets, an event an answer."""
        return self.services.follow(await self.services.engine.subscribe(self.operation(text, variables)))


@pytest.fixture
def hub(tmp_path):
    """`async with hub(department, clock) as it:` a hub on a new store that knows the department."""

    @asynccontextmanager
    async def opened(department, clock=utc_now):
        store = f"sqlite:///{tmp_path / 'store'}"
        text = files("hub.demo.departments").joinpath(f"{department.module}.toml").read_text(encoding="utf-8")
        place = department.url.removeprefix("file://")
        descriptor = Template(text).substitute(place=place, folder=department.folder)
        async with open_services(Settings(catalogue=store, records=store), clock) as services:
            snapshot = await services.stores.catalogue.snapshot()
            await services.publish(load(descriptor, department.module, snapshot.catalogue), by="test")
            await services.publication.confirm()
            yield Hub(services)

    return opened
