"""The catalogue as a picture: resources and the links that their descriptors declare, as Mermaid text. Pure.

`hub catalogue graph` prints it and the README shows it. Links derived from subjects are left out: each of them joins a
resource with its subject's base, and would only thicken a line or repeat one.
"""

from __future__ import annotations

from collections.abc import Iterator

from catalogue.model import Link, Mode, Resource
from catalogue.snapshot import Snapshot


def mermaid(snapshot: Snapshot) -> str:
    """A flowchart: a box a resource (round where it is asked live), an arrow a pair of resources, with its links."""
    return "\n".join(("flowchart LR", *_boxes(snapshot), *_arrows(snapshot)))


def _boxes(snapshot: Snapshot) -> Iterator[str]:
    for resource in sorted(snapshot.resources.values(), key=lambda r: r.name):
        yield f"    {_box(resource)}"


def _box(resource: Resource) -> str:
    text = f'"{resource.title}<br>{resource.name}"'
    return f"{resource.name}({text})" if resource.mode is Mode.LIVE else f"{resource.name}[{text}]"


def _arrows(snapshot: Snapshot) -> Iterator[str]:
    pairs: dict[tuple[str, str], list[Link]] = {}
    for name in sorted(snapshot.resources):
        for link in snapshot.resource(name).links:
            pairs.setdefault((link.source, link.target), []).append(link)
    for (source, target), links in pairs.items():
        yield f"    {source} -- {'<br>'.join(link.name for link in links)} --> {target}"
