"""What a department's system offers → proposed entries for a person to read, change and publish. Pure.

`hub discover` prints them. A proposal is cautious: nothing is unconditional, a column that looks like a person's number
is masked and of level 3, one that looks like a credit code names a legal person and so is linked to it. Titles, key and
classification are guesses; the comments in the printed text say which lines want a person's decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from types import MappingProxyType

from pypinyin import lazy_pinyin

from catalogue import identifiers
from catalogue.descriptor import dump
from catalogue.descriptor.resources import default_canonical, joined_items
from catalogue.model import (
    Binding,
    Catalogue,
    Classification,
    Column,
    Cycle,
    DataType,
    Identifier,
    Item,
    Mask,
    Resource,
    SearchKind,
    Sharing,
    SharingType,
    SubjectColumn,
    System,
)
from catalogue.names import LONGEST
from connectors.source import Offer, OfferedColumn

#: A guessed length is rounded up to one of these, since a sample is not everything.
LENGTHS = (20, 50, 100, 200, 500, 1000)
#: 其他 of the departments' classification, and a sequence that is unlikely to be taken; a registrar gives the real one.
UNCLASSIFIED = "399999"
_CONDITIONAL = Sharing(SharingType.CONDITIONAL)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SUFFIX = re.compile(r"\.(csv|tsv|xlsx|xlsm|jsonl|ndjson|xml)\b", re.IGNORECASE)

HEAD = """\
# Proposed from what {system} offers. Before `hub catalogue add` decide, in each resource: its title, code and
# abstract; the key (the columns whose values name a record); sharing, level and mask of every item (all are proposed
# as conditional: no client sees them without a grant); which items are searched (search) or filtered often (indexed).
"""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One offer as a resource and the binding that feeds it."""

    resource: Resource
    binding: Binding

    def text(self, known: Catalogue) -> str:
        """The descriptor of both."""
        return f"{dump(self.resource, known)}\n{dump(self.binding, known)}"


@dataclass(frozen=True, slots=True)
class Known:
    """What is published already: names and codes that are taken, and the subject kind whose codes follow a standard."""

    taken: frozenset[str]
    kinds: Mapping[Identifier, str]


def known_of(catalogue: Catalogue) -> Known:
    """What the published entries say."""
    resources = catalogue.resources.values()
    bases = ((resource.item(each.item).identifier, each.kind) for resource in resources
             for each in resource.subjects if each.base and each.discriminator is None)  # fmt: skip
    taken = frozenset(name for each in resources for name in (each.name, each.plural, each.code))
    return Known(taken, {standard: kind for standard, kind in bases if standard is not None})


def propose(system: System, offers: Iterable[Offer], today: date, known: Known) -> Iterator[Proposal]:
    """A proposal for every offer."""
    used = set(known.taken)
    for offer in offers:
        name = _free(identifier(_SUFFIX.sub("", offer.name)), used)
        code = next(each for each in map(f"{UNCLASSIFIED}/{{:06d}}".format, count(1)) if each not in used)
        used |= {name, f"{name}_list", code}
        yield _proposal(system, offer, _Given(name, code, today, known.kinds))


def identifier(text: str) -> str:
    """A name for what is called `text`: words in lower case joined by underscores, Chinese in pinyin."""
    latin = "_".join(part.strip() for part in lazy_pinyin(text, errors=lambda other: f" {other} "))
    words = [word.lower() for word in _WORDS.findall(latin)]
    name = ("_" if any(character.isascii() for character in text) else "").join(words)[:LONGEST].strip("_")
    return name if name and name[0].isalpha() else f"item_{name}".rstrip("_")


@dataclass(frozen=True, slots=True)
class _Given:
    """What is settled of a proposal before its columns are looked at."""

    name: str
    code: str
    today: date
    kinds: Mapping[Identifier, str]


def _proposal(system: System, offer: Offer, given: _Given) -> Proposal:
    name, kinds = given.name, given.kinds
    names: dict[str, str] = {}
    for column in offer.columns:
        names[column.name] = _free(identifier(column.name), set(names.values()))
    key = tuple(names[column] for column in offer.key) or tuple(names.values())[:1]
    items = tuple(_item(names[column.name], column, names[column.name] in key) for column in offer.columns)
    named = [(i.name, kinds[i.identifier]) for i in items if i.identifier and i.identifier in kinds]
    database = system.connector == "sql"
    title = _SUFFIX.sub("", offer.name)
    resource = Resource(
        name=name, plural=f"{name}_list", title=title, code=given.code,
        classification=(Classification("department", UNCLASSIFIED, primary=True),), provider=system.department,
        abstract=f"{system.title}：{title}", format="数据库" if database else "电子表格",
        sharing=Sharing(SharingType.CONDITIONAL, condition="按授权", method="库表" if database else "文件"),
        open_attribute="不开放", cycle=Cycle.DAILY, published_on=given.today.isoformat(), items=items, key=key,
        subjects=tuple(SubjectColumn(item, kind) for item, kind in named),
    )  # fmt: skip
    joined = joined_items(resource)
    resource = replace(resource, items=tuple(replace(i, canonical=default_canonical(i, joined)) for i in items))
    columns = tuple(Column(names[column.name], source=column.name) for column in offer.columns)
    options: Mapping[str, str] = MappingProxyType(dict(offer.options or {}))
    return Proposal(resource, Binding(f"{system.name}_{name}"[:LONGEST], name, system.name, columns, options))


def _item(name: str, column: OfferedColumn, in_key: bool) -> Item:
    kind = DataType(column.type)
    if kind is DataType.MEMO and in_key:
        kind = DataType.TEXT
    length, scale = _size(kind, column)
    found = _identifier(kind, column.samples)
    person = found is Identifier.CITIZEN_NUMBER
    text = kind is DataType.TEXT
    return Item(
        name=name, title=column.name, type=kind, sharing=_CONDITIONAL, length=length, scale=scale,
        level=3 if person else 2, mask=Mask.IDENTITY if person else None, identifier=found,
        search=SearchKind.CODE if text and in_key and not person else None,
    )  # fmt: skip


def _size(kind: DataType, column: OfferedColumn) -> tuple[int | None, int]:
    if kind in (DataType.NUMBER, DataType.MONEY):
        return 18, 6
    if kind is not DataType.TEXT:
        return None, 0
    given = column.length or 0
    return next((length for length in LENGTHS if length >= given), given), 0


def _identifier(kind: DataType, samples: Sequence[str]) -> Identifier | None:
    """The standard that every sample follows, where one does."""
    rules = {Identifier.CREDIT_CODE: identifiers.credit_code, Identifier.CITIZEN_NUMBER: identifiers.citizen_number}
    if kind is not DataType.TEXT or not samples:
        return None
    return next((name for name, rule in rules.items() if all(rule(value).valid for value in samples)), None)


def _free(name: str, used: set[str]) -> str:
    if name not in used:
        return name
    return next(each for each in (f"{name}_{number}" for number in range(2, len(used) + 3)) if each not in used)
