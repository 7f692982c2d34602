"""市场监督管理局: registrations in one SQL table with pinyin column names, text dates and capital with its unit.

Its manner: every change stamps `GXSJ`, words for codes, and about one row in a hundred is dirty. The table is its only
state: started again, it goes on from there.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random

from hub.demo.departments.department import manner, run
from hub.demo.world import DIRT, LegalPerson, World
from hub.demo.world.companies import SINGLE, head_near, moved
from hub.demo.world.divisions import ABOLISHED
from hub.demo.world.frame import BEIJING, CAST_ROOM

NAME = "市场监督管理局"
COLUMNS = (
    "TYSHXYDM", "QYMC", "ZTLB", "QYLX", "FDDBR", "FRZJLX", "FRZJHM", "LXDH", "ZCZB", "CLRQ", "YYQXZ", "DJZT", "ZTRQ",
    "XZQH", "ZS", "HYDM", "JYFW", "DJJG",
)  # fmt: skip
TABLE = f"""
CREATE TABLE T_QYJBXX (XH INTEGER PRIMARY KEY, {" TEXT, ".join(COLUMNS)} TEXT, GXSJ TEXT);
CREATE INDEX I_GXSJ ON T_QYJBXX (GXSJ, XH);
"""
ORG_TYPES = {
    "1110": "有限责任公司(国有独资)", "1130": "有限责任公司(自然人投资或控股)", "1151": "有限责任公司(自然人独资)",
    "1153": "有限责任公司(非自然人投资或控股的法人独资)", "1190": "其他有限责任公司", "1220": "股份有限公司(非上市)",
    "9500": "个体工商户",
}  # fmt: skip
STATES = {"1": "存续", "2": "吊销", "3": "注销", "4": "迁出"}
ID_TYPES = {"111": "10"}
Row = dict[str, str | None]


def main(argv: list[str]) -> None:
    """Make the database if it is not there, then keep changing it."""
    how = manner(argv)
    path = how.folder / "registrations.db"
    world = World(how.seed, how.today, how.scale)
    if not path.exists():
        create(path, world)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    run(NAME, f"sqlite:///{path}", lambda pick: change(connection, world, pick), how.every)


def create(path: Path, world: World) -> None:
    """The table with every registration, written whole or not at all."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.executescript(TABLE)
        connection.execute("BEGIN")
        marks = ", ".join("?" * (len(COLUMNS) + 2))
        connection.executemany(f"INSERT INTO T_QYJBXX VALUES ({marks})", rows(world))
        connection.execute("COMMIT")
    part.rename(path)


def rows(world: World) -> Iterator[tuple[object, ...]]:
    """Every registration as this department keeps it, last changed in the year before; about one in a hundred dirty."""
    begin = datetime.combine(world.today, time(), BEIJING) - timedelta(days=366)
    for number, company in enumerate(world.legal_persons, 1):
        row, pick = columns(company), Random(f"{company.uscc} dirt")  # noqa: S311  # a demo's dirt
        if number > len(world.cast.legal_persons) and pick.random() < DIRT:
            pick.choice(FAULTS)(row)
        yield (number, *row.values(), stamp(begin + timedelta(seconds=pick.randrange(365 * 86_400))))


def columns(company: LegalPerson) -> Row:
    """The columns but number and stamp."""
    until, capital = company.term_to, company.registered_capital
    return dict(zip(COLUMNS, (
        company.uscc, company.name, "个体" if company.subject_kind == SINGLE else "企业", ORG_TYPES[company.org_type],
        company.legal_rep_name, ID_TYPES[company.legal_rep_id_type], company.legal_rep_id, company.phone,
        f"{capital}万元人民币", f"{company.established_on:%Y%m%d}", f"{until:%Y%m%d}" if until else "长期",
        STATES[company.status], f"{company.status_on:%Y%m%d}", company.division_code, company.address,
        company.industry_code, company.scope, company.authority_code,
    ), strict=True))  # fmt: skip


def _with(column: str, changed: Callable[[str], str | None]) -> Callable[[Row], None]:
    def fault(row: Row) -> None:
        row[column] = changed(row[column] or "")

    return fault


def _shifted(row: Row) -> None:
    """The values stand one column too far to the right from the name on."""
    values = list(row.values())
    row.update(zip(COLUMNS[1:], ["", *values[1:-1]], strict=True))


#: One kind of real life's dirt each.
FAULTS: tuple[Callable[[Row], None], ...] = (
    _with("TYSHXYDM", lambda code: code[:-1] + ("8" if code.endswith("0") else "0")),
    _with("TYSHXYDM", lambda code: f" {code.lower()} "),
    _with("TYSHXYDM", lambda code: "".join(chr(ord(c) + 0xFEE0) for c in code)),
    _with("TYSHXYDM", lambda _: None),
    _with("TYSHXYDM", lambda code: f"{code[:8]} {code[8:]}"),
    _with("CLRQ", lambda _: "20230230"),
    _with("ZCZB", lambda _: "详见章程"),
    _with("ZCZB", lambda text: text.replace("万元人民币", "万美元")),
    _with("ZCZB", lambda text: f"{float(text.removesuffix('万元人民币')) * 10_000:.0f}元"),
    _with("QYLX", lambda _: None),
    _with("DJZT", lambda _: "开业"),
    _with("XZQH", lambda _: ABOLISHED[0]),
    _with("XZQH", lambda _: "999999"),
    _with("FRZJHM", lambda number: number[:6] + number[8:17]),
    _with("FRZJHM", lambda number: number[:-1]),
    _with("LXDH", lambda _: "无"),
    _shifted,
)


def change(connection: sqlite3.Connection, world: World, pick: Random) -> None:
    """Somebody else represents one legal person, or it moves: in one row behind those kept for the cast."""
    number = pick.randrange(min(CAST_ROOM, world.size - 1), world.size)
    if pick.random() < 0.5:
        where = moved(world.legal_person(number), pick)
        new = {"XZQH": where.division_code, "ZS": where.address}
    else:
        owner = world.person(head_near(pick.randrange(CAST_ROOM, world.size)))
        new = {"FDDBR": owner.name, "FRZJLX": ID_TYPES[owner.id_type], "FRZJHM": owner.id_number}
    sets = ", ".join(f"{column} = ?" for column in (*new, "GXSJ"))
    connection.execute(
        f"UPDATE T_QYJBXX SET {sets} WHERE XH = ?", (*new.values(), stamp(datetime.now(UTC)), number + 1)
    )


def stamp(at: datetime) -> str:
    """A point of time as the department's table writes it: Beijing time without saying so."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


if __name__ == "__main__":
    main(sys.argv[1:])
