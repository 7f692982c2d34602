"""What discovery offers of a list without a description of it: the columns of its first page, guessed.

A guess is a proposal that a person reviews. Nothing here is used by a pull but the names.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.guess import guess_column, guess_key
from connectors.rest.settings import Settings
from connectors.source import Offer, SourceMisconfigured, SourceRow


def names_of(settings: Settings, rows: Sequence[SourceRow]) -> tuple[str, ...]:
    """The columns that the binding reads, as far as rows have them, in the rows' order; all where it reads none.

    Services add members as they like: what no binding reads is no part of the shape. An empty list has every column.
    """
    seen = dict.fromkeys(name for row in rows for name, value in row.values.items() if _stands(name, value))
    if not settings.columns:
        return tuple(seen)
    given = [name for name in seen if name in settings.columns]
    absent = [name for name in settings.columns if name not in seen and (not rows or name in settings.optional)]
    return (*given, *absent)


def _stands(name: str, value: object) -> bool:
    """Whether a row has the column: a pointer into it has to lead to something."""
    return not name.startswith("/") or value is not None


def require_columns(settings: Settings, names: Sequence[str], rows: Sequence[SourceRow]) -> None:
    """SourceMisconfigured where a column that the binding reads is in no row."""
    missing = [name for name in settings.columns if name not in names]
    if missing:
        there = ", ".join(dict.fromkeys(name for row in rows for name in row.values if name not in missing))
        raise SourceMisconfigured(settings.system, f"no column {', '.join(missing)}; there are {there}")


def offer_of(settings: Settings, rows: Sequence[SourceRow]) -> Offer:
    """The list of the binding, or of the system's own path."""
    names = list(dict.fromkeys(name for row in rows for name in row.values if not name.startswith("/")))
    columns = {name: [row.values.get(name) for row in rows] for name in names}
    guessed = tuple(guess_column(name, values) for name, values in columns.items())
    name = settings.name.strip("/") or settings.system
    return Offer(name, guessed, guess_key(columns, guessed), {"path": settings.name, "rows": settings.rows})
