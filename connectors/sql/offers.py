"""What discovery offers of a database: every table and view with its columns, types as the guide's letters, and key.

A few rows of each are read for samples. Nothing here is used by a pull.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Inspector, column, inspect, table, types

from connectors.source import Offer, OfferedColumn
from connectors.sql.database import Database
from connectors.sql.settings import Settings

_SAMPLES = 3
_SAMPLE_LENGTH = 40
#: The first that a column's type is an instance of.
_LETTERS: tuple[tuple[type[types.TypeEngine[Any]], str], ...] = (
    (types.Boolean, "L"),
    (types.DateTime, "T"),
    (types.Date, "D"),
    (types.Integer, "I"),
    (types.Double, "B"),
    (types.Float, "F"),
    (types.Numeric, "N"),
    (types.LargeBinary, "G"),
)


def offers_of(database: Database, settings: Settings) -> tuple[Offer, ...]:
    """An offer for every table and view of the schema, by name."""
    with database.connected(settings.timeout) as connection:
        inspector = inspect(connection)
        tables, views = inspector.get_table_names(settings.schema), inspector.get_view_names(settings.schema)
        return tuple(_offer(connection, inspector, settings.schema, name) for name in sorted({*tables, *views}))


def _offer(connection: Connection, inspector: Inspector, schema: str | None, name: str) -> Offer:
    described = inspector.get_columns(name, schema)
    key = tuple(inspector.get_pk_constraint(name, schema)["constrained_columns"])
    names = [c["name"] for c in described]
    rows = connection.execute(table(name, *map(column, names), schema=schema).select().limit(_SAMPLES)).fetchall()
    columns = tuple(_column(c, [row[i] for row in rows]) for i, c in enumerate(described))
    options = {"table": name, **({"schema": schema} if schema else {}), **({"key": ",".join(key)} if key else {})}
    return Offer(name, columns, key, options)


def _column(described: Any, values: list[Any]) -> OfferedColumn:
    samples = dict.fromkeys(str(value)[:_SAMPLE_LENGTH] for value in values if value is not None)
    kind = described["type"]
    length = getattr(kind, "length", None) or getattr(kind, "precision", None)
    return OfferedColumn(described["name"], letter_of(kind), length, described["nullable"], tuple(samples))


def letter_of(kind: types.TypeEngine[Any]) -> str:
    """The guide's data type of a database's. Text without a length is M, and what has no letter is C."""
    if kind.__visit_name__ == "MONEY":
        return "Y"
    if isinstance(kind, types.String):
        return "C" if kind.length else "M"
    return next((letter for known, letter in _LETTERS if isinstance(kind, known)), "C")
