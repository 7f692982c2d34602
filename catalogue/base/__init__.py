"""The shipped catalogue: base stores, cases, standard resources and their code lists, as descriptors beside this file.

None of them is special in code. A hub's own descriptors may replace any of them by name.
"""

from __future__ import annotations

from importlib.resources import files

from catalogue.descriptor import Text, read
from catalogue.model import NOTHING, Catalogue


def shipped() -> Catalogue:
    """Every shipped entry. They refer to each other, so they are read as one set."""
    found = sorted((each for each in files(__name__).iterdir() if each.name.endswith(".toml")), key=lambda f: f.name)
    return read([Text(each.name, each.read_text(encoding="utf-8")) for each in found], NOTHING).sound()
