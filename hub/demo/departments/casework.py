"""What happens to the service hall's cases: one comes, moves on to its next step, is finished with a result.

Each is one change of the journal, of the case and its steps together; by themselves, or ordered by hand.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from hub.demo.departments.journal import Document, Pen
from hub.demo.departments.web_service import Refused
from hub.demo.world.frame import BEIJING

CASES, STEPS, PAPERS = "cases", "case-steps", "case-materials"
STATES = {"01": "收件", "02": "预审", "03": "受理", "04": "补正", "05": "特别程序", "06": "办结", "07": "退件"}
RECEIVED, ACCEPTED, DONE = STATES["01"], STATES["03"], STATES["06"]
CLOSED = (DONE, STATES["07"])
GRANTED = "1"
#: How often a case is drawn before one is found that is open.
DRAWS = 20


def moment(at: datetime | None) -> str | None:
    """A moment as the hall writes it, with its offset."""
    return at.isoformat(timespec="seconds") if at else None


def change(pen: Pen, pick: Random) -> None:
    """A case comes about the matter and applicant of another one, or an open one moves on."""
    drawn = [found for found in (pen.pick(CASES, pick) for _ in range(DRAWS)) if found]
    moving = next((case for _, case in drawn if case["state"] not in CLOSED), None)
    if moving is not None and pick.random() < 0.7:
        advance(pen, moving)
    elif drawn:
        _, case = drawn[0]
        open_case(pen, {name: case[name] for name in ("matterCode", "applicant", "dept")})


def open_case(pen: Pen, given: Document) -> Document:
    """A case that is received now: `matterCode` and `applicant` (type, idNo, name) are given."""
    matter = pen.read("matters", str(given.get("matterCode")))
    if matter is None or not isinstance(given.get("applicant"), dict):
        raise Refused(400, "须给出 matterCode 和 applicant")
    now = datetime.now(BEIJING)
    case = {
        "caseNo": f"3500{900_000_000_000 + pen.next_number()}",
        "project": {"code": None, "phase": None, "mainCaseNo": None},
        "leadDept": None, "dept": matter["departmentCode"], "channel": "WS", "priority": "1", "state": RECEIVED,
        "acceptedAt": moment(now), "promisedBy": moment(now + timedelta(days=matter["promisedDays"])),
        "finishedAt": None, "result": None, "licenceId": None,
    } | given  # fmt: skip
    pen.write(CASES, case["caseNo"], case)
    _begin(pen, case, 1, "受理")
    return case


def advance(pen: Pen, given: Document) -> Document:
    """The case `caseNo` at its next step: accepted, then finished."""
    case = _open(pen, given)
    if case["state"] == ACCEPTED:
        return finish(pen, given)
    case |= {"state": ACCEPTED}
    pen.write(CASES, case["caseNo"], case)
    _end(pen, case)
    _begin(pen, case, 2, "决定")
    return case


def finish(pen: Pen, given: Document) -> Document:
    """The case `caseNo` granted, with the licence `licenceId` where one is given."""
    case = _open(pen, given)
    case |= {
        "state": DONE, "result": GRANTED, "finishedAt": moment(datetime.now(BEIJING)),
        "licenceId": given.get("licenceId"),
    }  # fmt: skip
    pen.write(CASES, case["caseNo"], case)
    _end(pen, case)
    return case


def _open(pen: Pen, given: Document) -> Document:
    case = pen.read(CASES, str(given.get("caseNo")))
    if case is None or case["state"] in CLOSED:
        raise Refused(404, "没有这个未办结的办件")
    return case


def _begin(pen: Pen, case: Document, seq: int, name: str) -> None:
    if pen.read(STEPS, f"{case['caseNo']}/{seq}") is None:
        step = {
            "caseNo": case["caseNo"], "seq": seq, "name": name, "kind": "1", "dept": case["dept"], "handler": None,
            "startedAt": moment(datetime.now(BEIJING)), "dueAt": case["promisedBy"], "endedAt": None, "opinion": None,
        }  # fmt: skip
        pen.write(STEPS, f"{case['caseNo']}/{seq}", step)


def _end(pen: Pen, case: Document) -> None:
    """Whatever steps of the case are open end now."""
    for name in (f"{case['caseNo']}/{seq}" for seq in (1, 2)):
        step = pen.read(STEPS, name)
        if step is not None and step["endedAt"] is None:
            pen.write(STEPS, name, step | {"endedAt": moment(datetime.now(BEIJING)), "opinion": "同意"})
