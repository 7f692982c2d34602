"""By which items the records of a resource are joined: what a store should be able to look up quickly.

Asked for by whoever makes room for a resource (`RecordWriter.prepare`), before a pull and when the catalogue changes.
"""

from __future__ import annotations

from catalogue.snapshot import Snapshot


def joined(snapshot: Snapshot, resource: str) -> frozenset[tuple[str, ...]]:
    """The tuples of the resource's own items on which some link of the catalogue, either way, arrives."""
    return frozenset(
        tuple(arriving for _, arriving in end.on)
        for ends in snapshot.ends.values()
        for end in ends.values()
        if end.target == resource
    )
