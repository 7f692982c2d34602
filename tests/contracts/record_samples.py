"""Records of every kind for the contracts of `hub.records.ports`: a resource, values, rules, orders, and the oracle.

The oracle is in memory: `catalogue.rules.holds`, `hub.records.search.found` and `sorted`.
"""

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from catalogue.model import (
    Cycle,
    DataType,
    Item,
    Link,
    Moment,
    Resource,
    SearchKind,
    Sharing,
    SharingType,
    SubjectColumn,
    SubjectRef,
    Visibility,
)
from catalogue.rules import TRUE, Among, Compare, Either, Every, Not, Op, Reached, holds
from hub.records.model import Change, Image, Keyset, Operation, Order, Query
from hub.records.search import found

OPEN = Sharing(SharingType.UNCONDITIONAL)
NOW = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
AT = "2026-01-01T00:00:00.000Z"
CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "search.toml").read_text(encoding="utf-8"))


def item(name, type_, **more):
    return Item(name, name, type_, OPEN, **more)


def resource_of(name, items, key, **more):
    return Resource(
        name=name, plural=f"{name}s", title=name, code="307/1", classification=(), provider="", abstract="",
        format="数据库", sharing=OPEN, open_attribute="", cycle=Cycle.DAILY, published_on="2026-01-01",
        items=tuple(items), key=key, **more,
    )  # fmt: skip


#: One item of every kind of value; searched, indexed and neither; a subject, a moment, a link to itself.
WORK = resource_of(
    "work",
    [
        item("code", DataType.TEXT, search=SearchKind.CODE),
        item("name", DataType.TEXT, search=SearchKind.TEXT),
        item("note", DataType.MEMO),
        item("holder_kind", DataType.TEXT),
        item("holder", DataType.TEXT),
        item("parent", DataType.TEXT),
        item("number", DataType.INTEGER),
        item("amount", DataType.MONEY, scale=2, indexed=True),
        item("ratio", DataType.DOUBLE),
        item("flag", DataType.LOGICAL),
        item("valid_to", DataType.DATE),
        item("due_at", DataType.DATETIME),
        item("file", DataType.BLOB),
    ],
    ("code",),
    unique=(("holder", "number"),),
    subjects=(
        SubjectColumn(
            "holder",
            discriminator="holder_kind",
            kinds={"1": SubjectRef("legal_person"), "2": SubjectRef("person", "111")},
        ),
    ),
    links=(Link("up", "up", "work", "work", (("parent", "code"),), "down", "down", OPEN),),
    moments=(Moment("expired", "expired", "valid_to"),),
    visibility=(Visibility("hidden", "hidden", Reached("due_at", 3)),),
)
COLUMNS = tuple(i.name for i in WORK.items)

WORDS = [
    *(
        "",
        "a",
        "A",
        "ab",
        "abc",
        "é",
        "中",
        "中国",
        "國中",
        "中 国",
        "a中1",
        "中国人民",
        "1",
        "12",
        "%",
        "_",
        "'",
        '"a"',
    ),
    *("\U0001f600", "\uffff", "\ud7ff", "\ud7ffa", "\ue000", "\U0010ffff", "\U0010ffffa", "a\U0010ffff", "𠮷野"),
    *("A1B2", "中,国", "-- a", "a*", "a OR b", "NEAR(a b)"),
]
SAMPLES = {
    DataType.TEXT: WORDS,
    DataType.MEMO: WORDS,
    DataType.BLOB: WORDS,
    DataType.INTEGER: [-(2**53), -1, 0, 1, 2, 7, 2**53],
    DataType.MONEY: [-(2**53), -1, 0, 1, 2, 7, 2**53],
    DataType.DOUBLE: [-1.5, -0.0, 0.1, 1.0, 2.5, 1e300, 5e-324],
    DataType.LOGICAL: [False, True],
    DataType.DATE: ["2025-12-31", "2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02", "9999-12-31"],
    DataType.DATETIME: ["2026-02-28T16:00:00.000Z", "2026-03-01T04:30:00.000Z", "2026-03-01T04:30:00.001Z"],
}
VALUES = {type_: st.sampled_from(values) for type_, values in SAMPLES.items()}
VALUES[DataType.DOUBLE] |= st.floats(allow_nan=False, allow_infinity=False)
TEXTS, NUMBERS, RATIOS = VALUES[DataType.TEXT], VALUES[DataType.INTEGER], VALUES[DataType.DOUBLE]
ROWS = st.fixed_dictionaries({i.name: st.none() | VALUES[i.type] for i in WORK.items})
QUICK = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


def values_of(name):
    return st.none() | VALUES[WORK.item(name).type]


@st.composite
def comparisons(draw):
    name, op = draw(st.sampled_from(COLUMNS)), draw(st.sampled_from(Op))
    if op is Op.IS_NULL:
        return Compare(name, op, draw(st.booleans()))
    if op in (Op.IN, Op.NOT_IN):
        return Compare(name, op, tuple(draw(st.lists(values_of(name), max_size=4))))
    if op in (Op.PREFIX, Op.CONTAINS):
        return Compare(draw(st.sampled_from(["code", "name", "note", "holder"])), op, draw(TEXTS))
    return Compare(name, op, draw(values_of(name) | VALUES[DataType.TEXT] | NUMBERS))


def comparisons_of(name, values):
    """Every operator with every value of the type, with values of other types, and with none at all."""
    for op in Op:
        if op in (Op.IN, Op.NOT_IN):
            operands = [(), (None,), (values[1],), tuple(values), (*values[1:3], "other", 3)]
        else:
            operands = [*values, "other", 3, True, False]
        yield from (Compare(name, op, operand) for operand in operands)


@st.composite
def amongs(draw):
    names = tuple(draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=2, unique=True)))
    tuples = st.tuples(*map(values_of, names))
    return Among(names, frozenset(draw(st.lists(tuples, max_size=5))))


LEAVES = (
    comparisons() | amongs() | st.builds(Reached, st.sampled_from(["valid_to", "due_at"]), st.sampled_from([-30, 0, 1]))
)
RULES = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(Every, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Either, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=6,
)
ORDERS = st.lists(
    st.builds(Order, st.sampled_from(COLUMNS), st.booleans()), max_size=3, unique_by=lambda term: term.item
).map(tuple)


@dataclass
class Shelf:
    """Puts rows into a store through the writer, and remembers what must be in it."""

    writer: object
    resource: Resource = WORK
    rows: dict = field(default_factory=dict)
    sequence: object = field(default_factory=lambda: count(1))

    def image(self, handle, values, **more):
        whole = {i.name: values.get(i.name) for i in self.resource.items}
        return Image(handle, more.pop("binding", "b"), whole, AT, AT, **more)

    def change(self, handle, after, before=None, seq=None):
        operation = Operation.DELETED if after is None else Operation.UPDATED
        return Change(
            self.resource.name, 1, seq or next(self.sequence), 1, handle, operation, AT, before, after
        )  # fmt: skip

    async def put(self, rows):
        """Make the store hold exactly these rows, by handle; what was there changes or goes."""
        gone = [self.change(handle, None) for handle in self.rows if handle not in rows]
        changed = [
            self.change(h, self.image(h, values)) for h, values in rows.items() if self.rows.get(h) != values
        ]  # fmt: skip
        await self.writer.apply(self.resource, [*gone, *changed])
        self.rows = dict(rows)

    async def put_listed(self, rows):
        """The same with handles of the rows' places, in another order than theirs."""
        await self.put({f"h{(n * 7) % 31:02d}": row for n, row in enumerate(rows)})


def query(where=TRUE, order=(), search=None, columns=COLUMNS, resource=WORK):
    return Query(resource, where, NOW, tuple(columns), tuple(order), search)


def met(rows, where=TRUE, search=None):
    return {
        handle: row
        for handle, row in rows.items()
        if holds(where, row, NOW) and (search is None or found(WORK, search, row))
    }


def in_order(rows, order):
    """Handles in that order: nulls last both ways, the handle breaks ties."""
    handles = sorted(rows)
    for term in reversed(order):
        present = [h for h in handles if rows[h][term.item] is not None]
        present.sort(key=lambda h: rows[h][term.item], reverse=term.descending)
        handles = present + [h for h in handles if rows[h][term.item] is None]
    return handles


def handles_of(rows):
    return [row["_handle"] for row in rows]


def place(row, order):
    return Keyset(tuple(row[term.item] for term in order), row["_handle"])


def both_of(where, by, parent):
    """The rule, and the row belongs to the parent."""
    return Every((where, Among(tuple(by), frozenset([parent]))))


class WithShelf:
    """A contract about records; `writer` is the fixture that its user gives."""

    @pytest.fixture
    async def shelf(self, writer):
        await writer.prepare(WORK)
        return Shelf(writer)
