"""What full-text search means, whatever store answers: the forms of a text in an index, and a judgement in memory.

Text items hold the sought terms side by side; codes match whole or by prefix, their terms written without a space. A
search finds a record where one of its items does; text without a term finds nothing. Both walks use it: records are
indexed in these forms, questions are put in them. Nothing here ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from catalogue.fold import fold
from catalogue.model import Item, Resource, SearchKind
from catalogue.rules import Value
from hub.records.model import Search


def code_term(text: str) -> str:
    """The one term of a code: its folding without a space, so that a prefix of the code is a prefix of the term."""
    return fold(text).replace(" ", "")


FORMS: Mapping[SearchKind, Callable[[str], str]] = {SearchKind.TEXT: fold, SearchKind.CODE: code_term}


def found(resource: Resource, search: Search, row: Mapping[str, Value]) -> bool:
    """Whether the search finds the row: what every store's answer is held to."""
    return any(_in_item(resource.item(name), search.text, row.get(name)) for name in search.items)


def _in_item(item: Item, sought: str, value: Value) -> bool:
    if item.search is None or not isinstance(value, str):
        return False
    needle, text = FORMS[item.search](sought), FORMS[item.search](value)
    if item.search is SearchKind.CODE:
        return needle != "" and text.startswith(needle)
    return needle != "" and f" {needle} " in f" {text} "
