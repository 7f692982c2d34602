"""Hypothesis strategies for entries of the catalogue and for rules over a resource's items."""

from dataclasses import replace
from string import ascii_lowercase

from hypothesis import strategies as st

from catalogue.model import (
    Binding,
    Canonical,
    Classification,
    CodeList,
    Column,
    Cycle,
    DataType,
    Department,
    Identifier,
    Identity,
    Item,
    Link,
    Mask,
    Mode,
    Moment,
    Resource,
    SearchKind,
    Sharing,
    SharingType,
    SubjectColumn,
    SubjectRef,
    System,
    Variant,
    Visibility,
    WorkingForm,
)
from catalogue.rules import Compare, Either, Every, Not, Op, Reached
from catalogue.where import literal, operators

NAMES = st.text(ascii_lowercase, min_size=1, max_size=6)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
FILLED = TEXTS.filter(str.strip)
DATES = st.dates().map(str)
FIGURES = st.floats(0, 1e6, allow_nan=False)
MAPPINGS = st.dictionaries(FILLED, TEXTS, max_size=3)
LISTS = st.lists(FILLED, max_size=3).map(tuple)
OPEN = Sharing(SharingType.UNCONDITIONAL)


def some(kind):
    return st.none() | st.sampled_from(kind)


@st.composite
def sharings(draw):
    kind = draw(st.sampled_from(SharingType))
    said = FILLED if kind is SharingType.DENIED else TEXTS
    return Sharing(kind, draw(TEXTS), draw(TEXTS), draw(said), draw(said))


departments = st.builds(Department, FILLED, FILLED, TEXTS)
systems = st.builds(System, FILLED, FILLED, FILLED, FILLED, MAPPINGS, FIGURES, TEXTS)
code_lists = st.builds(CodeList, FILLED, FILLED, FILLED, st.dictionaries(FILLED, TEXTS, min_size=1, max_size=4), TEXTS)
columns = st.builds(
    Column, FILLED, source=st.none() | FILLED, constant=st.none() | TEXTS, pattern=st.none() | TEXTS,
    units=MAPPINGS, codes=MAPPINGS, formats=LISTS, nulls=LISTS,
)  # fmt: skip
bindings = st.builds(
    Binding, FILLED, FILLED, FILLED, st.lists(columns, max_size=3, unique_by=lambda c: c.item).map(tuple),
    options=MAPPINGS, complete=st.booleans(), delete_share=FIGURES, poll=FIGURES, timezone=TEXTS,
)  # fmt: skip
variants = st.builds(Variant, st.frozensets(FILLED, min_size=1, max_size=3), sharings(), st.integers(1, 4), some(Mask))


@st.composite
def items(draw, name):
    kind = draw(st.sampled_from(DataType))
    sized = kind not in (DataType.DATE, DataType.DATETIME, DataType.LOGICAL, DataType.MEMO, DataType.BLOB)
    needed = kind in (DataType.TEXT, DataType.NUMBER)
    scaled = kind in (DataType.NUMBER, DataType.MONEY)
    return Item(
        name=name,
        title=draw(FILLED),
        type=kind,
        sharing=draw(sharings()),
        length=draw(st.integers(1, 300) if needed else st.none() | st.integers(1, 300)) if sized else None,
        scale=draw(st.integers(0, 6)) if scaled else 0,
        level=draw(st.integers(1, 4)),
        mask=draw(some(Mask)),
        verify=draw(st.booleans()),
        code_list=draw(some(["division", "state"])) if kind is DataType.TEXT else None,
        canonical=draw(some(Canonical)) if kind is DataType.TEXT else None,
        unit=draw(TEXTS),
        currency=draw(TEXTS),
        search=draw(some(SearchKind)),
        indexed=draw(st.booleans()),
        varies_by=draw(some(["kind"])),
        variants=tuple(draw(st.lists(variants, max_size=2))),
        description=draw(TEXTS),
        identifier=draw(some(Identifier)),
    )


VALUES = {
    DataType.NUMBER: st.decimals(-1000, 1000, places=0),
    DataType.MONEY: st.decimals(-1000, 1000, places=0),
    DataType.INTEGER: st.integers(-(2**53), 2**53),
    DataType.DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    DataType.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    DataType.LOGICAL: st.booleans(),
    DataType.DATE: st.dates(),
    DataType.DATETIME: st.datetimes(),
}


@st.composite
def comparisons(draw, item):
    op = draw(st.sampled_from(operators(item)))
    value = VALUES.get(item.type, TEXTS)
    if op is Op.IS_NULL:
        value = st.booleans()
    elif op is Op.CONTAINS:
        value = st.sampled_from(["代码", "A1", "２０２４"])
    elif op in (Op.IN, Op.NOT_IN):
        value = st.lists(value, max_size=3)
    return Compare(item.name, op, literal(item, op, draw(value)))


def rules(resource):
    """Rules over the resource's items and moments, nested in every way."""
    leaves = [comparisons(item) for item in resource.items]
    leaves += [st.just(Reached(moment.item, moment.days)) for moment in resource.moments]
    return st.recursive(
        st.one_of(leaves),
        lambda inner: (
            st.lists(inner, max_size=3).map(tuple).map(Every)
            | st.lists(inner, max_size=3).map(tuple).map(Either)
            | inner.map(Not)
        ),
        max_leaves=6,
    )


@st.composite
def bare_resources(draw):
    """A resource of any shape but for links and visibility rules. What its parts name need not be there."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    own = st.sampled_from(names)
    kinds = st.dictionaries(FILLED, st.builds(SubjectRef, NAMES, NAMES, some(Identifier)), min_size=1, max_size=3)
    fixed = st.builds(SubjectColumn, own, NAMES, base=st.booleans())
    told = st.builds(SubjectColumn, own, discriminator=own, kinds=kinds)
    return Resource(
        name=draw(NAMES),
        plural=draw(NAMES),
        title=draw(FILLED),
        code=draw(FILLED),
        classification=tuple(draw(st.lists(st.builds(Classification, FILLED, FILLED, st.booleans()), max_size=2))),
        provider=draw(FILLED),
        abstract=draw(FILLED),
        format=draw(FILLED),
        sharing=draw(sharings()),
        open_attribute=draw(FILLED),
        cycle=draw(st.sampled_from(Cycle)),
        published_on=draw(DATES),
        items=tuple(draw(items(name)) for name in names),
        key=tuple(draw(st.lists(own, max_size=2))),
        related=draw(LISTS),
        unique=tuple(draw(st.lists(st.lists(own, max_size=2).map(tuple), max_size=2))),
        identity=draw(st.sampled_from(Identity)),
        mode=draw(st.sampled_from(Mode)),
        lookups=tuple(draw(st.lists(st.lists(own, max_size=2).map(tuple), max_size=2))),
        subjects=tuple(draw(st.lists(fixed | told, max_size=2, unique_by=lambda s: s.item))),
        moments=tuple(
            draw(
                st.lists(
                    st.builds(Moment, NAMES.map("m_".__add__), FILLED, own, st.integers(-999, 999)),
                    max_size=3,
                    unique_by=(lambda m: m.name, lambda m: (m.item, m.days)),
                )
            )
        ),
        form=draw(st.builds(WorkingForm, TEXTS, TEXTS, TEXTS, LISTS, TEXTS, TEXTS, st.booleans(), TEXTS)),
        description=draw(TEXTS),
    )


@st.composite
def resources(draw):
    """A resource with visibility rules, and with links to itself whose rules stand on both sides."""
    bare = draw(bare_resources())
    rule = rules(bare)
    own = st.sampled_from([item.name for item in bare.items])
    visibility = st.builds(Visibility, NAMES, FILLED, rule)
    link = st.builds(
        Link, NAMES, FILLED, st.just(bare.name), st.just(bare.name),
        st.dictionaries(own, own, min_size=1, max_size=2).map(lambda on: tuple(on.items())), NAMES, FILLED, sharings(),
        when=st.none() | rule, target_when=st.none() | rule, many=st.booleans(), inverse_many=st.booleans(),
    )  # fmt: skip
    return replace(
        bare,
        visibility=tuple(draw(st.lists(visibility, max_size=2, unique_by=lambda v: v.name))),
        links=tuple(draw(st.lists(link, max_size=2, unique_by=lambda a: a.name))),
    )
