"""`python -m tests.bench.live_fetch`: what the hub adds to a live call, with a source that answers at once.

30 persons asked by number in one call, as one level of a question does, through `Live.fetch`: guard, mapping and row
rule included; the same again with the source alone. Prints figures; asserts nothing about time.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime

from catalogue.rules import TRUE
from connectors.hostile import HostileSource
from connectors.resilience import Time
from hub.engine.live import Live, Readings
from hub.records.handles import Handles
from hub.sources import Sources
from tests.hub.engine.catalogue import snapshot

COLUMNS = ("sfzh", "zjlx", "xm", "hh", "csrq")
PEOPLE = [
    {"sfzh": f"1101051949123{n:04d}X", "zjlx": "111", "xm": "张三丰", "hh": "H1", "csrq": "1949-12-31"}
    for n in range(30)
]
TIMES = 2000


async def main() -> None:
    """Ask, print."""
    source = HostileSource("police", COLUMNS, PEOPLE)
    sources = Sources(lambda _system, _binding: source, Time(time.monotonic, asyncio.sleep, lambda: 0.0))
    live = Live(snapshot(), Handles(b"h" * 32), Readings(), sources, datetime.now(UTC))
    for many in (1, 30):
        values = [(person["sfzh"],) for person in PEOPLE[:many]]
        bare = await _median(lambda values=values: source.fetch(("sfzh",), values))
        asked = await _median(
            lambda values=values: live.fetch(live.snapshot.resource("person"), ("id_number",), values, TRUE)
        )
        print(
            f"{many:>3} values: source alone {bare:.0f} µs, through the hub {asked:.0f} µs, added {asked - bare:.0f} µs"
        )
    await sources.close()


async def _median(ask) -> float:
    """Microseconds."""
    taken = []
    for _ in range(TIMES):
        started = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - started) * 1e6)
    return statistics.median(taken)


if __name__ == "__main__":
    asyncio.run(main())
