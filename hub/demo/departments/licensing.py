"""行政审批局: licences in a folder, one GB18030 CSV a type and quarter of issue, one type as an XLSX workbook.

Its manner: dates with slashes, `长期` for no end, words for codes, a broken byte or a shifted row now and then; a file
is written anew whenever a licence in it changes. Faces of licences stand as PDF files in a folder of their own. The
folder is its only state: started again, it goes on from there.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from openpyxl import Workbook

from hub.demo.departments import folder
from hub.demo.departments.department import manner, run
from hub.demo.world import DIRT, Licence, World
from hub.demo.world.codes import renewed_identifier
from hub.demo.world.frame import BEIJING
from hub.demo.world.licences import LEGAL_HOLDER, TYPES, years_on

NAME = "行政审批局"
HEAD = (
    "电子证照标识", "证照类别", "证照类型代码", "证照名称", "证照编号", "等级", "持证主体类型", "持证主体代码",
    "持证主体名称", "颁发机构代码", "颁发日期", "有效期起", "有效期止", "状态", "许可内容", "关联证照标识", "办件编号",
    "版式文件",
)  # fmt: skip
ID, TYPE, NUMBER, HOLDER, ISSUED, SINCE, UNTIL, STATUS = 0, 2, 4, 7, 10, 11, 12, 13
PREVIOUS, CASE, FILE = 15, 16, 17
KINDS = {"1": "证照", "2": "批文", "3": "资质", "4": "证明"}
HOLDERS = {LEGAL_HOLDER: "法人", "111": "自然人"}
STATES = {"01": "有效", "02": "失效", "03": "暂扣", "04": "吊销", "05": "注销", "06": "撤销"}
WORKBOOK_TYPE = "PWXK"
#: The folder of the faces inside the folder, by the beginning of their digests.
FACES = "faces"
Cells = list[str]


def main(argv: list[str]) -> None:
    """Write the folder if it is not there, then keep changing its files."""
    how = manner(argv)
    world, place = World(how.seed, how.today, how.scale), how.folder / "licences"
    folder.create(place, lambda: files(world))
    cast = frozenset(licence.licence_id for licence in world.cast.licences)
    run(NAME, place.as_uri(), lambda pick: change(place, cast, pick, datetime.now(BEIJING).date()), how.every)


def files(world: World) -> Iterator[tuple[str, bytes]]:
    """Every file of the folder."""
    lines: dict[str, list[bytes]] = defaultdict(list)
    book = [list(HEAD)]
    for place, licence in enumerate(world.licences):
        if licence.type_code == WORKBOOK_TYPE:
            book.append(cells(licence))
        else:
            clean = place < len(world.cast.licences)
            lines[file_of(licence.type_code, licence.issued_on)].append(written(cells(licence), licence, clean=clean))
    for name, each in lines.items():
        yield name, b"".join((line(HEAD), *each))
    yield f"{WORKBOOK_TYPE}.xlsx", workbook(book)
    for digest, content in world.cast.files.items():
        digits = digest.removeprefix("sha256:")
        yield f"{FACES}/{digits[:2]}/{digits}.pdf", content


def file_of(type_code: str, issued: date) -> str:
    """The file in which a licence stands."""
    return f"{type_code}-{issued:%Y}Q{(issued.month + 2) // 3}.csv"


def workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """A workbook with one sheet."""
    book, content = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("证照")
    for row in rows:
        sheet.append(row)
    book.save(content)
    return content.getvalue()


def line(row: Sequence[str]) -> bytes:
    """One CSV line."""
    text = io.StringIO()
    csv.writer(text).writerow(row)
    return text.getvalue().encode("gb18030")


def cells(licence: Licence) -> Cells:
    """The row as this department writes it."""
    return [
        licence.licence_id, KINDS[licence.kind], licence.type_code, licence.type_name, licence.number, licence.level,
        HOLDERS[licence.holder_kind], licence.holder_code, licence.holder_name, licence.issuer_code,
        day(licence.issued_on), day(licence.valid_from), day(licence.valid_to) if licence.valid_to else "长期",
        STATES[licence.status], licence.scope, licence.previous_id or "", licence.process_no or "",
        licence.file_digest or "",
    ]  # fmt: skip


def day(one: date) -> str:
    """A date as this department writes it."""
    return f"{one:%Y/%m/%d}"


def written(row: Cells, licence: Licence, *, clean: bool) -> bytes:
    """The line, or one time in a hundred what real files have in its place."""
    pick = Random(f"{licence.licence_id} dirt")  # noqa: S311  # a demo's dirt needs no cryptography
    return line(row) if clean or pick.random() >= DIRT else pick.choice(FAULTS)(row)


def _with(place: int, changed: Callable[[str], str]) -> Callable[[Cells], bytes]:
    return lambda row: line([*row[:place], changed(row[place]), *row[place + 1 :]])


#: One fault each: broken bytes, a column too many, a repeated row, no key, impossible dates, codes in odd spellings.
FAULTS: tuple[Callable[[Cells], bytes], ...] = (
    lambda row: line(row)[:40] + b"\xff\xff" + line(row)[40:],
    lambda row: line([*row[:9], "", *row[9:]]),
    lambda row: line(row) * 2,
    _with(ID, lambda _: ""),
    _with(ISSUED, lambda _: "2023/02/30"),
    _with(UNTIL, lambda _: "2029/13/01"),
    _with(HOLDER, lambda code: f"  {code.lower()} "),
    _with(HOLDER, lambda code: "".join(chr(ord(c) + 0xFEE0) for c in code)),
    _with(HOLDER, lambda code: code[:-1] + ("8" if code.endswith("0") else "0")),
    _with(TYPE, lambda _: "QTZZ"),
    _with(STATUS, lambda _: "在用"),
)


def change(place: Path, cast: frozenset[str], pick: Random, today: date) -> None:
    """A licence is suspended or in force again; now and then one that expires soon is renewed. The cast stays."""
    if pick.random() < 0.3 and renew(place, cast, pick, today):
        return
    path = place / pick.choice(sorted(found.name for found in place.glob("*.csv")))
    folder.change_line(path, pick, lambda old: _turned(old, cast), head=1)


def _turned(old: bytes, cast: frozenset[str]) -> bytes | None:
    row = _read(old, cast)
    turned = {"有效": "暂扣", "暂扣": "有效"}.get(row[STATUS]) if row else None
    return None if row is None or turned is None else line([*row[:STATUS], turned, *row[STATUS + 1 :]])


def renew(place: Path, cast: frozenset[str], pick: Random, today: date) -> bool:
    """One licence that expires within thirty days is cancelled, and the licence that follows it written."""
    renewed: list[Cells] = []

    def cancelled(old: bytes) -> bytes | None:
        row = _read(old, cast)
        if row is None or row[STATUS] != "有效" or not _soon(row[UNTIL], today):
            return None
        renewed.append(row)
        return line([*row[:STATUS], "注销", *row[STATUS + 1 :]])

    for path in _expiring_files(place, today):
        if folder.change_line(path, pick, cancelled, head=1):
            new = follower(renewed[0], today)
            folder.add_line(place / file_of(new[TYPE], today), line(HEAD), line(new))
            return True
    return False


def follower(old: Cells, today: date) -> Cells:
    """The licence that follows one: the next version of its identifier, valid from when the old one ended."""
    new, begins = list(old), datetime.strptime(old[UNTIL], "%Y/%m/%d").replace(tzinfo=UTC).date()
    new[ID], new[NUMBER] = renewed_identifier(old[ID]), f"{old[NUMBER]}-{today:%Y}"
    new[ISSUED], new[SINCE], new[UNTIL] = day(today), day(begins), day(years_on(begins, TYPES[old[TYPE]]["years"]))
    new[PREVIOUS], new[CASE], new[FILE] = old[ID], "", ""
    return new


def _expiring_files(place: Path, today: date) -> list[Path]:
    """The files in which licences stand that may expire within thirty days."""
    ends = {today, today + timedelta(days=30)}
    names = {
        file_of(code, years_on(end, -kind["years"])) for code, kind in TYPES.items() for end in ends if kind["years"]
    }
    return [place / name for name in sorted(names) if (place / name).exists()]


def _soon(until: str, today: date) -> bool:
    """Whether that text is a date within thirty days of today."""
    return day(today) < until <= day(today + timedelta(days=30)) and until[4:5] == "/"


def _read(old: bytes, cast: frozenset[str]) -> Cells | None:
    """The cells of a line that is as it should be and not the cast's."""
    try:
        (row,) = csv.reader([old.decode("gb18030")])
    except ValueError:  # broken bytes
        return None
    return row if len(row) == len(HEAD) and row[ID] and row[ID] not in cast and row[TYPE] in TYPES else None


if __name__ == "__main__":
    main(sys.argv[1:])
