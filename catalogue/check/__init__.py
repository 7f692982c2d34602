"""Whether entries fit each other: links lead somewhere, joins compare like with like, no two names become one.

What a single value may be is `catalogue.descriptor`'s; here every entry is seen among all others. `RULES` names each
rule. Nothing is repaired and nothing stops at the first fault. Advice, which stops nobody, is `catalogue.lint`'s.
"""

from __future__ import annotations

from collections.abc import Mapping

from catalogue.check import feeding, joining, naming, shape
from catalogue.check.scene import NOWHERE, Scene
from catalogue.descriptor import DescriptorError, Fault, Loaded
from catalogue.model import NOTHING, Catalogue

RULES: Mapping[str, str] = {**shape.RULES, **joining.RULES, **naming.RULES, **feeding.RULES}


def check(catalogue: Catalogue, origins: Mapping[tuple[str, str], str] = NOWHERE) -> tuple[Fault, ...]:
    """Every fault of a whole catalogue. `origins` names the file of each (kind, name), as `Loaded.origins` does."""
    scene = Scene(catalogue, origins)
    for look in (shape.look, joining.look, naming.look, feeding.look):
        look(scene)
    return tuple(dict.fromkeys(scene.found))


def accept(loaded: Loaded, known: Catalogue = NOTHING) -> Catalogue:
    """What was loaded, if it can stand among what is known; else DescriptorError with all faults of both kinds.

    A fault that only follows from another one (a join with an item whose type could not be read) is left out.
    """
    found = check(known.with_(loaded.catalogue), loaded.origins)
    faults = (*loaded.faults, *(fault for fault in found if not fault.about & loaded.doubtful))
    if faults:
        raise DescriptorError(tuple(dict.fromkeys(faults)))
    return loaded.catalogue
