"""`python -m tests.bench.point_query`: p50 of MEASURES' point and list question through `Engine.answer`, on SQLite.

11,225 companies and 50,000 licences of random owners; two links (first 5 each); token excluded, decision, limits, quota
and durable audit included. Prints figures; asserts nothing about time.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path

from tests.hub.engine.catalogue import COMPANIES, LICENCES
from tests.hub.engine.world import company, licence, opened

POINT = """query ($code: String!) { company(uscc: $code) { uscc name
  licences(first: 5) { nodes { licenceId validTo } }
  dated: licences(first: 5, where: {validTo: {isNull: false}}) { nodes { licenceId validTo } } } }"""
LIST = """{ companies(first: 50, where: {division: {eq: "350104"}}) { nodes { uscc name
  licences(first: 5) { nodes { licenceId validTo } }
  dated: licences(first: 5, where: {validTo: {isNull: false}}) { nodes { licenceId validTo } } } } }"""


async def main() -> None:
    """Fill, ask, print."""
    chance = random.Random(1)  # data, no secret
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder), filled=False) as world:
            companies = [company(n) for n in range(11_225)]
            for start in range(0, len(companies), 500):
                await world.put(COMPANIES, "market:company", companies[start : start + 500])
            for start in range(0, 50_000, 500):
                rows = [licence(f"L{n}", chance.choice(companies)["uscc"]) for n in range(start, start + 500)]
                await world.put(LICENCES, "licensing:licence", rows)
            await world.records.prepare(COMPANIES, [("rep_id",)])
            await world.records.prepare(LICENCES, [("holder_code",)])
            codes = [c["uscc"] for c in chance.sample(companies, 300)]
            await _print("point", [world.operation(POINT, {"code": code}) for code in codes], world)
            await _print("list", [world.operation(LIST)] * 30, world)
            await _print("together", [world.operation(POINT, {"code": code}) for code in codes], world, at_once=8)


async def _print(name, operations, world, at_once=1):
    for operation in operations[:5]:
        assert not (await world.engine.answer(operation)).errors
    times = []

    async def one(operation):
        started = time.perf_counter()
        await world.engine.answer(operation)
        times.append((time.perf_counter() - started) * 1000)

    whole, busy = time.perf_counter(), time.process_time()
    for start in range(0, len(operations), at_once):
        await asyncio.gather(*map(one, operations[start : start + at_once]))
    rate = len(operations) / (time.perf_counter() - whole)
    cpu = (time.process_time() - busy) / len(operations) * 1000
    p99 = sorted(times)[int(len(times) * 0.99)]
    print(
        f"{name}: p50 {statistics.median(times):.2f} ms, p99 {p99:.2f} ms, {cpu:.2f} ms of processor each, {rate:.0f}/s"
    )


if __name__ == "__main__":
    asyncio.run(main())
