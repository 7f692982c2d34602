"""统计局: figures in a folder, one workbook a month of release, under a title and a head of two rows with merged cells.

Its manner: regions by name and code, shares as text with a per cent sign, a footnote behind a period; a preliminary
figure is revised now and then. Workbooks hold figures that are not released yet. The folder is its only state.
"""

from __future__ import annotations

import io
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from hub.demo.departments import folder
from hub.demo.departments.department import manner, run
from hub.demo.world import DIRT, EconomicIndicator, World
from hub.demo.world.divisions import NAMES

NAME = "统计局"
#: The head's upper row, by the number of columns under each.
GROUPS = (("指标", 2), ("地区", 2), ("时期", 2), ("数值", 5), ("发布", 4))
HEAD = (
    "指标代码", "指标名称", "行政区划代码", "地区名称", "报告期", "频度", "数值", "计量单位", "同比(%)", "累计", "价格",
    "版本", "行业", "发布时间", "来源",
)  # fmt: skip
#: Rows above the first figure: a title, the groups, the head.
ABOVE = 3
REGION, PERIOD, VALUE, YOY, VINTAGE, RELEASED = 2, 4, 6, 8, 11, 13
FREQUENCIES = {"1": "年", "2": "半年", "3": "季", "4": "月"}
PRICES = {"1": "现价", "2": "不变价", "3": "可比价"}
VINTAGES = {"1": "初步", "2": "最终核实"}
#: Figures are revised this many times more rarely than others' records change.
RARELY = 10
Cells = list[str | float | None]


def main(argv: list[str]) -> None:
    """Write the folder if it is not there, then keep revising its figures."""
    how = manner(argv)
    place = how.folder / "figures"
    folder.create(place, lambda: files(World(how.seed, how.today, how.scale)))
    run(NAME, place.as_uri(), lambda pick: change(place, pick), how.every * RARELY)


def files(world: World) -> Iterator[tuple[str, bytes]]:
    """Every workbook of the folder."""
    books: dict[str, list[Cells]] = defaultdict(list)
    for one in world.economic_indicators:
        books[f"{one.released_at:%Y-%m}"].append(written(one))
    for month, rows in books.items():
        yield f"主要经济指标-{month}.xlsx", workbook(month, rows)


def workbook(month: str, rows: Sequence[Cells]) -> bytes:
    """A workbook as a statistician lays it out."""
    book, content = Workbook(), io.BytesIO()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "主要指标"
    _above(sheet, month)
    for row in rows:
        sheet.append(row)
    book.save(content)
    return content.getvalue()


def _above(sheet: Worksheet, month: str) -> None:
    sheet.append([f"{month} 发布的主要经济指标"])
    sheet.append([cell for name, width in GROUPS for cell in (name, *[None] * (width - 1))])
    sheet.append(list(HEAD))
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(HEAD))
    column = 1
    for _, width in GROUPS:
        sheet.merge_cells(start_row=2, end_row=2, start_column=column, end_column=column + width - 1)
        column += width


def written(one: EconomicIndicator) -> Cells:
    """The row as this department writes it; one final figure in a hundred with what real workbooks have."""
    pick, row = Random(f"{one.indicator_code} {one.division_code} {one.period} dirt"), cells(one)  # noqa: S311  # dirt
    if one.vintage == "2" and pick.random() < DIRT:
        place, cell = pick.choice(FAULTS)
        row[place] = cell
    return row


#: One cell each that spoils a row.
FAULTS: tuple[tuple[int, str | None], ...] = (
    (REGION, None), (VALUE, "—"), (VALUE, "#REF!"), (YOY, "持平"), (VINTAGE, "快报"), (RELEASED, "待定"),
)  # fmt: skip


def cells(one: EconomicIndicator) -> Cells:
    """The clean row."""
    return [
        one.indicator_code, one.indicator_name, one.division_code, NAMES[one.division_code], one.period,
        FREQUENCIES[one.frequency], float(one.value), one.unit, None if one.yoy is None else f"{one.yoy}%",
        "是" if one.cumulative else "否", PRICES.get(one.price_basis or ""), VINTAGES[one.vintage], one.industry_code,
        f"{one.released_at:%Y-%m-%d %H:%M}", one.source_code,
    ]  # fmt: skip


def change(place: Path, pick: Random) -> None:
    """A preliminary figure of a period that is not the newest is revised by a little."""
    path = pick.choice(sorted(place.glob("*.xlsx"))[:-1])
    book = load_workbook(path)
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    row = sheet[pick.randrange(ABOVE + 1, sheet.max_row + 1)]
    if row[VINTAGE].value == VINTAGES["1"] and isinstance(row[VALUE].value, int | float):
        row[VALUE].value = float((Decimal(str(row[VALUE].value)) * Decimal("1.001")).quantize(Decimal("0.01")))
        content = io.BytesIO()
        book.save(content)
        folder.replace(path, content.getvalue())


if __name__ == "__main__":
    main(sys.argv[1:])
