"""Rows → what the answer shows of them: formatted scalars, codes with their names, masks, provenance. Pure.

Step 6 of walk 1 (a question). Every function here is made once a plan and called once a record; decisions were made
before, only a discriminator's value in the row may pick among outcomes that the plan knows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import orjson

from auth.decide import Decision, ItemDecision, Outcome
from auth.masks import apply
from catalogue.model import CodeList, DataType, Item, Mask, Resource
from catalogue.rules import SHANGHAI, Value
from catalogue.snapshot import Snapshot
from hub.engine.plan import At, Shown, Write
from hub.files.address import FilePlace
from hub.operations.records import Coded, File, Provenance, RecordWarning
from hub.records.handles import tag
from hub.records.model import Row
from hub.schema.items import coded
from hub.schema.scalars import DateTime

Format = Callable[[Value], object]


def write_null(_row: Row, _shown: Shown) -> object:
    """A field that this client does not get."""
    return None


def write_id(resource: Resource) -> Write:
    """The record's id: its resource's tag and its handle."""
    head = f"{tag(resource.name)}."
    return lambda row, _shown: f"{head}{row['_handle']}"


def write_item(resource: str, item: Item, decided: ItemDecision, codes: CodeList | None, at: At) -> Write:
    """The item as the decision shows it."""
    show = _shower(resource, item, codes)
    if decided.varies_by is None:
        return _fixed(item, decided, show)
    default = _varying(item, decided, show, at)
    by_value = {value: _varying(item, d, show, at) for value, d in decided.by_value.items()}
    discriminator = decided.varies_by
    return lambda row, shown: by_value.get(str(row[discriminator]), default)(row, shown)


def write_provenance(snapshot: Snapshot, resource: Resource, decision: Decision) -> Write:
    """Where the record comes from. A warning is shown where its item is plain for that record."""

    def write(row: Row, _shown: Shown) -> Provenance:
        department = snapshot.department_of(str(row["_binding"]))
        return Provenance(
            resource=resource.name,
            department=department.name if department else None,
            department_code=department.code if department else None,
            as_of=time_text(row["_as_of"]),
            pulled_at=time_text(row["_pulled_at"]),
            warnings=[warning for warning in _warnings(row) if _plain(decision, warning.item, row)],
        )

    return write


def formatter(item: Item, codes: CodeList | None) -> Format:
    """How a stored value of the item is printed; None stays None."""
    plain = _scalar(item)
    if not coded(item):
        return lambda value: None if value is None else plain(value)
    names = codes.codes if codes else {}

    def named(value: Value) -> object:
        """A list may hold a code as it is stored or as it is printed."""
        printed = str(plain(value))
        return _coded(printed, names.get(str(value)) or names.get(printed))

    return lambda value: None if value is None else named(value)


def time_text(value: Value) -> DateTime | None:
    """A stored time with the offset of Asia/Shanghai."""
    if not isinstance(value, str):
        return None
    return DateTime(datetime.fromisoformat(value).astimezone(SHANGHAI).isoformat(timespec="milliseconds"))


def maskable(item: Item) -> bool:
    """Masks are for text alone; another item that would be masked is denied."""
    return item.type in (DataType.TEXT, DataType.MEMO)


def _shower(resource: str, item: Item, codes: CodeList | None) -> Write:
    """The item as it is to whom it is plain; a file with the place that its address will lead back to."""
    name = item.name
    if item.type is DataType.BLOB:
        return lambda row, _shown: _file(resource, name, row)
    show = formatter(item, codes)
    return lambda row, _shown: show(row[name])


def _file(resource: str, name: str, row: Row) -> File | None:
    if row[name] is None:
        return None
    place = FilePlace(resource, str(row["_handle"]), name, str(row["_binding"]), str(row[name]))
    return File(digest=place.digest, place=place)


def _fixed(item: Item, decided: ItemDecision, show: Write) -> Write:
    """The same for every record; what is denied or masked then is known from the plan already."""
    name = item.name
    if decided.outcome is Outcome.DENIED:
        return write_null
    if decided.outcome is Outcome.PLAIN:
        return show
    hide = _masker(item, decided.mask)
    return lambda row, _shown: hide(row[name])


def _varying(item: Item, decided: ItemDecision, show: Write, at: At) -> Write:
    """For records of one discriminator value; what is denied or masked is noted when it happens."""
    write = _fixed(item, decided, show)
    if decided.outcome is Outcome.PLAIN:
        return write

    def noted(row: Row, shown: Shown) -> object:
        if decided.outcome is Outcome.DENIED:
            shown.denied[at.field] = at
        else:
            shown.masked.add(at.field)
        return write(row, shown)

    return noted


def _masker(item: Item, mask: Mask | None) -> Format:
    if mask is None or not maskable(item):
        return lambda _value: None
    if coded(item):
        return lambda value: None if value is None else _coded(apply(mask, str(value)), None)
    return lambda value: None if value is None else apply(mask, str(value))


def _scalar(item: Item) -> Callable[[Value], object]:
    if item.type is DataType.DATETIME:
        return time_text
    if item.type is DataType.MONEY or item.scale:
        return lambda value: _decimal(int(value or 0), item.scale)
    if item.canonical is not None and item.length is not None:
        length = item.length
        return lambda value: _unpadded(str(value), length)
    return lambda value: value


def _decimal(value: int, scale: int) -> str:
    """`1234560000` at scale 6 → `1234.560000`."""
    digits = f"{abs(value):0{scale + 1}d}"
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"


def _unpadded(text: str, length: int) -> str:
    """A division is stored with twelve digits and printed with the item's own number of them."""
    return text[:length] if not text[length:].strip("0") else text


def _coded(code: str, name: str | None) -> Coded:
    return Coded(code=code, name=name)


def _warnings(row: Row) -> list[RecordWarning]:
    text = row["_warnings"]
    found = orjson.loads(text) if isinstance(text, str) and text else []
    return [RecordWarning(item=w["item"], code=w["code"], message=w["message"]) for w in found]


def _plain(decision: Decision, item: str, row: Row) -> bool:
    decided = decision.items.get(item)
    if decided is None:
        return False
    if decided.varies_by is not None:
        decided = decided.for_value(row.get(decided.varies_by))
    return decided.outcome is Outcome.PLAIN
