"""市场监督管理局: registrations in one SQL table with pinyin column names, text dates and capital with its unit.

Its manner: every change stamps `GXSJ`, codes come in lower case or with blanks now and then, a few rows are dirty.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta, timezone
from pathlib import Path
from random import Random

from hub.demo.department import manner, run
from hub.demo.world import DIRT, SHOWN, LegalPerson, World

NAME = "市场监督管理局"
TABLE = """
CREATE TABLE T_QYJBXX (
    XH INTEGER PRIMARY KEY, TYSHXYDM TEXT, QYMC TEXT, FDDBR TEXT, FRZJLX TEXT, FRZJHM TEXT, LXDH TEXT, ZCZB TEXT,
    CLRQ TEXT, YYQXZ TEXT, DJZT TEXT, XZQH TEXT, ZS TEXT, HYDM TEXT, JYFW TEXT, DJJG TEXT,
    ZTLB TEXT, GXSJ TEXT
);
CREATE INDEX I_GXSJ ON T_QYJBXX (GXSJ, XH);
"""
AUTHORITY = "11350000003600335A"
BEIJING = timezone(timedelta(hours=8))


def main(argv: list[str]) -> None:
    """Make the database if it is not there, then keep changing it."""
    how = manner(argv)
    path = how.folder / "registrations.db"
    world = World(how.seed, how.today, how.scale)
    if not path.exists():
        create(path, world, Random(how.seed))  # noqa: S311  # a demo's dirt needs no cryptography
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")

    def change(pick: Random) -> None:
        number = pick.randrange(min(SHOWN, len(world.legal_persons) - 1), len(world.legal_persons))
        world.legal_persons[number] = world.moved(world.legal_persons[number], pick)
        save(connection, number + 1, world.legal_persons[number])

    run(NAME, f"sqlite:///{path}", change, how.every)


def create(path: Path, world: World, pick: Random) -> None:
    """The table with every registration, written whole or not at all."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.executescript(TABLE)
        marks = ", ".join("?" * 18)
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO T_QYJBXX VALUES ({marks})", rows(world, pick))
        connection.execute("COMMIT")
    part.rename(path)


def rows(world: World, pick: Random) -> Iterator[tuple[object, ...]]:
    """Every registration as this department keeps it, last changed in the year before; about one in a hundred dirty."""
    begin = datetime.combine(world.today, time(), BEIJING) - timedelta(days=366)
    for number, company in enumerate(world.legal_persons, 1):
        row = list(columns(company))
        if pick.random() < DIRT:
            soil(row, pick)
        yield (number, *row, stamp(begin + timedelta(seconds=pick.randrange(365 * 86_400))))


def columns(company: LegalPerson) -> tuple[str | None, ...]:
    """The columns from TYSHXYDM to ZTLB."""
    owner, until = company.representative, company.term_to
    return (
        company.uscc, company.name, owner.name, "10", owner.number, owner.phone, f"{company.capital}万元人民币",
        f"{company.established:%Y%m%d}", f"{until:%Y%m%d}" if until else "长期", company.status, company.division,
        company.address, company.industry, company.scope, AUTHORITY, "个体" if company.single else "企业",
    )  # fmt: skip


def soil(row: list[str | None], pick: Random) -> None:
    """One kind of real life's dirt: a failing check, lower case, full width, no key, an impossible date, no amount."""
    code = str(row[0])
    kind = pick.randrange(7)
    if kind == 0:
        row[0] = code[:-1] + ("Z" if code.endswith("0") else "0")
    elif kind == 1:
        row[0] = f" {code.lower()} "
    elif kind == 2:
        row[0] = "".join(chr(ord(c) + 0xFEE0) for c in code)
    elif kind == 3:
        row[0] = None
    elif kind == 4:
        row[7] = "20230230"
    elif kind == 5:
        row[6] = "详见章程"
    else:
        row[5], row[4] = "无", str(row[4])[:-1]


def save(connection: sqlite3.Connection, number: int, company: LegalPerson) -> None:
    """A registration that changed, stamped with the time of the change."""
    owner = company.representative
    connection.execute(
        "UPDATE T_QYJBXX SET FDDBR = ?, FRZJHM = ?, LXDH = ?, ZS = ?, GXSJ = ? WHERE XH = ?",
        (owner.name, owner.number, owner.phone, company.address, stamp(datetime.now(UTC)), number),
    )


def stamp(at: datetime) -> str:
    """A point of time as the department's table writes it: Beijing time without saying so."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


if __name__ == "__main__":
    main(sys.argv[1:])
