"""`python -m tests.bench.schema_build [resources]`: seconds and memory to build the schema of so many resources."""

from __future__ import annotations

import resource as limits
import sys
import time
from dataclasses import replace

from catalogue.model import Catalogue, SubjectColumn
from catalogue.snapshot import Snapshot
from hub.schema.build import build
from tests.hub.engine.catalogue import COMPANIES, LICENCES, item


def main(count: int) -> None:
    """Resources of 25 items, each with a subject column: the derived links form a star round `company`."""
    items = tuple(item(f"item_{n}", indexed=n < 3) for n in range(24))
    made = {COMPANIES.name: replace(COMPANIES, links=())}
    for number in range(count):
        name = f"resource_{number}"
        made[name] = replace(
            LICENCES, name=name, plural=f"{name}s", items=(LICENCES.item("licence_id"), item("uscc"), *items), moments=(),
            visibility=(), subjects=(SubjectColumn("uscc", kind="legal_person"),),
        )  # fmt: skip
    started = time.perf_counter()
    built = build(Snapshot(1, Catalogue(resources=made)))
    seconds = time.perf_counter() - started
    memory = limits.getrusage(limits.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{count} resources: {seconds:.1f} s, {len(built.core.type_map)} types, peak {memory} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
