"""行政审批局: licences in a folder, one GB18030 CSV a type and issuing month, one type as an XLSX workbook.

Its manner: dates with slashes, `长期` for no end, a broken byte or a shifted row now and then; a file is written anew
whenever a licence in it changes.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from openpyxl import Workbook

from hub.demo.department import manner, run
from hub.demo.world import DIRT, Licence, World

NAME = "行政审批局"
HEAD = (
    "电子证照标识", "证照类型代码", "证照名称", "证照编号", "等级", "持证主体类型", "持证主体代码", "持证主体名称",
    "颁发机构代码", "颁发日期", "有效期起", "有效期止", "状态", "许可内容",
)  # fmt: skip
WORKBOOK_TYPE = "PWXK"


def main(argv: list[str]) -> None:
    """Write the folder if it is empty, then keep changing one file of it."""
    how = manner(argv)
    world = World(how.seed, how.today, how.scale)
    folder = how.folder / "licences"
    books = by_file(world.licences)
    if not folder.exists():
        write_all(folder, books)
    changing = [
        (name, place)
        for name, licences in books.items()
        for place, licence in enumerate(licences)
        if name.endswith(".csv") and licence.holder_code not in world.shown
    ]

    def change(pick: Random) -> None:
        name, place = pick.choice(changing)
        licence = books[name][place]
        status = "注销" if licence.status == "有效" else "有效"
        books[name][place] = replace(licence, status=status)
        write(folder / name, books[name])

    run(NAME, folder.as_uri(), change, how.every)


def by_file(licences: Sequence[Licence]) -> dict[str, list[Licence]]:
    """Which licences stand in which file."""
    books: dict[str, list[Licence]] = defaultdict(list)
    for licence in licences:
        plain = licence.type_code == WORKBOOK_TYPE
        books[f"{licence.type_code}.xlsx" if plain else f"{licence.type_code}-{licence.issued:%Y%m}.csv"].append(
            licence
        )
    return dict(books)


def write_all(folder: Path, books: dict[str, list[Licence]]) -> None:
    """The whole folder, there at once or not at all."""
    part = folder.with_suffix(".part")
    part.mkdir(exist_ok=True)
    for name, licences in books.items():
        write(part / name, licences)
    part.rename(folder)


def write(path: Path, licences: Sequence[Licence]) -> None:
    """One file, replaced at once: who reads it sees the old one or the new one."""
    part = path.with_name(f".{path.name}.part")
    if path.suffix == ".xlsx":
        book = Workbook(write_only=True)
        sheet = book.create_sheet("证照")
        sheet.append(HEAD)
        for licence in licences:
            sheet.append(cells(licence))
        book.save(part)
    else:
        part.write_bytes(encoded(licences))
    part.replace(path)


def encoded(licences: Sequence[Licence]) -> bytes:
    """A CSV in GB18030; about one row in a hundred has what real files have, the same each time it is written."""
    lines = [line(HEAD)]
    for licence in licences:
        row, pick = line(cells(licence)), Random(licence.id)  # noqa: S311  # a demo's dirt
        lines.append(soiled(row, cells(licence), pick) if pick.random() < DIRT else row)
    return b"".join(lines)


def line(row: Sequence[str]) -> bytes:
    """One CSV line."""
    text = io.StringIO()
    csv.writer(text).writerow(row)
    return text.getvalue().encode("gb18030")


def cells(licence: Licence) -> tuple[str, ...]:
    """The row as this department writes it."""
    until = f"{licence.valid_to:%Y/%m/%d}" if licence.valid_to else "长期"
    return (
        licence.id, licence.type_code, licence.type_name, licence.number, licence.level, licence.holder_kind,
        licence.holder_code, licence.holder_name, licence.issuer, f"{licence.issued:%Y/%m/%d}",
        f"{licence.issued:%Y/%m/%d}", until, licence.status, licence.scope,
    )  # fmt: skip


def soiled(row: bytes, clean: tuple[str, ...], pick: Random) -> bytes:
    """The row with one fault: broken bytes, a column too many, no date, a repeated row, blanks in a code."""
    kind = pick.randrange(5)
    if kind == 0:
        return row[:40] + b"\xff\xff" + row[40:]
    if kind == 1:
        return line((*clean[:8], "", *clean[8:]))
    if kind == 2:
        return line((*clean[:9], "2023/02/30", *clean[10:]))
    if kind == 3:
        return row + row
    return line((*clean[:6], f"  {clean[6].lower()}", *clean[7:]))


if __name__ == "__main__":
    main(sys.argv[1:])
