"""Resources from their tables, in two steps: first everything but rules, then links and visibility, whose rules are
read against items (their own and the link's target's) that must be known by then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from catalogue.descriptor.tables import Table
from catalogue.faults import Faults
from catalogue.model import (
    Canonical,
    Classification,
    Cycle,
    DataType,
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
    Variant,
    Visibility,
    WorkingForm,
)
from catalogue.rules import FALSE, Where
from catalogue.where import read_rule

#: The code list of administrative divisions: an item coded by it holds divisions, whatever its declared length.
DIVISIONS = "division"
#: Texts of this length are credit codes or citizen numbers.
CODE_LENGTH = 18
#: How an item says that it has no canonical form although it would get one.
NO_CANONICAL = "none"

_TYPE = re.compile(r"(?P<letter>[CNYDTLMGBIF])(?P<length>[1-9]\d{0,3})?(?:,(?P<scale>\d{1,2}))?")
_SIZED = frozenset({DataType.TEXT, DataType.NUMBER})
_UNSIZED = frozenset({DataType.DATE, DataType.DATETIME, DataType.LOGICAL, DataType.MEMO, DataType.BLOB})
_SCALED = frozenset({DataType.NUMBER, DataType.MONEY})
_MOMENT = re.compile(r"(?P<item>[a-z][a-z0-9_]*)(?:\s*(?P<sign>[+-])\s*(?P<days>\d{1,4})\s*days?)?")
_UNSAID = Sharing(SharingType.DENIED)


@dataclass(frozen=True, slots=True)
class Draft:
    """A resource whose links and visibility still lack their rules, and the table in which these stand."""

    resource: Resource
    table: Table


def draft(table: Table) -> Draft:
    """The first step: everything but rules."""
    resource = Resource(
        name=table.text("name"),
        plural=table.text("plural"),
        title=table.text("title"),
        code=table.text("code"),
        classification=table.listed("classification", _classification),
        provider=table.text("provider"),
        abstract=table.text("abstract"),
        format=table.text("format"),
        sharing=_sharing(table),
        open_attribute=table.text("open_attribute"),
        cycle=table.required("cycle", Cycle, Cycle.IRREGULAR),
        published_on=table.day("published_on"),
        items=table.each("items", _item),
        key=table.texts("key"),
        related=table.texts("related"),
        unique=table.lists("unique"),
        identity=table.choice("identity", Identity, Identity.KEY),
        mode=table.choice("mode", Mode, Mode.SYNCED),
        lookups=table.lists("lookups"),
        subjects=table.each("subjects", _subject, short="kind"),
        links=table.each("links", partial(_link, table.optional("name"))),
        moments=table.each("moments", _moment),
        visibility=table.each("visibility", _visibility),
        form=table.one("form", _form) or WorkingForm(),
        description=table.optional("description"),
    )
    return Draft(_with_canonical_forms(resource, table), table)


def finish(begun: Draft, resources: Mapping[str, Resource]) -> Resource:
    """The second step: rules, read against the resource's own items and those of the resources it links to."""
    own, table = begun.resource, begun.table
    return replace(
        own,
        links=tuple(_with_conditions(link, begun, resources) for link in own.links),
        visibility=tuple(
            replace(rule, hidden_when=_rule(table, own, "visibility", rule.name, "hidden_when") or FALSE)
            for rule in own.visibility
        ),
    )


def default_canonical(item: Item, joined: frozenset[str]) -> Canonical | None:
    """The canonical form of an item that does not say one: divisions, codes in keys and joins, 18-character codes."""
    if item.code_list == DIVISIONS:
        return Canonical.DIVISION
    is_code = item.name in joined or (item.length == CODE_LENGTH and not item.code_list)
    return Canonical.CODE if item.type is DataType.TEXT and is_code else None


def joined_items(resource: Resource) -> frozenset[str]:
    """The items by which records are identified, asked for or joined."""
    tuples = (resource.key, *resource.unique, *resource.lookups)
    linked = (own for link in resource.links for own, _ in link.on)
    return frozenset({*(name for each in tuples for name in each), *(s.item for s in resource.subjects), *linked})


def _with_canonical_forms(resource: Resource, table: Table) -> Resource:
    joined = joined_items(resource)
    items = tuple(
        item
        if _inside(table, "items", item.name, "canonical") is not None
        else replace(item, canonical=default_canonical(item, joined))
        for item in resource.items
    )
    return replace(resource, items=items)


def _classification(table: Table) -> Classification:
    return Classification(table.text("scheme"), table.text("code"), table.flag("primary"))


def _form(table: Table) -> WorkingForm:
    return WorkingForm(
        owning_system=table.optional("owning_system"),
        source_department=table.optional("source_department"),
        office=table.optional("office"),
        related_matters=table.texts("related_matters"),
        use_cases=table.optional("use_cases"),
        requirements=table.optional("requirements"),
        electronic_licence=table.flag("electronic_licence"),
        zone=table.optional("zone"),
    )


def _sharing(table: Table) -> Sharing:
    """The sharing that a resource, item, variant or link must state."""
    found = table.one("sharing", _sharing_terms, short="type")
    if "sharing" not in table:
        kinds = ", ".join(SharingType)
        table.faults.at("sharing").add("sharing-missing", f"sharing must be said ({kinds}); nothing is open by default")
    return found or _UNSAID


def _sharing_terms(table: Table) -> Sharing:
    terms = Sharing(
        type=table.required("type", SharingType, SharingType.DENIED),
        condition=table.optional("condition"),
        method=table.optional("method"),
        reason=table.optional("reason"),
        basis=table.optional("basis"),
    )
    if table.values.get("type") == SharingType.DENIED and not (terms.reason and terms.basis):
        table.faults.add("denied-without-reason", "a denied sharing says its reason and its legal basis")
    return terms


def _item(name: str, table: Table) -> Item:
    kind, length, scale = _data_type(table)
    return Item(
        name=name,
        title=table.text("title"),
        type=kind,
        sharing=_sharing(table),
        length=length,
        scale=scale,
        level=table.integer("level", 2),
        mask=table.choice_or_none("mask", Mask),
        verify=table.flag("verify"),
        code_list=table.maybe("code_list"),
        canonical=_canonical(table),
        identifier=table.choice_or_none("identifier", Identifier),
        unit=table.optional("unit"),
        currency=table.optional("currency"),
        search=table.choice_or_none("search", SearchKind),
        indexed=table.flag("indexed"),
        varies_by=table.maybe("varies_by"),
        variants=table.listed("variants", _variant),
        description=table.optional("description"),
    )


def _canonical(table: Table) -> Canonical | None:
    if table.values.get("canonical") == NO_CANONICAL:
        table.take("canonical")
        return None
    return table.choice_or_none("canonical", Canonical)


def _data_type(table: Table) -> tuple[DataType, int | None, int]:
    """`C18` → text of 18 characters, `N18,6` → number of 18 digits, 6 of them decimals."""
    text = table.text("type")
    found = _TYPE.fullmatch(text)
    if found is None:
        if text:
            table.faults.at("type").add("data-type", f"{text} is no data type such as C18, N18,6, D, T, I or M")
        return DataType.TEXT, None, 0
    kind = DataType(found["letter"])
    length, scale = found["length"], found["scale"]
    for broken, message in (
        (kind in _SIZED and not length, "needs a length"),
        (kind in _UNSIZED and length, "has no length"),
        (kind not in _SCALED and scale, "has no decimals"),
    ):
        if broken:
            table.faults.at("type").add("data-type", f"{text}: the data type {kind} {message}")
    return kind, int(length) if length else None, int(scale or 0)


def _variant(table: Table) -> Variant:
    values = frozenset(table.texts("values"))
    if not values:
        table.faults.at("values").add("missing-key", "values of the discriminator are required")
    return Variant(values, _sharing(table), table.integer("level", 2), table.choice_or_none("mask", Mask))


def _subject(item: str, table: Table) -> SubjectColumn:
    kinds = MappingProxyType(dict(table.each("kinds", _subject_ref, short="kind")))
    kind, discriminator = table.optional("kind"), table.maybe("discriminator")
    if bool(kind) == bool(discriminator) or bool(discriminator) != ("kinds" in table):
        table.faults.add("subject-kind", "a subject has either a kind, or a discriminator with kinds by its values")
    return SubjectColumn(item, kind, discriminator, kinds, table.flag("base"))


def _subject_ref(value: str, table: Table) -> tuple[str, SubjectRef]:
    """`legal_person` or `person:111` (kind and identity type) where nothing else is said."""
    kind, _, id_type = table.text("kind").partition(":")
    identifier = table.choice_or_none("identifier", Identifier)
    return value, SubjectRef(kind, table.optional("id_type", id_type), identifier)


def _moment(name: str, table: Table) -> Moment:
    """`at = "valid_to - 30 days"`."""
    text = table.text("at")
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        if text:
            table.faults.at("at").add("moment-form", f'{text} is no point of time such as "valid_to - 30 days"')
        return Moment(name, table.text("title"), "")
    days = int(found["days"] or 0) * (-1 if found["sign"] == "-" else 1)
    return Moment(name, table.text("title"), found["item"], days)


def _visibility(name: str, table: Table) -> Visibility:
    if table.take("hidden_when") is None:
        table.faults.at("hidden_when").add("missing-key", "hidden_when is required")
    return Visibility(name, table.text("title"), FALSE)


def _link(source: str, name: str, table: Table) -> Link:
    table.take("when")
    table.take("target_when")
    on = tuple(table.pairs("on").items())
    if not on:
        table.faults.at("on").add("missing-key", 'on is required: { own_item = "item_of_the_target" }')
    inverse = table.one("inverse", _inverse) or _inverse(Table({}, table.faults.at("inverse")))
    return Link(
        name=name,
        title=table.text("title"),
        source=source,
        target=table.text("target"),
        on=on,
        inverse=inverse.name,
        inverse_title=inverse.title,
        sharing=_sharing(table),
        many=table.flag("many"),
        inverse_many=inverse.many,
    )


@dataclass(frozen=True, slots=True)
class _Inverse:
    name: str
    title: str
    many: bool


def _inverse(table: Table) -> _Inverse:
    return _Inverse(table.text("name"), table.text("title"), table.flag("many", default=True))


def _with_conditions(link: Link, begun: Draft, resources: Mapping[str, Resource]) -> Link:
    table, place = begun.table, ("links", link.name, "target_when")
    when = _rule(table, begun.resource, "links", link.name, "when")
    target = resources.get(link.target)
    if target is None:
        if _inside(table, *place) is not None:
            _at(table, *place).add("link-target", f"cannot be read: there is no resource {link.target}")
        return replace(link, when=when)
    return replace(link, when=when, target_when=_rule(table, target, *place))


def _rule(table: Table, resource: Resource, *path: str) -> Where | None:
    """The rule that stands at the path inside the table, over the items of `resource`; None where there is none."""
    written = _inside(table, *path)
    return None if written is None else read_rule(written, resource, _at(table, *path))


def _inside(table: Table, *path: str) -> object | None:
    value: object = table.values
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _at(table: Table, *path: str) -> Faults:
    faults = table.faults
    for step in path:
        faults = faults.at(step)
    return faults
