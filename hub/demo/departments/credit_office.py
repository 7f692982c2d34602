"""社会信用管理办公室: credit records as JSON over HTTP, in pages by cursor, with the changes since a moment.

Its manner: nested objects, words for codes, amounts as text with their unit, an API key in a header, and now and then
429 with Retry-After. New records, objections and repairs come by themselves, or by hand under `/__control/`.
"""

from __future__ import annotations

import hmac
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from random import Random

from hub.demo.departments.department import manner, run
from hub.demo.departments.journal import Document, Entry, Journal, Pen, Place, make, spread
from hub.demo.departments.register import start_again
from hub.demo.departments.web_service import Answer, Refused, Request, object_of, secret, serve, told, whole
from hub.demo.world import DIRT, CreditRecord, World
from hub.demo.world.frame import BEIJING

NAME = "社会信用管理办公室"
RECORD = "record"
KEY_HEADER = "x-api-key"
#: Every so many listings one is put off.
PATIENCE_EVERY = 40
MOST, USUAL = 1000, 200
KINDS = {
    "01": "行政许可", "02": "行政处罚", "03": "守信激励", "04": "失信记录", "05": "信用承诺", "06": "践诺情况",
    "07": "信用评价", "08": "合同履约", "09": "经营异常名录", "10": "严重失信名单",
}  # fmt: skip
SUBJECTS = {"01": "法人", "02": "个体户", "03": "自然人", "04": "护照", "05": "居住证"}
SEVERITIES = {"1": "轻微", "2": "一般", "3": "严重"}
VALID, DISPUTED, REPAIRED = "有效", "异议中", "已修复"
STATES = {"1": VALID, "2": DISPUTED, "3": "已撤销", "4": REPAIRED}
#: Who decides what comes while the demo runs.
AUTHORITY = "11350000003600335A"
#: How long a record that comes while the demo runs is in force.
YEARS = 3


def main(argv: list[str]) -> None:
    """Make the journal if it is not there, answer for it, and let a record come or change now and then."""
    how = manner(argv)
    path = how.folder / "credit.db"
    if make(path, lambda: entries(World(how.seed, how.today, how.scale))):
        start_again()
    desk = Desk(Journal(path), secret(how.folder, "api_key"))
    run(NAME, serve(how.folder, desk.answer), desk.change, how.every)


def entries(world: World) -> Iterator[Entry]:
    """Every record as this department keeps it; about one in a hundred dirty, the cast never. Neither changes again."""
    records, shown = world.credit_records, len(world.cast.credit_records)
    for number, record in enumerate(records):
        pick = Random(f"{record.record_id} dirt")  # noqa: S311  # a demo's dirt
        changed = spread(number, len(records), world.today)
        entry = Entry(RECORD, record.record_id, changed, written(record), still=number < shown)
        if number >= shown and pick.random() < DIRT:
            yield from soiled(entry, pick)
        else:
            yield entry


def soiled(entry: Entry, pick: Random) -> list[Entry]:
    """The entry with one fault, or sent twice."""
    soil, entry = pick.choice((*DIRTS, None)), replace(entry, still=True)
    if soil is None:
        return [entry, replace(entry, name=f"{entry.name} again")]
    soil(entry.document, pick)
    return [entry]


def written(record: CreditRecord) -> Document:
    """The record in this department's form."""
    return {
        "recordId": record.record_id,
        "kind": KINDS[record.kind],
        "subject": {
            "kind": SUBJECTS[record.subject_kind], "code": record.subject_code, "name": record.subject_name,
        },
        "document": {
            "number": record.document_no, "category": record.category, "content": record.content, "basis": record.basis,
        },
        "money": {"fine": amount(record.fine), "confiscated": amount(record.confiscated)},
        "severity": SEVERITIES.get(record.severity or ""),
        "dates": {
            "decided": _day(record.decided_on), "validTo": _day(record.valid_to),
            "publicTo": _day(record.publicity_to), "repaired": _day(record.repaired_on),
        },
        "authority": record.authority_code,
        "state": STATES[record.state],
    }  # fmt: skip


def amount(given: Decimal | None) -> str | None:
    """An amount in 万元 as this office says it: small ones in 元."""
    if given is None:
        return None
    return f"{given.normalize():f}万元" if given >= 1 else f"{(given * 10_000).normalize():f}元"


def _day(day: date | None) -> str | None:
    return f"{day:%Y-%m-%d}" if day else None


def _no_number(record: Document, _: Random) -> None:
    record["recordId"] = None


def _failing_check(record: Document, pick: Random) -> None:
    code = record["subject"]["code"]
    record["subject"]["code"] = code[:-1] + pick.choice([each for each in "0123456789" if each != code[-1]])


def _small_letters(record: Document, _: Random) -> None:
    record["subject"]["code"] = f" {record['subject']['code'].lower()}"


def _full_width(record: Document, _: Random) -> None:
    record["subject"]["code"] = "".join(chr(ord(each) + 0xFEE0) for each in record["subject"]["code"])


def _impossible_day(record: Document, _: Random) -> None:
    record["dates"]["decided"] = f"{record['dates']['decided'][:4]}-02-30"


def _odd_amount(record: Document, pick: Random) -> None:
    record["money"]["fine"] = pick.choice(("伍万元整", "3.5", "详见决定书", "12百元"))


def _unknown_kind(record: Document, _: Random) -> None:
    record["kind"] = "其他信息"


DIRTS: Sequence[Callable[[Document, Random], None]] = (
    _no_number, _failing_check, _small_letters, _full_width, _impossible_day, _odd_amount, _unknown_kind,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the questions arrive."""

    journal: Journal
    key: str
    listings: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, request: Request) -> Answer:
        """The description to anybody; records, and changes of them, to who has the key."""
        if request.path == "/openapi.json":
            return Answer(files(__package__).joinpath("credit_office.openapi.json").read_bytes())
        try:
            return self._served(request)
        except Refused as error:
            return told({"code": error.status, "message": str(error)}, error.status)

    def change(self, pick: Random) -> None:
        """A record is repaired or disputed, or a new one comes about the same subject."""
        with self.journal.changing() as pen:
            name, record = pen.pick(RECORD, pick) or ("", {})
            what = pick.choice((repaired, disputed, None))
            if what and record.get("severity") and record["state"] == VALID:
                pen.write(RECORD, name, what(record))
            elif record:
                add(pen, {"subject": record["subject"], "kind": record["kind"], "document": record["document"]})

    def _served(self, request: Request) -> Answer:
        if not hmac.compare_digest(request.headers.get(KEY_HEADER, "").encode(), self.key.encode()):
            raise Refused(401, "API key 无效")
        match request.method, request.path:
            case "GET", "/v2/records":
                return self._listing(request)
            case "POST", "/__control/add":
                with self.journal.changing() as pen:
                    return told({"code": 0, "data": add(pen, object_of(request.body))}, 201)
            case "POST", "/__control/object":
                return self._changed(request, disputed)
            case "POST", "/__control/repair":
                return self._changed(request, repaired)
            case _:
                raise Refused(404, "没有这个接口")

    def _listing(self, request: Request) -> Answer:
        if next(self.listings) % PATIENCE_EVERY == 0:
            return told({"code": 429, "message": "请求过于频繁"}, 429, Retry_After="1")
        limit = whole(request, "limit", USUAL, MOST)
        page = self.journal.page(RECORD, _place(request), limit)
        following = page.after.cursor if len(page.documents) == limit else None
        return told({"code": 0, "data": {"list": page.documents, "next": following}})

    def _changed(self, request: Request, change: Callable[[Document], Document]) -> Answer:
        name = str(object_of(request.body).get("recordId"))
        with self.journal.changing() as pen:
            record = pen.read(RECORD, name)
            if record is None:
                raise Refused(404, f"没有信息 {name}")
            pen.write(RECORD, name, change(record))
        return told({"code": 0, "data": change(record)})


def add(pen: Pen, given: Document) -> Document:
    """A record that comes today: a serious one, but for what is given."""
    today = datetime.now(BEIJING).date()
    until = _day(today + timedelta(days=365 * YEARS))
    record = {
        "recordId": f"XY{today:%Y}3500{9_000_000_000 + pen.next_number()}",
        "kind": KINDS["10"],
        "subject": {},
        "document": {"number": None, "category": None, "content": "被列入严重失信主体名单", "basis": None},
        "money": {"fine": None, "confiscated": None},
        "severity": SEVERITIES["3"],
        "dates": {"decided": _day(today), "validTo": until, "publicTo": until, "repaired": None},
        "authority": AUTHORITY,
        "state": VALID,
    } | given
    pen.write(RECORD, str(record["recordId"]), record)
    return record


def disputed(record: Document) -> Document:
    """The record with an objection against it."""
    return record | {"state": DISPUTED}


def repaired(record: Document) -> Document:
    """The record whose subject made good for it."""
    day = _day(datetime.now(BEIJING).date())
    return record | {"state": REPAIRED, "dates": record["dates"] | {"repaired": day}}


def _place(request: Request) -> Place:
    """Where the page begins: at the cursor, else at the moment, else at the beginning."""
    try:
        if "cursor" in request.query:
            return Place.of(request.query["cursor"])
        return Place.since(request.query.get("since", ""))
    except ValueError as error:
        raise Refused(400, "cursor 或 since 无效") from error


if __name__ == "__main__":
    main(sys.argv[1:])
