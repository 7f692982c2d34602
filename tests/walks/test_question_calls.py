"""What the five questions cost: calls of stores and of departments' systems, counted over the running demo's own stores."""

import asyncio
import json
import random
import time
import tomllib
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auth.bearer import Principal
from auth.purpose import DeclaredPurpose
from connectors.resilience import Time
from hub.engine.engine import Engine
from hub.engine.operation import Operation
from hub.services import open_bound, open_services
from hub.settings import load
from hub.sources import Sources

QUESTIONS = Path(__file__).parent.parent.parent / "docs/questions"
ASKED = {one["document"]: one for one in tomllib.loads((QUESTIONS / "questions.toml").read_text())["question"]}
PORTS = ("reader", "log", "ledger", "access_store", "audit")


class Counted:
    """A store or a department's source, with a note of every call of its methods."""

    def __init__(self, name, real, calls):
        self._name, self._real, self._calls = name, real, calls

    def __getattr__(self, name):
        found = getattr(self._real, name)
        if not callable(found):
            return found

        def noted(*given, **named):
            self._calls.append(f"{self._name}.{name}")
            return found(*given, **named)

        return noted


class Desk:
    """An engine over the demo's stores and departments that notes what it asks of them."""

    def __init__(self, services, engine, calls):
        self._services, self._engine, self._calls = services, engine, calls

    async def answer(self, document, text, variables):
        one = ASKED[document]
        client = self._services.publication.current.access.clients[one["client"]]
        principal = Principal(client.id, client.department, client.scopes, "t", datetime(2099, 1, 1, tzinfo=UTC))
        operation = Operation(text, None, variables, principal, DeclaredPurpose(one["purpose"]), "r")
        self._calls.clear()
        return await self._engine.answer(operation)

    def asked(self):
        """What was asked of stores and departments since the last question began."""
        return sorted(self._calls)

    async def calls(self, document, text, variables):
        """The calls of a question that is answered as a whole."""
        answer = await self.answer(document, text, variables)
        assert (bool(answer.data), answer.errors) == (True, []), answer.errors
        return self.asked()


@pytest.fixture
async def desk(demo):
    async with counting(load(None, demo.environment)) as made:
        yield made


@asynccontextmanager
async def counting(settings):
    calls = []
    patience = Time(time.monotonic, asyncio.sleep, random.random)
    sources = Sources(lambda system, binding: Counted(system.name, open_bound(system, binding), calls), patience)
    async with open_services(settings) as services:
        parts = services.engine._workshop.parts
        ports = {name: Counted(name, getattr(parts, name), calls) for name in PORTS}
        try:
            yield Desk(services, Engine(replace(parts, sources=sources, **ports)), calls)
        finally:
            await sources.close()


def document(name):
    text = (QUESTIONS / f"{name}.graphql").read_text(encoding="utf-8")
    return text, json.loads((QUESTIONS / f"{name}.json").read_text(encoding="utf-8"))


async def test_thirty_bidders_cost_the_calls_of_three_and_public_security_one(desk):
    text, variables = document("2-qualify-bidders")
    thirty = await desk.calls("2-qualify-bidders", text, variables)
    assert thirty == [
        "audit.append", "population_register.fetch", "reader.counts", "reader.counts", "reader.follow",
        "reader.follow", "reader.lookup",
    ]  # fmt: skip
    three = variables | {"bidders": variables["bidders"][:3]}
    assert await desk.calls("2-qualify-bidders", text, three) == thirty


@pytest.mark.parametrize("name", ["4-expiring-licences", "5-serious-records"])
async def test_a_longer_page_costs_no_more_calls(desk, name):
    text, variables = document(name)
    assert "first: 100" in text
    few = await desk.calls(name, text.replace("first: 100", "first: 1"), variables)
    assert await desk.calls(name, text, variables) == few


@pytest.mark.parametrize(
    ("name", "more", "fewer"),
    [
        ("1-open-a-business", "350102197805162032", "350104197711022445"),  # represents three companies, and one
        ("3-check-a-household", "350104197711022445", "350203196908082817"),  # lives with two others, and with one
    ],
    ids=["companies", "household"],
)
async def test_what_a_person_has_more_of_costs_no_more_calls(desk, name, more, fewer):
    text, variables = document(name)
    found = await desk.calls(name, text, variables | {"idNumber": more})
    assert await desk.calls(name, text, variables | {"idNumber": fewer}) == found


@pytest.mark.parametrize("argument", ['where: { legalRepId: { prefix: "350104" } }', "orderBy: [{ legalRepId: ASC }]"])
async def test_what_is_hidden_is_refused_before_any_store_or_department_is_asked(desk, argument):
    answer = await desk.answer("3-check-a-household", f"{{ legalPersons({argument}) {{ totalCount }} }}", {})
    assert [error["extensions"]["code"] for error in answer.errors] == ["NOT_GRANTED"]
    assert desk.asked() == ["audit.append"]
