"""Each resource by itself: its items, keys, subjects, moments and the codes in its rules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from catalogue.check.scene import Scene
from catalogue.faults import Faults
from catalogue.model import DataType, Item, Mode, Resource, SearchKind, SharingType
from catalogue.rules import Compare, Op, Where, walk

RULES = {
    "item-unknown": "A key, subject, moment, link, rule or column names an item that the resource has.",
    "item-none": "A resource has at least one item.",
    "key-none": "A resource has a key.",
    "key-type": "Keys, unique keys and lookups are of text, whole numbers, dates or times.",
    "lookups-missing": "A live resource declares the lookups by which it is asked, its key among them.",
    "lookups-useless": "Only a live resource has lookups.",
    "level-range": "A sensitivity level is 1, 2, 3 or 4; what is secret by law (涉密) has no place in a catalogue.",
    "text-only": "Mask, canonical form, identifier, code list and search are for text; search as text also for memos.",
    "mask-idle": "A mask stands only where the item, or one of its variants, is not unconditional.",
    "code-list-unknown": "An item is coded by a code list that the catalogue has.",
    "code-unknown": "A code in a rule, variant, subject or column stands in the item's code list.",
    "currency-unknown": "A currency is three capital letters (ISO 4217) or the item that holds it.",
    "variants-apart": "Variants stand with the discriminator that they vary by, and no value in two of them.",
    "subject-base": "A base resource is one for its kind, of no other kind, and its subject item alone is its key.",
    "subject-identity": "Where one subject of a kind has an identity type, all of that kind have: one hash a subject.",
    "moment-type": "A moment is made from a date or a time.",
    "classification-primary": "One classification at most is the primary one.",
}

_KEY_TYPES = frozenset({DataType.TEXT, DataType.INTEGER, DataType.DATE, DataType.DATETIME})
_CURRENCY = re.compile("[A-Z]{3}")


def look(scene: Scene) -> None:
    """Report what is wrong with resources by themselves."""
    for resource, faults in scene.resources():
        for item in resource.items:
            _item(scene, resource, item, faults.at("items").at(item.name))
        _keys(scene, resource, faults)
        _subjects(scene, resource, faults.at("subjects"))
        _moments(scene, resource, faults.at("moments"))
        for rule in resource.visibility:
            codes_in(scene, resource, rule.hidden_when, faults.at("visibility").at(rule.name))
        if sum(each.primary for each in resource.classification) > 1:
            faults.at("classification").add("classification-primary", "more than one is primary")
    _bases(scene)
    _identities(scene)


def codes_in(scene: Scene, resource: Resource, where: Where, faults: Faults) -> None:
    """Report codes in a rule over the resource's items that their code lists do not have."""
    for part in walk(where):
        if isinstance(part, Compare) and part.op in (Op.EQ, Op.NE, Op.IN, Op.NOT_IN):
            item = scene.items[resource.name].get(part.item)
            if item is not None:
                scene.knows_codes(item, _texts(part.value), faults)


def _texts(value: object) -> Iterator[str]:
    return (each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, str))


def _item(scene: Scene, resource: Resource, item: Item, faults: Faults) -> None:
    about = (resource.name, item.name)
    for level, place in ((item.level, faults), *((v.level, faults.at("variants")) for v in item.variants)):
        if level not in (1, 2, 3, 4):
            place.at("level").add("level-range", f"{level} is no sensitivity level; there are 1, 2, 3 and 4")
    for key in _for_text(item):
        faults.at(key).add("text-only", f"{key} is for text, and {item.name} is of type {item.type}", about)
    if _mask_is_idle(item):
        faults.at("mask").add("mask-idle", "unconditional items are shown plain: the mask would never be used")
    if item.code_list is not None and item.code_list not in scene.catalogue.code_lists:
        faults.at("code_list").add("code-list-unknown", f"there is no code list {item.code_list}")
    known = not item.currency or item.currency in scene.items[resource.name] or _CURRENCY.fullmatch(item.currency)
    if not known:
        faults.at("currency").add("currency-unknown", f"{item.currency} is neither a currency nor an item")
    _variants(scene, resource, item, faults)


def _for_text(item: Item) -> list[str]:
    """The keys of the item that are for text although it is none."""
    if item.type is DataType.TEXT:
        return []
    stated = {
        "mask": item.mask, "canonical": item.canonical, "identifier": item.identifier, "code_list": item.code_list,
        "search": None if item.type is DataType.MEMO and item.search is SearchKind.TEXT else item.search,
    }  # fmt: skip
    return [key for key, value in stated.items() if value is not None]


def _mask_is_idle(item: Item) -> bool:
    masks = [(item.mask, item.sharing), *((variant.mask, variant.sharing) for variant in item.variants)]
    masked = [sharing.type for mask, sharing in masks if mask is not None]
    return bool(masked) and all(kind is SharingType.UNCONDITIONAL for kind in masked)


def _variants(scene: Scene, resource: Resource, item: Item, faults: Faults) -> None:
    if (item.varies_by is None) != (not item.variants):
        faults.add("variants-apart", "varies_by and variants belong together")
    if item.varies_by is None:
        return
    discriminator = scene.has_item(resource.name, item.varies_by, faults.at("varies_by"))
    seen = Counter(value for variant in item.variants for value in variant.values)
    for value in (value for value, times in seen.items() if times > 1):
        faults.at("variants").add("variants-apart", f"{value} stands in more than one variant")
    if discriminator is not None:
        scene.knows_codes(discriminator, iter(sorted(seen)), faults.at("variants"))


def _keys(scene: Scene, resource: Resource, faults: Faults) -> None:
    if not resource.items:
        faults.at("items").add("item-none", f"{resource.name} has no items")
    if not resource.key:
        faults.at("key").add("key-none", f"{resource.name} has no key")
    for place, tuples in (("key", (resource.key,)), ("unique", resource.unique), ("lookups", resource.lookups)):
        for name in (name for each in tuples for name in each):
            item = scene.has_item(resource.name, name, faults.at(place))
            if item is not None and item.type not in _KEY_TYPES:
                message = f"{name} is of type {item.type}, which identifies nothing"
                faults.at(place).add("key-type", message, (resource.name, name))
    live = resource.mode is Mode.LIVE
    if live and resource.key not in resource.lookups:
        faults.at("lookups").add("lookups-missing", "a live resource is asked by declared keys, by its own key first")
    if not live and resource.lookups:
        faults.at("lookups").add("lookups-useless", "only a live resource is asked by lookups")


def _subjects(scene: Scene, resource: Resource, faults: Faults) -> None:
    for column in resource.subjects:
        place = faults.at(column.item)
        item = scene.has_item(resource.name, column.item, place)
        if item is not None and item.type is not DataType.TEXT:
            place.add("text-only", f"a subject is named by text, and {item.name} is of type {item.type}")
        if column.discriminator is None:
            continue
        discriminator = scene.has_item(resource.name, column.discriminator, place.at("discriminator"))
        if discriminator is not None:
            scene.knows_codes(discriminator, iter(column.kinds), place.at("kinds"))


def _bases(scene: Scene) -> None:
    bases: dict[str, str] = {}
    for resource, faults in scene.resources():
        for column in (column for column in resource.subjects if column.base):
            place = faults.at("subjects").at(column.item)
            kinds = list(dict.fromkeys(ref.kind for _, ref in column.refs))
            if len(kinds) != 1 or resource.key != (column.item,):
                place.add("subject-base", f"a base has one kind, and {column.item} alone as its key")
            elif bases.setdefault(kinds[0], resource.name) != resource.name:
                place.add("subject-base", f"{bases[kinds[0]]} is the base of {kinds[0]} already")


def _identities(scene: Scene) -> None:
    """A code hashed without its identity type and one with it would be two subjects."""
    named = [
        (ref, faults.at("subjects").at(column.item))
        for resource, faults in scene.resources()
        for column in resource.subjects
        for _, ref in column.refs
    ]
    typed = {ref.kind for ref, _ in named if ref.id_type}
    for ref, place in named:
        if ref.kind in typed and not ref.id_type:
            message = f"other subjects of the kind {ref.kind} have an identity type: take a discriminator that tells it"
            place.add("subject-identity", message)


def _moments(scene: Scene, resource: Resource, faults: Faults) -> None:
    for moment in resource.moments:
        place = faults.at(moment.name)
        item = scene.has_item(resource.name, moment.item, place) if moment.item else None
        if item is not None and item.type not in (DataType.DATE, DataType.DATETIME):
            message = f"{item.name} is of type {item.type}: a moment is made from a date or a time"
            place.add("moment-type", message, (resource.name, item.name))
