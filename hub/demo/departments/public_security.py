"""公安厅: the population register behind SOAP 1.1, asked by citizen numbers or household numbers, many at once.

Its manner: pinyin element names, dates as yyyymmdd, states of life in a code of its own; a small x or an old number of
15 digits now and then. It asks for a user and password (HTTP basic) and answers what it cannot serve with a fault.
"""

from __future__ import annotations

import base64
import hmac
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from string import Template
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from catalogue.canonical import spellings
from catalogue.model import Canonical
from hub.demo.departments.department import manner, run
from hub.demo.departments.register import Register, create, start_again
from hub.demo.departments.web_service import Answer, Request, secret, serve
from hub.demo.world import DIRT, Person, World
from hub.demo.world.divisions import ABOLISHED

NAME = "公安厅"
USER = "gongxiang"
PLACE = "/renkou"
COLUMNS = (
    "GMSFHM", "XM", "XB", "CSRQ", "MZ", "HH", "YHZGX", "HJQH", "HJDZ", "XZZ", "LXDH", "HYZK", "RYZT", "SWRQ", "SMKH",
)  # fmt: skip
#: What persons can be asked for by.
ASKED_BY = ("GMSFHM", "HH")
OPERATION = "ChaXunRenKou"
MOST_ASKED = 1000
#: How it writes our codes of life_status.
STATES = {"1": "10", "2": "20", "3": "30", "4": "31"}
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
OURS = "urn:gongan:renkou:v1"
XML = "text/xml; charset=utf-8"
TABLES = f"""
CREATE TABLE RKXX (XH INTEGER PRIMARY KEY, {", ".join(f"{column} TEXT" for column in COLUMNS)});
"""
INDEXES = """
CREATE INDEX I_GMSFHM ON RKXX (GMSFHM);
CREATE INDEX I_HH ON RKXX (HH);
"""

Columns = dict[str, str | None]
#: Values by the column that is to hold one of them.
Asked = dict[str, list[str]]


def main(argv: list[str]) -> None:
    """Make the register if it is not there, answer for it, and give somebody another telephone now and then."""
    how = manner(argv)
    path = how.folder / "population.db"
    if create(path, TABLES, lambda table: fill(table, World(how.seed, how.today, how.scale)), INDEXES):
        start_again()
    shown = len(World(how.seed, how.today, how.scale).cast.persons)
    desk = Desk(Register(path), secret(how.folder, "password"), shown)
    url = serve(how.folder, desk.answer) + PLACE
    run(NAME, url, desk.change_telephone, how.every)


def fill(table: sqlite3.Connection, world: World) -> None:
    """Everybody as this department keeps them."""
    marks = ", ".join("?" * len(COLUMNS))
    table.executemany(f"INSERT INTO RKXX VALUES (NULL, {marks})", rows(world))


def rows(world: World) -> Iterator[tuple[str | None, ...]]:
    """One row a person in the world's order; about one in a hundred dirty, the cast never."""
    for place, person in enumerate(world.persons):
        row, pick = columns(person), Random(f"{person.id_number} dirt")  # noqa: S311  # a demo's dirt
        if place >= len(world.cast.persons) and pick.random() < DIRT:
            pick.choice(DIRTS)(row, pick)
        yield tuple(row.values())


def columns(person: Person) -> Columns:
    """The person in this department's names and codes."""
    died = person.death_date
    values = (
        person.id_number, person.name, person.sex, f"{person.birth_date:%Y%m%d}", person.ethnicity,
        person.household_no, person.head_relation, person.household_division, person.household_address,
        person.residence_address, person.phone, person.marital_status, STATES[person.life_status],
        f"{died:%Y%m%d}" if died else None, person.citizen_card_no,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _old_number(row: Columns, _: Random) -> None:
    """15 digits, as before 1999, or a small x: whatever else the number may be written as."""
    row["GMSFHM"] = spellings(Canonical.CODE, str(row["GMSFHM"]))[-1]


def _impossible_birthday(row: Columns, _: Random) -> None:
    row["CSRQ"] = f"{str(row['CSRQ'])[:4]}0230"


def _unknown_nationality(row: Columns, _: Random) -> None:
    row["MZ"] = "97"


def _unknown_sex(row: Columns, _: Random) -> None:
    row["XB"] = "女"


def _blanks(row: Columns, _: Random) -> None:
    row["XM"] = f" {row['XM']}\u3000"


def _abolished(row: Columns, pick: Random) -> None:
    row["HJQH"] = pick.choice(ABOLISHED)


DIRTS: Sequence[Callable[[Columns, Random], None]] = (
    _old_number, _impossible_birthday, _unknown_nationality, _unknown_sex, _blanks, _abolished,
)  # fmt: skip


class Fault(Exception):
    """What cannot be answered: the client's fault, in words for a person."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the questions arrive. The first `shown` persons stand in documents: nothing changes of them."""

    register: Register
    password: str
    shown: int

    def answer(self, request: Request) -> Answer:
        """The WSDL to anybody; persons, or a fault, to who has the password."""
        if request.path != PLACE:
            return Answer(b"", 404)
        if request.method == "GET":
            return wsdl(request) if "wsdl" in request.query else Answer(b"", 405, headers={"Allow": "POST"})
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), self._expected()):
            return Answer(fault("用户名或密码错误"), 401, XML, {"WWW-Authenticate": 'Basic realm="renkou"'})
        try:
            return Answer(found(self._persons(question(request.body))), type=XML)
        except Fault as error:
            return Answer(fault(str(error)), 500, XML)

    def change_telephone(self, pick: Random) -> None:
        """Somebody has another number."""
        with self.register.changing() as table:
            (count,) = table.execute("SELECT count(*) FROM RKXX").fetchone()
            someone = pick.randrange(self.shown, count) + 1
            table.execute("UPDATE RKXX SET LXDH = ? WHERE XH = ?", (f"13{pick.randrange(10**8, 10**9)}", someone))

    def _expected(self) -> bytes:
        return b"Basic " + base64.b64encode(f"{USER}:{self.password}".encode())

    def _persons(self, asked: Asked) -> Sequence[tuple[object, ...]]:
        meets = " AND ".join(f"{column} IN (SELECT value FROM json_each(?))" for column in asked)
        question = f"SELECT {', '.join(COLUMNS)} FROM RKXX WHERE {meets} ORDER BY XH"
        return self.register.rows(question, *(json.dumps(values) for values in asked.values()))


def wsdl(request: Request) -> Answer:
    """The service's description, with the address by which it was asked for."""
    text = files(__package__).joinpath("public_security.wsdl").read_text(encoding="utf-8")
    address = f"http://{request.headers.get('host', '')}{PLACE}"
    return Answer(Template(text).substitute(address=escape(address)).encode(), type=XML)


def question(body: bytes) -> Asked:
    """What is asked by. Fault where it is not our operation in SOAP 1.1, or asks for nobody or too many."""
    if b"<!DOCTYPE" in body:
        raise Fault("不接受文档类型定义")
    try:
        envelope = ET.fromstring(body)  # noqa: S314  # without a document type there are no entities
    except ET.ParseError as error:
        raise Fault(f"不是格式正确的 XML: {error}") from error
    asked = envelope.find(f"{{{SOAP}}}Body/{{{OURS}}}{OPERATION}/{{{OURS}}}TiaoJian")
    if asked is None:
        raise Fault(f"本服务只有 {OPERATION} 一个操作")
    values = {by: [(each.text or "").strip() for each in asked.iter(f"{{{OURS}}}{by}")] for by in ASKED_BY}
    given = {by: each for by, each in values.items() if each}
    if not given or not all(len(each) <= MOST_ASKED and all(each) for each in given.values()):
        raise Fault(f"须给出 1 至 {MOST_ASKED} 个公民身份号码或户号，不得为空")
    return given


def found(persons: Sequence[tuple[object, ...]]) -> bytes:
    """The persons as the operation's answer."""
    listed = "".join(f"<RKXX>{_elements(person)}</RKXX>" for person in persons)
    counted = f"<ZS>{len(persons)}</ZS><RKXXLB>{listed}</RKXXLB>"
    return _envelope(f'<{OPERATION}JieGuo xmlns="{OURS}">{counted}</{OPERATION}JieGuo>')


def fault(message: str) -> bytes:
    """A SOAP 1.1 fault of the client."""
    named = f"<faultcode>soap:Client</faultcode><faultstring>{escape(message)}</faultstring>"
    return _envelope(f"<soap:Fault>{named}</soap:Fault>")


def _elements(person: Sequence[object]) -> str:
    given = zip(COLUMNS, person, strict=True)
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in given if value is not None)


def _envelope(body: str) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}<soap:Envelope xmlns:soap="{SOAP}"><soap:Body>{body}</soap:Body></soap:Envelope>'.encode()


if __name__ == "__main__":
    main(sys.argv[1:])
