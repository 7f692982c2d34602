"""What one binding reads of a database: its columns, the key by which it pages, and the statements for that. Blocking.

Names are quoted by SQLAlchemy, values are always bound. A query is a person's text from the catalogue and becomes a
subquery; its values could not write, since the connection only reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    and_,
    bindparam,
    column,
    func,
    inspect,
    or_,
    select,
    table,
    text,
    tuple_,
)
from sqlalchemy.sql import FromClause
from sqlalchemy.types import NullType

from connectors.source import SourceMisconfigured
from connectors.sql.database import Database
from connectors.sql.settings import Settings

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A table, view or query as it is now. `names` are all its columns, `read` those that a pull reads,
    `nullable` those of the key that may be absent.
    """

    source: FromClause
    names: tuple[str, ...]
    read: tuple[str, ...]
    key: tuple[str, ...]
    nullable: tuple[str, ...]
    changed: str | None

    def select(self) -> Select[Any]:
        """The columns that a pull reads, of every row."""
        return select(*self._columns(self.read))

    def after_key(self, key: Values | None) -> Select[Any]:
        """Rows that have a key, behind the given one, in its order."""
        columns = self._columns(self.key)
        found = self.select().where(*self._with_key()).order_by(*columns)
        return found if key is None else found.where(_behind(columns, key))

    def without_key(self) -> Select[Any] | None:
        """Rows that lack a part of the key; None where there can be none."""
        if not self.nullable:
            return None
        return self.select().where(or_(*[c.is_(None) for c in self._columns(self.nullable)]))

    def after_change(self, upto: Any, after: Values | None) -> Select[Any]:
        """Rows with a key in the order of their change, behind (changed, *key), or from (changed,) on, up to `upto`."""
        assert after is not None
        changed, columns = self._changed(), self._columns(self.key)
        found = self.select().where(changed <= upto, *self._with_key()).order_by(changed, *columns)
        since, *key = after
        if not key:
            return found.where(changed >= since)
        return found.where(or_(changed > since, and_(changed == since, _behind(columns, tuple(key)))))

    def last_change(self) -> Select[Any]:
        """The largest value of the changed column."""
        return select(func.max(self._changed()))

    def equal(self, by: Sequence[str], values: Sequence[Sequence[str]]) -> Select[Any]:
        """Rows whose columns equal one of the tuples. The texts are bound untyped: the database reads them as the
        column's type.
        """
        columns = self._columns(by)
        tuples = [[bindparam(None, v, type_=NullType(), unique=True) for v in value] for value in values]
        if len(columns) == 1:
            return self.select().where(columns[0].in_([value[0] for value in tuples]))
        return self.select().where(or_(*[and_(*map(ColumnElement.__eq__, columns, value)) for value in tuples]))

    def require(self, system: str, columns: Sequence[str]) -> None:
        """SourceMisconfigured where one of the columns is not there."""
        missing = [name for name in columns if name not in self.names]
        if missing:
            raise SourceMisconfigured(system, f"no column {', '.join(missing)}; there are {', '.join(self.names)}")

    def _columns(self, names: Sequence[str]) -> list[ColumnElement[Any]]:
        return [self.source.c[name] for name in names]

    def _changed(self) -> ColumnElement[Any]:
        assert self.changed is not None
        return self.source.c[self.changed]

    def _with_key(self) -> list[ColumnElement[bool]]:
        return [c.is_not(None) for c in self._columns(self.nullable)]


def _behind(columns: Sequence[ColumnElement[Any]], key: Values) -> ColumnElement[bool]:
    return columns[0] > key[0] if len(columns) == 1 else tuple_(*columns) > tuple_(*key)


def known_target(settings: Settings, columns: Sequence[str]) -> Target:
    """The target as the binding names it, without asking the database: for questions that must be quick."""
    read = tuple(dict.fromkeys((*settings.columns, *columns)))
    if settings.query:
        return Target(_subquery(settings, read), read, read, (), (), None)
    source = table(settings.table, *[column(name) for name in read], schema=settings.schema)
    return Target(source, read, read, (), (), None)


def find_target(database: Database, settings: Settings) -> Target:
    """The target as the database has it now; SourceMisconfigured where table or columns are not there."""
    found = _query(database, settings) if settings.query else _table(database, settings)
    changed = (found.changed,) if found.changed else ()
    found.require(settings.system, (*settings.columns, *found.key, *changed))
    return found


def _query(database: Database, settings: Settings) -> Target:
    names = database.names(_text(settings), settings.timeout)
    return _target(settings, _subquery(settings, names), names, settings.key, settings.key)


def _text(settings: Settings) -> TextClause:
    return text(settings.query.replace(":", "\\:"))  # a colon in it is SQL's, not a parameter's


def _subquery(settings: Settings, names: Sequence[str]) -> FromClause:
    return _text(settings).columns(*[column(name) for name in names]).subquery("source")


def _table(database: Database, settings: Settings) -> Target:
    with database.connected(settings.timeout) as connection:
        inspector = inspect(connection)
        columns = inspector.get_columns(settings.table, settings.schema)
        primary = inspector.get_pk_constraint(settings.table, settings.schema)["constrained_columns"]
    names = [c["name"] for c in columns]
    source = table(settings.table, *[column(name) for name in names], schema=settings.schema)
    nullable = [c["name"] for c in columns if c["nullable"]]
    return _target(settings, source, names, settings.key or tuple(primary), nullable)


def _target(
    settings: Settings, source: FromClause, names: Sequence[str], key: tuple[str, ...], nullable: Sequence[str]
) -> Target:
    changed = settings.changed if key else None
    read = tuple(dict.fromkeys((*settings.columns, *key, *([changed] if changed else []))))
    if not settings.columns:
        read = tuple(names)
    return Target(source, tuple(names), read, key, tuple(n for n in key if n in nullable), changed)
