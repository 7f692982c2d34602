"""Encoded answers (SOAP 1.1 section 5) whose elements refer to others by `href`: each gets what it refers to. Pure.

References may lead in a circle or multiply like entities; both are refused by what would be copied.
"""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from connectors.source import SourceBroken
from connectors.xml_rows import children

#: Elements that references of one answer may bring, and how deep they may lead.
MOST_COPIED = 100_000
_DEEPEST = 256


def dereference(system: str, body: etree._Element) -> None:
    """Put in place of every reference the content of what it names, which stands beside the answer's element."""
    named = {f"#{child.get('id')}": child for child in children(body) if child.get("id")}
    waiting = [(child, 1) for child in list(children(body))[:1]] if named else []
    copied = 0
    while waiting:
        element, depth = waiting.pop()
        target = named.get(element.get("href", ""))
        if target is not None:
            del element.attrib["href"]
            copied += sum(1 for _ in target.iter())
            if copied > MOST_COPIED:
                raise SourceBroken(system, "the answer's references (href) multiply without end")
            element.text = target.text
            element.extend(deepcopy(list(target)))
        if depth > _DEEPEST:
            raise SourceBroken(system, "the answer's references (href) lead in a circle")
        waiting += [(child, depth + 1) for child in children(element)]
