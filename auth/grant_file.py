"""A grant file (TOML; `hub grant request FILE`, `hub grant approve FILE`) ⇄ grants. Every fault is reported at once.

Text in, values out: no file is opened, no clock read. What a grant gives is checked against the published catalogue;
whether its client exists and its time lies ahead is the caller's.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import tomlkit

from auth.grants import Approval, Grant, Shown
from auth.purpose import is_code
from catalogue.faults import Fault, Faults
from catalogue.model import Item, Resource, SharingType
from catalogue.rules import SHANGHAI, TRUE
from catalogue.snapshot import Snapshot
from catalogue.where import read_rule, rule_to_mapping


class GrantFileError(Exception):
    """A grant file that cannot be used; one line a fault. A person must correct what `faults` name."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def grants_from_toml(text: str, origin: str, snapshot: Snapshot) -> tuple[Grant, ...]:
    """The requested grants of a file's `[[grants]]` tables, approvals included; GrantFileError has every fault at once.

    Keys are `Grant`'s (`client` for its `client_id`); `id` may be left out. `until` is a time; without an offset it is
    Asia/Shanghai's, a date means its first instant. Whether the client exists and `until` lies ahead is the caller's.
    """
    faults = Faults(origin)
    found = [_read(table, snapshot, at) for table, at in _tables(text, faults)]
    grants = [grant for grant in found if grant]
    _no_two(grants, faults)
    if faults.found:
        raise GrantFileError(faults.found)
    return tuple(grants)


def grant_to_toml(grant: Grant, resource: Resource) -> str:
    """The file that would give the grant again, as a request with its approvals. State and reason are not written."""
    table: dict[str, object] = {
        "id": grant.id, "client": grant.client_id, "resource": grant.resource, "purpose": grant.purpose,
        "until": grant.until, "items": {name: shown.value for name, shown in grant.items.items()},
        "verify": sorted(grant.verify), "links": sorted(grant.links), "lookup": grant.lookup, "quota": grant.quota,
        "statutory": grant.statutory, "consent_required": grant.consent_required, "document": grant.document,
        "rows": rule_to_mapping(grant.rows, resource) if grant.rows != TRUE else None,
        "approvals": [{"person": a.person, "role": a.role, "at": a.at} for a in grant.approvals],
    }  # fmt: skip
    return tomlkit.dumps({"grants": [{key: value for key, value in table.items() if _said(value)}]})


_Kinds = Mapping[str, type | tuple[type, ...]]
_TIME = (datetime, date)
_REQUIRED: _Kinds = {"client": str, "resource": str, "purpose": str, "until": _TIME}
_OPTIONAL: _Kinds = {
    "id": str, "items": dict, "verify": list, "links": list, "lookup": bool, "rows": dict, "quota": int,
    "statutory": bool, "consent_required": bool, "document": str, "approvals": list,
}  # fmt: skip
_AS_SAID = ("lookup", "quota", "statutory", "consent_required", "document")
#: Stands in for a missing `until`, whose fault is reported.
_NEVER = date(9999, 12, 31)
_APPROVAL: _Kinds = {"person": str, "role": str, "at": _TIME}


def _said(value: object) -> bool:
    """Whether a value says more than leaving it out would; a quota of 0 does."""
    return value is not None and value is not False and value not in ("", [], {})


def _tables(text: str, faults: Faults) -> Iterator[tuple[object, Faults]]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        faults.add("toml", str(error))
        return
    for key in document.keys() - {"grants"}:
        faults.at(key).add("unknown-key", "a grant file has [[grants]] tables only")
    tables = document.get("grants")
    if not isinstance(tables, list) or not tables:
        faults.add("grants", "a grant file has at least one [[grants]] table")
        return
    for number, table in enumerate(tables, 1):
        yield table, faults.at(f"grants.{number}")


def _read(table: object, snapshot: Snapshot, faults: Faults) -> Grant | None:
    """The grant that a table asks for; None where too little of it can be read. All its faults are reported."""
    said = _fields(table, _REQUIRED, _OPTIONAL, faults)
    _check(said, snapshot, faults)
    resource = snapshot.resources.get(said.get("resource", ""))
    if resource is None:
        return None
    grant = Grant(
        id="", client_id=said.get("client", ""), resource=resource.name, purpose=said.get("purpose", ""),
        until=_instant(said.get("until", _NEVER)),
        items=_items(said.get("items", {}), resource, faults.at("items")),
        verify=_verify(said.get("verify", []), resource, faults.at("verify")),
        links=_links(said.get("links", []), resource, snapshot, faults.at("links")),
        rows=read_rule(said["rows"], resource, faults.at("rows")) if "rows" in said else TRUE,
        approvals=_approvals(said.get("approvals", []), faults.at("approvals")),
        **{key: said[key] for key in _AS_SAID if key in said},
    )  # fmt: skip
    return replace(grant, id=said.get("id", f"{grant.client_id}.{grant.resource}.{grant.purpose}"))


def _check(said: Mapping[str, Any], snapshot: Snapshot, faults: Faults) -> None:
    """What each value says by itself."""
    if "purpose" in said and not is_code(said["purpose"]):
        faults.at("purpose").add("purpose", "a code starts with a letter and is a token of RFC 9651")
    if said.get("quota", 0) < 0:
        faults.at("quota").add("quota", "takes a number of records, 0 or more")
    if "resource" in said and said["resource"] not in snapshot.resources:
        faults.at("resource").add("unknown-resource", f"{said['resource']} is not published")


def _fields(table: object, required: _Kinds, optional: _Kinds, faults: Faults) -> dict[str, Any]:
    """What a table says, as far as each value has its type; unknown, missing and mistyped keys are reported."""
    if not isinstance(table, dict):
        faults.add("type", "takes a table")
        return {}
    for key in required.keys() - table.keys():
        faults.at(key).add("missing", "must be given")
    kinds = {**required, **optional}
    good = {}
    for key, value in table.items():
        if key not in kinds:
            faults.at(key).add("unknown-key", f"the keys are {', '.join(kinds)}")
        elif not isinstance(value, kinds[key]) or (isinstance(value, bool) and kinds[key] is not bool) or value == "":
            faults.at(key).add("type", f"{value!r} does not fit here")
        else:
            good[key] = value
    return good


def _items(shown: Mapping[str, object], resource: Resource, faults: Faults) -> dict[str, Shown]:
    known = _known(list(shown), resource, faults)
    for name in known:
        if shown[name] not in list(Shown):
            faults.at(name).add("shown", 'an item is shown "masked" or "plain"')
        elif shown[name] == Shown.MASKED and not _has_mask(resource.item(name)):
            faults.at(name).add("no-mask", f"{name} of {resource.name} has no mask: masked, it would be shown plain")
    return {name: Shown(str(shown[name])) for name in known if shown[name] in list(Shown)}


def _has_mask(item: Item) -> bool:
    return item.mask is not None or any(variant.mask is not None for variant in item.variants)


def _verify(names: list[object], resource: Resource, faults: Faults) -> frozenset[str]:
    known = _known(names, resource, faults)
    for name, item in known.items():
        if not item.verify:
            faults.at(name).add("not-verifiable", f"{name} of {resource.name} is not for verification")
    return frozenset(known)


def _known(names: list[object], resource: Resource, faults: Faults) -> dict[str, Item]:
    """The items of those names that a grant may give; the others are reported."""
    items = {item.name: item for item in resource.items}
    known = {}
    for name in names:
        item = items.get(name) if isinstance(name, str) else None
        if item is None:
            faults.at(str(name)).add("unknown-item", f"{resource.name} has no item {name}")
        elif all(sharing.type is SharingType.DENIED for sharing in (item.sharing, *(v.sharing for v in item.variants))):
            faults.at(item.name).add("item-denied", f"{name} of {resource.name} is 不予: no grant gives it")
        else:
            known[item.name] = item
    return known


def _links(names: list[object], resource: Resource, snapshot: Snapshot, faults: Faults) -> frozenset[str]:
    ends = snapshot.links_of(resource.name)
    for name in map(str, names):
        if name not in ends:
            faults.at(name).add("unknown-link", f"{resource.name} has no link {name}")
        elif ends[name].link.sharing.type is SharingType.DENIED:
            faults.at(name).add("link-denied", f"the link {name} of {resource.name} is 不予: no grant gives it")
    return frozenset(map(str, names))


def _approvals(tables: list[object], faults: Faults) -> tuple[Approval, ...]:
    read = [_fields(table, _APPROVAL, {}, faults.at(str(number))) for number, table in enumerate(tables, 1)]
    return tuple(Approval(a["person"], a["role"], _instant(a["at"])) for a in read if a.keys() == _APPROVAL.keys())


def _instant(value: date) -> datetime:
    at = value if isinstance(value, datetime) else datetime.combine(value, time())
    return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)


def _no_two(grants: list[Grant], faults: Faults) -> None:
    said: list[tuple[str, ...]] = [("id", g.id) for g in grants]
    said += [(g.client_id, g.resource, g.purpose) for g in grants if g.client_id and g.purpose]
    for place, times in Counter(said).items():
        if times > 1:
            faults.add("twice", f"{' '.join(place)} stands in {times} tables")
