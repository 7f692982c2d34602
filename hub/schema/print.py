"""Prints `schema.graphql`: the schema of the shipped catalogue. `python -m hub.schema.print > schema.graphql`.

A test compares the file with what is printed; a running hub serves the schema of its own catalogue instead.
"""

from __future__ import annotations

import sys

from catalogue.base import shipped
from catalogue.snapshot import Snapshot
from hub.schema.build import build


def shipped_sdl() -> str:
    """The schema of the shipped catalogue in GraphQL's own language."""
    return build(Snapshot(1, shipped())).sdl


if __name__ == "__main__":
    sys.stdout.write(shipped_sdl())
