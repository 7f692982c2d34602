"""Descriptors: the TOML files in which the catalogue is written ⇄ the values of `catalogue.model`.

A file holds any number of `[[department]]`, `[[system]]`, `[[code_list]]`, `[[resource]]` and `[[binding]]`. Everything
wrong in it is reported at once, each fault with file, place and rule. Whether entries fit each other (a link to
nothing, two names that become one) is the question of `catalogue.check`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from catalogue.descriptor.reading import RULES, Loaded, Text, read
from catalogue.descriptor.writing import Entry, dump
from catalogue.faults import DescriptorError, Fault
from catalogue.model import NOTHING, Catalogue

__all__ = [
    "RULES",
    "DescriptorError",
    "Entry",
    "Fault",
    "Loaded",
    "Text",
    "dump",
    "load",
    "load_files",
    "read",
    "read_files",
]


def load(text: str, origin: str, known: Catalogue = NOTHING) -> Catalogue:
    """The entries of one text; DescriptorError with every fault. `known` holds resources that its links point to."""
    return read([Text(origin, text)], known).sound()


def load_files(paths: Iterable[Path], known: Catalogue = NOTHING) -> Catalogue:
    """The entries of several files that may refer to each other; DescriptorError with every fault of all of them."""
    return read_files(paths, known).sound()


def read_files(paths: Iterable[Path], known: Catalogue = NOTHING) -> Loaded:
    """As `load_files`, with the faults as part of the result, for `catalogue.check.accept` to add its own."""
    texts, unreadable = [], []
    for path in paths:
        try:
            texts.append(Text(path.name, path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            unreadable.append(Fault(path.name, "", "unreadable", str(error)))
    loaded = read(texts, known)
    return Loaded(loaded.catalogue, loaded.origins, (*unreadable, *loaded.faults))
