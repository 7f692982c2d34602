"""Rules of `catalogue.rules` as SQL over one resource's table, with every value bound.

Part of every question of walk 1 and of what walk 2 reads. The answers are those of `catalogue.rules.holds`: in SQL an
absent value makes a comparison NULL, which counts as not true wherever parts are joined, and `IS NOT TRUE` turns it
back into two values. A value of another type than its item's equals nothing: SQLite would convert it. No stored text
holds a NUL character.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson

from catalogue.fold import fold
from catalogue.model import DataType, SearchKind
from catalogue.rules import (
    Among,
    Compare,
    Either,
    Every,
    Linked,
    Not,
    Op,
    Reached,
    Value,
    Where,
    latest_reached,
)  # fmt: skip
from hub.records.model import Search
from hub.records.search import FORMS
from hub.records.sqlite_tables import Table, column_type, quoted, search_column

#: Lists up to this long are bound value by value; longer ones travel as one JSON text.
BOUND_ONE_BY_ONE = 64
_SQL_OF = {Op.LT: "<", Op.LTE: "<=", Op.GT: ">", Op.GTE: ">="}
_LAST = chr(0x10FFFF)


class Rules:
    """Compiles rules of one question over the alias `r`. `values` are the parameters, by name, as they come up.

    `by_hand` turns true where a rule reads texts one by one with a function of ours: such a question is a long one.
    """

    def __init__(self, table: Table, now: datetime | None) -> None:
        self.table = table
        self.values: dict[str, Value] = {}
        self.by_hand = False
        self._now = now

    def bind(self, value: Value) -> str:
        """The name under which the value is bound."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def rule(self, where: Where) -> str:
        """The rule as a condition. TypeError for a condition on a link, and for `Reached` without a time."""
        match where:
            case Compare():
                return self._compare(where)
            case Reached(item, days):
                return self._reached(item, days)
            case Among(items, values):
                return self.among(items, values)
            case Every(parts):
                return joined_by("AND", [self.rule(part) for part in parts]) if parts else "1"
            case Either(parts):
                return joined_by("OR", [self.rule(part) for part in parts]) if parts else "0"
            case Not(part):
                return f"({self.rule(part)}) IS NOT TRUE"
            case Linked():
                raise TypeError("a condition on a link is resolved before a store is asked")

    def among(self, items: Sequence[str], tuples: Iterable[tuple[Value, ...]]) -> str:
        """The tuple of items is one of those."""
        asked = self.askable(items, tuples)
        if not asked:
            return "0"
        if len(items) > 1:
            keys, rows = self.given("given", asked), f"{self.table.records} AS x"
            return f"r._id IN (SELECT x._id FROM {keys} CROSS JOIN {rows} WHERE {self.belongs('x', items, 'given')})"
        column = self.table.column(items[0])
        if len(asked) == 1:
            return f"{column} = {self.bind(asked[0][0])}"
        if len(asked) > BOUND_ONE_BY_ONE:
            return f"{column} IN (SELECT value FROM {self.given('given', asked)})"
        return f"{column} IN ({', '.join(self.bind(value) for (value,) in asked)})"

    def given(self, alias: str, keys: Sequence[tuple[Value, ...]]) -> str:
        """The keys as a table, numbered by `key`; `belongs` joins rows to it."""
        listed = [key[0] if len(key) == 1 else key for key in keys]
        return f"json_each({self.bind(orjson.dumps(listed).decode())}) AS {alias}"

    def belongs(self, row: str, items: Sequence[str], given: str) -> str:
        """The row's items equal the key."""
        columns = [self.table.column(item, row) for item in items]
        if len(columns) == 1:
            return f"{columns[0]} = {given}.value"
        return " AND ".join(f"{column} = json_extract({given}.value, '$[{n}]')" for n, column in enumerate(columns))

    def askable(self, items: Sequence[str], tuples: Iterable[tuple[Value, ...]]) -> list[tuple[Value, ...]]:
        """The tuples that some record could have, each once and in their order."""
        kinds = [self._kind(item) for item in items]
        fit = (t for t in tuples if all(map(_fits, kinds, t)) and not any(isinstance(v, str) and "\0" in v for v in t))
        return list(dict.fromkeys(fit))

    def search(self, search: Search) -> str:
        """The record is found in one of the items. Whatever was typed stands quoted, as folded terms."""
        asked = filter(None, (self._sought(kind, search) for kind in SearchKind))
        return self._matching(" OR ".join(asked))

    def _sought(self, kind: SearchKind, search: Search) -> str:
        items = [self.table.items[name] for name in search.items]
        columns = [quoted(search_column(item)) for item in items if item.search is kind]
        terms = FORMS[kind](search.text)
        if not columns or not terms:
            return ""
        return f'{{{" ".join(columns)}}} : "{terms}"' + (" *" if kind is SearchKind.CODE else "")

    def _matching(self, question: str) -> str:
        if not question:
            return "0"
        name = self.table.search
        return f"r._id IN (SELECT rowid FROM {name} WHERE {name} MATCH {self.bind(question)})"

    def _compare(self, rule: Compare) -> str:
        column = self.table.column(rule.item)
        match rule.op:
            case Op.IS_NULL:
                known = rule.value in (True, False)
                return f"{column} IS {'' if rule.value else 'NOT '}NULL" if known else "0"
            case Op.EQ | Op.IN:
                return self._equal(rule)
            case Op.NE | Op.NOT_IN:
                return f"({self._equal(rule)}) IS NOT TRUE"
            case _:
                return self._one_value(rule, column)

    def _equal(self, rule: Compare) -> str:
        wanted = rule.value if isinstance(rule.value, tuple) else (rule.value,)
        return self.among((rule.item,), ((value,) for value in wanted))

    def _one_value(self, rule: Compare, column: str) -> str:
        wanted = rule.value
        if isinstance(wanted, tuple) or not _fits(self._kind(rule.item), wanted):
            return "0"
        if rule.op in _SQL_OF:
            return f"{column} {_SQL_OF[rule.op]} {self.bind(wanted)}"
        if not isinstance(wanted, str):
            return "0"
        return self._prefix(column, wanted) if rule.op is Op.PREFIX else self._contains(rule.item, wanted)

    def _prefix(self, column: str, wanted: str) -> str:
        """Between the prefix and the first text after everything that begins with it: an index can be used."""
        end = _after_prefix(wanted)
        low = f"{column} >= {self.bind(wanted)}"
        return low if end is None else f"({low} AND {column} < {self.bind(end)})"

    def _contains(self, name: str, wanted: str) -> str:
        sought, item = fold(wanted), self.table.items[name]
        if not sought:
            return "0"
        if item.search is SearchKind.TEXT:
            return self._matching(f'{quoted(search_column(item))} : "{sought}"')
        self.by_hand = True
        return f"has_terms({self.table.column(name)}, {self.bind(sought)})"

    def _reached(self, name: str, days: int) -> str:
        if self._now is None:
            raise TypeError("a rule that depends on the time needs a time")
        date = self.table.items[name].type is DataType.DATE
        return f"{self.table.column(name)} <= {self.bind(latest_reached(self._now, days, date=date))}"

    def _kind(self, item: str) -> str:
        return "TEXT" if item == "_handle" else column_type(self.table.items[item])


def joined_by(word: str, conditions: Sequence[str]) -> str:
    """The conditions between brackets, in halves of halves: SQLite refuses a chain of more than a thousand."""
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    return f"({joined_by(word, conditions[:half])} {word} {joined_by(word, conditions[half:])})"


def has_terms(text: str | None, sought: str) -> bool:
    """`contains` on an item without a search index: the folded terms stand side by side in the folded text."""
    return isinstance(text, str) and f" {sought} " in f" {fold(text)} "


def _fits(kind: str, value: Value) -> bool:
    """Whether a column of the kind can hold the value: a text that UTF-8 can write, or a number."""
    if kind != "TEXT":
        return isinstance(value, int | float)
    if not isinstance(value, str):
        return False
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _after_prefix(prefix: str) -> str | None:
    """The least text after all texts that begin so; None where there is none. UTF-8 has no surrogates."""
    stem = prefix.rstrip(_LAST)
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if following == 0xD800 else following)
