"""How a resource lies in SQLite: its table of records, its search index, and the indexes that questions need.

Both walks name tables and columns through `Table`. `room` compares a file with what the catalogue says now and gives
the statements that are missing; who runs them, and when, is `hub.records.sqlite`. Every name is quoted here, and only
items that the resource has become a column's name.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b

from catalogue.fold import fold
from catalogue.model import DataType, Item, Resource, SearchKind
from catalogue.rules import Reached, walk

_TYPES: Mapping[DataType, str] = {
    DataType.NUMBER: "INTEGER",
    DataType.MONEY: "INTEGER",
    DataType.INTEGER: "INTEGER",
    DataType.LOGICAL: "INTEGER",
    DataType.DOUBLE: "REAL",
    DataType.FLOAT: "REAL",
}
#: What stands before the items in every record. A tombstone keeps the first four and nothing else.
FIXED: Mapping[str, str] = {
    "_id": "INTEGER PRIMARY KEY",
    "_handle": "TEXT NOT NULL",
    "_seq": "INTEGER NOT NULL",
    "_deleted": "INTEGER NOT NULL",
    "_binding": "TEXT NOT NULL",
    "_as_of": "TEXT",
    "_pulled_at": "TEXT",
    "_warnings": "TEXT",
    "_marks": "TEXT",
    "_raw": "TEXT",
    "_source": "TEXT",
}
_FORM_FUNCTIONS: Mapping[SearchKind, str] = {SearchKind.TEXT: "folded", SearchKind.CODE: "code_term"}


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def column_type(item: Item) -> str:
    """TEXT, INTEGER or REAL: how SQLite keeps the item's stored values."""
    return _TYPES.get(item.type, "TEXT")


@dataclass(frozen=True)
class Table:
    """The names under which a resource lies in the file."""

    resource: Resource
    records: str = field(init=False)
    search: str = field(init=False)
    items: Mapping[str, Item] = field(init=False)
    subjects: tuple[str, ...] = field(init=False)
    searched: tuple[Item, ...] = field(init=False)
    booleans: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "records", quoted(f"r_{self.resource.name}"))
        # No resource's name holds a colon: none can clash with the tables that FTS5 keeps behind this one.
        object.__setattr__(self, "search", quoted(f"r_{self.resource.name}:search"))
        object.__setattr__(self, "items", {item.name: item for item in self.resource.items})
        object.__setattr__(self, "subjects", tuple(dict.fromkeys(s.item for s in self.resource.subjects)))
        object.__setattr__(self, "searched", tuple(item for item in self.resource.items if item.search))
        logical = tuple(item.name for item in self.resource.items if item.type is DataType.LOGICAL)
        object.__setattr__(self, "booleans", logical)

    def column(self, name: str, alias: str = "r") -> str:
        """An item's column, qualified: SQLite takes an unknown quoted word alone for a text.

        KeyError where the resource has no such item; `_handle` is one here.
        """
        if name != "_handle" and name not in self.items:
            raise KeyError(f"{self.resource.name} has no item {name!r}")
        return f"{alias}.{quoted(name)}"

    @property
    def columns(self) -> dict[str, str]:
        """Every column with its type, in the order in which records are written."""
        return {
            **FIXED,
            **{subject_column(item): "TEXT" for item in self.subjects},
            **{item.name: column_type(item) for item in self.resource.items},
        }


def subject_column(item: str) -> str:
    """The column of the keyed hash of the subject that an item names."""
    return f"_subject_{item}"


def search_column(item: Item) -> str:
    """The item's column in the search index, `kind:name`: FTS5 reserves no name with a colon."""
    return f"{item.search}:{item.name}"


def read_search_column(column: str) -> tuple[SearchKind, str]:
    """Kind and item of a column of the search index."""
    kind, name = column.split(":", 1)
    return SearchKind(kind), name


@dataclass(frozen=True, slots=True)
class Room:
    """What a file lacks.

    `tables` must run before anything is read or written, in one transaction. Each of `indexes` only makes questions
    quick, and takes a while where there are many records.
    """

    tables: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()


def room(connection: sqlite3.Connection, table: Table) -> Room:
    """What is missing so that records of the resource can be read and written. Nothing is taken away.

    Processes may know different versions of the descriptor for a while.
    """
    present = columns_of(connection, table.records)
    if not present:
        return _new(table)
    indexed = columns_of(connection, table.search)
    missing = any(search_column(item) not in indexed for item in table.searched)
    return Room((*_added(table, present), *(_searched_again(table, indexed) if missing else ())))


def whole_room(connection: sqlite3.Connection, table: Table, joined: Collection[tuple[str, ...]]) -> Room:
    """As `room`, and what a change of the descriptor or of the folding asks for: other types, a new search index.

    Indexes are left out while there are no records: a first load is then three times as quick.
    """
    present = columns_of(connection, table.records)
    if not present:
        return _new(table)
    rebuilt = any(present.get(item.name, column_type(item)) != column_type(item) for item in table.resource.items)
    tables = (*_added(table, present), *(_rebuild(table, present) if rebuilt else ()))
    indexed, old = columns_of(connection, table.search), _sql_of(connection, table.search) or ""
    missing = any(search_column(item) not in indexed for item in table.searched)
    if missing or (indexed and (rebuilt or _fold_mark() not in old)):
        tables = (*tables, *_searched_again(table, indexed))
    if connection.execute(f"SELECT 1 FROM {table.records} LIMIT 1").fetchone() is None:
        return Room(tables)
    made = set() if rebuilt else _index_names(connection, table)
    return Room(tables, tuple(sql for name, sql in _indexes(table, joined) if name not in made))


def _new(table: Table) -> Room:
    return Room((_create(table.records, table.columns), *_search(table, ()), *_handle_index(table)))


def _added(table: Table, present: Collection[str]) -> tuple[str, ...]:
    return tuple(
        f"ALTER TABLE {table.records} ADD COLUMN {quoted(name)} {kind}"
        for name, kind in table.columns.items()
        if name not in present
    )


def _create(name: str, columns: Mapping[str, str]) -> str:
    return f"CREATE TABLE {name} ({', '.join(f'{quoted(column)} {kind}' for column, kind in columns.items())})"


def _handle_index(table: Table) -> tuple[str, ...]:
    """Binding and tombstone stand in the index too: what a binding feeds is listed from it alone."""
    name = quoted(f"r_{table.resource.name}:handle")
    return (f"CREATE UNIQUE INDEX {name} ON {table.records} (_handle, _binding, _deleted)",)


def _search(table: Table, indexed: Iterable[str]) -> tuple[str, ...]:
    """Terms stand between spaces, so that the ascii tokenizer takes them as they are; the texts are not kept.

    Another folding is another index: its mark stands in the statement.
    """
    columns = ", ".join(map(quoted, dict.fromkeys((*indexed, *map(search_column, table.searched)))))
    if not columns:
        return ()
    options = "content='', columnsize=0, tokenize='ascii'"
    # Fewer merges while loading: 8 segments of a level before they become one.
    tune = f"INSERT INTO {table.search} ({table.search}, rank) VALUES ('automerge', 8)"
    return (f"CREATE VIRTUAL TABLE {table.search} /* {_fold_mark()} */ USING fts5({columns}, {options})", tune)


def _searched_again(table: Table, indexed: Iterable[str]) -> tuple[str, ...]:
    """The search index made anew from the records, with the columns that it had."""
    columns = dict.fromkeys((*indexed, *map(search_column, table.searched)))
    forms = (f"{_FORM_FUNCTIONS[kind]}(r.{quoted(name)})" for kind, name in map(read_search_column, columns))
    fill = (
        f"INSERT INTO {table.search} (rowid, {', '.join(map(quoted, columns))})"
        f" SELECT r._id, {', '.join(forms)} FROM {table.records} AS r WHERE r._deleted = 0"
    )
    return (f"DROP TABLE IF EXISTS {table.search}", *_search(table, columns), fill)


@cache
def _fold_mark() -> str:
    """Differs where Han, Latin or digits are folded otherwise (another table of characters, another Python)."""
    every = "".join(map(chr, (*range(0x20, 0x250), *range(0x3400, 0xA000), *range(0xF900, 0xFFEF))))
    return blake2b(f"{unicodedata.unidata_version} {fold(every)}".encode(), digest_size=8).hexdigest()


def _rebuild(table: Table, present: Mapping[str, str]) -> tuple[str, ...]:
    """A new table with every record. A value that its new type cannot hold becomes null until it is pulled again."""
    new, columns = quoted(f"r_{table.resource.name}:rebuilt"), {**present, **table.columns}
    kept = ", ".join(_kept(name, kind, present.get(name, kind)) for name, kind in columns.items())
    return (
        _create(new, columns),
        f"INSERT INTO {new} SELECT {kept} FROM {table.records} r",
        f"DROP TABLE {table.records}",
        f"ALTER TABLE {new} RENAME TO {table.records}",
        *_handle_index(table),
    )


def _kept(name: str, kind: str, was: str) -> str:
    column = f"r.{quoted(name)}"
    if name in FIXED or was == kind:
        return column
    return f"CASE WHEN CAST({column} AS {kind}) = {column} THEN CAST({column} AS {kind}) END"


def _indexes(table: Table, joined: Collection[tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """(name, statement) of every index but the handle's."""
    ordered = _ordered(table.resource)
    for item in sorted(ordered):
        yield _index(table, "order", (item, "_handle"), "")
    equal = {key for key in _equal(table.resource, joined) if not (len(key) == 1 and key[0] in ordered)}
    for key in sorted(equal):
        if not any(other[: len(key)] == key for other in equal - {key}):
            yield _index(table, "equal", key, f" WHERE {quoted(key[0])} IS NOT NULL")
    for item in table.subjects:
        yield _index(table, "subject", (subject_column(item),), f" WHERE {quoted(subject_column(item))} IS NOT NULL")
    yield _index(table, "walk", ("_seq",), "")


def _index(table: Table, use: str, columns: tuple[str, ...], where: str) -> tuple[str, str]:
    name = f"r_{table.resource.name}:{use}:{','.join(columns)}"
    listed = ", ".join(map(quoted, columns))
    return name, f"CREATE INDEX IF NOT EXISTS {quoted(name)} ON {table.records} ({listed}){where}"


def _ordered(resource: Resource) -> set[str]:
    """Items that are compared and ordered by: those marked `indexed`, and the dates at which records change."""
    dated = {part.item for rule in resource.visibility for part in walk(rule.hidden_when) if isinstance(part, Reached)}
    return {item.name for item in resource.items if item.indexed} | {m.item for m in resource.moments} | dated


def _equal(resource: Resource, joined: Collection[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Tuples of items that are looked up: keys, subjects, and both ends of links as far as the resource knows them."""
    own = {tuple(mine for mine, _ in link.on) for link in resource.links}
    arriving = {tuple(item for _, item in link.on) for link in resource.links if link.target == resource.name}
    subjects = {(column.item,) for column in resource.subjects}
    keys = {resource.key, *resource.unique, *resource.lookups}
    return {key for key in keys | own | arriving | subjects | set(joined) if key}


def columns_of(connection: sqlite3.Connection, name: str) -> dict[str, str]:
    """The columns that a table has now with their types; none where there is no such table."""
    return {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({name})")}


def _sql_of(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (_unquoted(name),)).fetchone()
    return row[0] if row else None


def _index_names(connection: sqlite3.Connection, table: Table) -> set[str]:
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", (_unquoted(table.records),)
    )
    return {row[0] for row in found}


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"')
