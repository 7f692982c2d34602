"""The questions of `RecordReader` as SQL: one statement a question, or a few that follow each other in one order.

Part of step 7 of walk 1 (a question). A page by the resource's own items is cut into stretches, each of which an index
can give in order: first the rest of the rows that share the keyset's first value, then what comes after it, then the
rows without a value. Links are followed for all parents at once, a page each. Nothing is run here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalogue.rules import Value
from hub.records.model import Keyset, Order, Page, Query
from hub.records.sqlite_rules import Rules, joined_by
from hub.records.sqlite_tables import Table, subject_column

_META = "{0}._handle, {0}._seq, {0}._binding, {0}._as_of, {0}._pulled_at, coalesce({0}._warnings, '[]'), {0}._marks"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its named parameters. `long` says beforehand that it belongs off the event loop."""

    sql: str
    values: Mapping[str, Value]
    long: bool = False


class Question:
    """Compiles the questions that one `Query` may be asked with; one of more than `bound` rows is long."""

    def __init__(self, table: Table, query: Query, bound: int = 2_000) -> None:
        self._table, self._query, self._bound = table, query, bound
        self._rules = Rules(table, query.now)
        parts = ["r._deleted = 0", self._rules.rule(query.where)]
        if query.search is not None:
            parts.append(self._rules.search(query.search))
        self._met = " AND ".join(part for part in parts if part != "1")
        self._from = f"{table.records} AS r"

    def page(self, page: Page) -> list[Statement]:
        """One stretch after the other, in the page's direction; whoever asks binds `limit`."""
        far, columns = self._far_bound(page), self._columns("r")
        return [
            self._statement(
                f"SELECT {columns} FROM {self._from} WHERE {joined_by('AND', [self._met, *filter(None, (far, met))])}"
                f" ORDER BY {order} LIMIT :limit",
                page.limit,
            )
            for met, order in list(self._stretches(page))
        ]

    def lookup(self, by: Sequence[str], keys: Sequence[tuple[Value, ...]]) -> Statement:
        """Every row for every key."""
        return self._statement(f"SELECT {self._columns('r')} FROM {self._children(by, keys, self._met)}", len(keys))

    def follow(self, by: Sequence[str], parents: Sequence[tuple[Value, ...]], page: Page) -> Statement:
        """(number of the parent, row) in the page's direction, `limit` + 1 rows a parent at most.

        Rows are numbered by their ids alone; what was asked of them is read for those that are kept.
        """
        terms = self._query.order
        bounds = [self._beyond(terms, page.after, after=True), self._beyond(terms, page.before, after=False)]
        met = joined_by("AND", [self._met, *filter(None, bounds)])
        order = self._order_by(terms, backwards=page.backwards)
        numbered = f"row_number() OVER (PARTITION BY parent.key ORDER BY {order}) AS number"
        return self._statement(
            f"SELECT n.parent, {self._columns('c')} FROM"
            f" (SELECT parent.key AS parent, r._id AS id, {numbered} FROM {self._children(by, parents, met)}) AS n"
            f" CROSS JOIN {self._table.records} AS c ON c._id = n.id"
            f" WHERE n.number <= {page.limit + 1:d} ORDER BY n.parent, n.number",
            len(parents) * page.limit,
        )

    def count(self) -> Statement:
        """How many rows."""
        return self._statement(f"SELECT count(*) FROM {self._from} WHERE {self._met}", 0)

    def counts(self, by: Sequence[str], parents: Sequence[tuple[Value, ...]]) -> Statement:
        """(number of the parent, how many rows), without the parents that have none."""
        children = self._children(by, parents, self._met)
        return self._statement(f"SELECT parent.key, count(*) FROM {children} GROUP BY parent.key", len(parents))

    def keys(self, items: Sequence[str], limit: int) -> Statement:
        """Distinct tuples without an absent value."""
        columns = [self._table.column(item) for item in items]
        met = " AND ".join([self._met, *(f"{column} IS NOT NULL" for column in columns)])
        sql = f"SELECT DISTINCT {', '.join(columns)} FROM {self._from} WHERE {met} LIMIT {limit:d}"
        return self._statement(sql, 0)

    def about(self, subject: str) -> Statement | None:
        """How many rows name the subject; None where rows of the resource name none."""
        if not self._table.subjects:
            return None
        name = self._rules.bind(subject)
        named = joined_by("OR", [f'r."{subject_column(item)}" = {name}' for item in self._table.subjects])
        return self._statement(f"SELECT count(*) FROM {self._from} WHERE {named} AND {self._met}", 0)

    def askable(self, by: Sequence[str], keys: Sequence[tuple[Value, ...]]) -> list[tuple[Value, ...]]:
        """The keys that some record could have, each once."""
        return self._rules.askable(by, keys)

    def _statement(self, sql: str, rows: int) -> Statement:
        long = rows > self._bound or self._query.search is not None or self._rules.by_hand
        return Statement(sql, self._rules.values, long)

    def _columns(self, row: str) -> str:
        return ", ".join([_META.format(row), *(self._table.column(item, row) for item in self._query.columns)])

    def _children(self, by: Sequence[str], keys: Sequence[tuple[Value, ...]], met: str) -> str:
        """Keys, each with its rows that meet the condition; the keys are gone through, the rows found by them.

        As a truth value the condition is judged on those rows alone. SQLite, which knows no frequencies here, might
        else take an index of one of its items and go through all rows of a kind or state for every key.
        """
        belongs = self._rules.belongs("r", by, "parent")
        return f"{self._rules.given('parent', keys)} CROSS JOIN {self._from} WHERE {belongs} AND ({met}) IS TRUE"

    def _far_bound(self, page: Page) -> str:
        """The bound that the walk does not start from."""
        if page.backwards:
            return self._beyond(self._query.order, page.after, after=True)
        return self._beyond(self._query.order, page.before, after=False)

    def _stretches(self, page: Page) -> Iterator[tuple[str, str]]:
        """(condition, order) of every stretch from the near bound on."""
        near = page.before if page.backwards else page.after
        terms, ahead = self._query.order, not page.backwards
        if not terms:
            yield self._beyond((), near, after=ahead), self._order_by((), backwards=page.backwards)
            return
        column, rest = self._table.column(terms[0].item), terms[1:]
        within = self._order_by(rest, backwards=page.backwards)
        whole = f"{column} {_direction(terms[0], backwards=page.backwards)}, {within}"
        if near is None:
            nothing, something = (f"{column} IS NULL", within), (f"{column} IS NOT NULL", whole)
            yield from (something, nothing) if ahead else (nothing, something)
            return
        first, others = near.values[0], Keyset(near.values[1:], near.handle)
        yield f"{column} IS {self._rules.bind(first)} AND {self._beyond(rest, others, after=ahead)}", within
        if first is not None:
            forward = terms[0].descending != ahead
            yield f"{column} {'>' if forward else '<'} {self._rules.bind(first)}", whole
        if (first is None) != ahead:
            yield (f"{column} IS NULL", within) if ahead else (f"{column} IS NOT NULL", whole)

    def _beyond(self, terms: Sequence[Order], place: Keyset | None, *, after: bool) -> str:
        """The row stands strictly after (or before) the place in the order of those terms; '' without a place."""
        if place is None:
            return ""
        ways, same = [], ""
        for term, value in zip(terms, place.values, strict=True):
            column, name = self._table.column(term.item), self._rules.bind(value)
            if step := _step(column, name, absent=value is None, rising=term.descending != after, after=after):
                ways.append(f"{same}{step}")
            same += f"{column} IS {name} AND "
        ways.append(f"{same}r._handle {'>' if after else '<'} {self._rules.bind(place.handle)}")
        return "(" + " OR ".join(f"({way})" for way in ways) + ")"

    def _order_by(self, terms: Sequence[Order], *, backwards: bool) -> str:
        """An absent value stands after all others; SQLite would put it before them."""
        nulls = "NULLS FIRST" if backwards else "NULLS LAST"
        listed = [f"{self._table.column(t.item)} {_direction(t, backwards=backwards)} {nulls}" for t in terms]
        return ", ".join([*listed, "r._handle DESC" if backwards else "r._handle ASC"])


def _step(column: str, name: str, *, absent: bool, rising: bool, after: bool) -> str:
    """The column stands beyond the value; absent values stand after all others, '' where nothing stands beyond."""
    if absent:
        return "" if after else f"{column} IS NOT NULL"
    step = f"{column} {'>' if rising else '<'} {name}"
    return f"({step} OR {column} IS NULL)" if after else step


def _direction(term: Order, *, backwards: bool) -> str:
    return "ASC" if term.descending == backwards else "DESC"
