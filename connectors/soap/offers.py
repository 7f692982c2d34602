"""What discovery offers of a service: every operation whose answer is declared, with the columns of its rows. Pure.

The rows are looked for where an element of the answer may repeat. Types come from the WSDL, samples from rows where
some were read. Nothing here is used by a pull.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zeep.wsdl import Document
from zeep.xsd import Element

from connectors.guess import guess_column, guess_key
from connectors.soap.elements import below, leaves
from connectors.soap.service import port_of
from connectors.soap.settings import WHOLE, Path, Settings
from connectors.source import Offer, OfferedColumn

_DEEPEST = 6


def offers_of(settings: Settings, document: Document) -> tuple[Offer, ...]:
    """An offer for every operation of the port, by name."""
    operations: Mapping[str, Any] = port_of(settings, document).binding.all()
    answers = {name: getattr(each.output, "body", None) for name, each in sorted(operations.items())}
    return tuple(_declared(name, answer) for name, answer in answers.items() if answer is not None)


def _declared(operation: str, answer: Element) -> Offer:
    path, row = _rows(answer)
    columns = tuple(OfferedColumn(name, letter) for name, letter in leaves(row).types.items())
    return Offer(operation, columns, (), _options(operation, path))


def offer_with(settings: Settings, types: Mapping[str, str], rows: Sequence[Mapping[str, object]]) -> Offer:
    """The offer of a binding's operation, with what its rows say besides the WSDL. Declared texts are guessed at."""
    values = {name: [row.get(name) for row in rows] for name in types}
    guessed = {name: guess_column(name, given) for name, given in values.items()}
    columns = tuple(_more(guessed[name], letter) for name, letter in types.items())
    key = guess_key(values, columns)
    return Offer(settings.operation, columns, key, _options(settings.operation, settings.rows or ()))


def _more(guessed: OfferedColumn, letter: str) -> OfferedColumn:
    kind = guessed.type if letter == "C" else letter
    return OfferedColumn(guessed.name, kind, guessed.length, guessed.nullable, guessed.samples)


def _options(operation: str, path: Path) -> dict[str, str]:
    return {"operation": operation, "rows": "/".join(path) or WHOLE}


def _rows(answer: Element) -> tuple[Path, Element]:
    """The first element that may repeat, the nearest to the top; the answer itself where none does."""
    level: list[tuple[Path, Element]] = [((), answer)]
    for _ in range(_DEEPEST):
        level = [((*path, child.name), child) for path, element in level for child in below(element)]
        for path, element in level:
            if element.accepts_multiple and (below(element) or not below(answer)):
                return path, element
    return (), answer
