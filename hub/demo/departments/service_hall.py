"""政务服务中心: matters and cases as JSON over HTTP; cases, their steps and materials by the changes since a moment.

Its manner: camel-case names, words for states, tokens by OAuth client credentials that end after an hour; what it
publishes about matters comes by page or offset. `hub.demo.departments.casework` moves its cases on.
"""

from __future__ import annotations

import base64
import hmac
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from random import Random
from urllib.parse import parse_qs

from hub.demo.departments.casework import CASES, PAPERS, STATES, STEPS, advance, change, finish, moment, open_case
from hub.demo.departments.department import manner, run
from hub.demo.departments.journal import Document, Entry, Journal, Place, make, spread
from hub.demo.departments.register import start_again
from hub.demo.departments.web_service import Answer, Refused, Request, object_of, secret, serve, told, whole
from hub.demo.world import DIRT, Process, ProcessStep, SubmittedMaterial, World

NAME = "政务服务中心"
CLIENT = "gongxiang"
TOKEN_SECONDS = 3600
MOST, USUAL = 1000, 100
#: What it publishes about matters: the path's last part, and the world's list with the items that name a record.
STANDARDS = {
    "matters": ("matters", "matter_code"), "flow-steps": ("flow_steps", "matter_code", "seq"),
    "situations": ("situations", "situation_code"), "materials": ("materials", "material_code"),
    "form-fields": ("form_fields", "field_code"), "results": ("result_types", "matter_code", "result_code"),
}  # fmt: skip
APPLICANTS = {
    "1": "自然人", "2": "企业法人", "3": "事业法人", "4": "社会组织法人", "5": "非法人企业", "6": "行政机关",
    "9": "其他",
}  # fmt: skip
CHANNELS = {"1": "CK", "2": "WS", "3": "YD", "4": "ZZ", "5": "YJ", "9": "QT"}
OBTAINED = {"1": "提交", "2": "共享", "3": "核验"}


def main(argv: list[str]) -> None:
    """Make the journal if it is not there, answer for it, and let a case come or move on now and then."""
    how = manner(argv)
    path = how.folder / "hall.db"
    if make(path, lambda: entries(World(how.seed, how.today, how.scale))):
        start_again()
    desk = Desk(Journal(path), secret(how.folder, "client_secret"), time.time)
    run(NAME, serve(how.folder, desk.answer), desk.change, how.every)


def entries(world: World) -> Iterator[Entry]:
    """Everything as this department keeps it; about one case in a hundred dirty, the cast never."""
    for kind, (listed, *key) in STANDARDS.items():
        yield from _entries(world, kind, (_standard(one, key) for one in getattr(world, listed)))
    shown = {case.process_no for case in world.cast.processes}
    yield from (soiled(entry, shown) for entry in _entries(world, CASES, map(_case, world.processes)))
    yield from _entries(world, STEPS, map(_step, world.process_steps))
    yield from _entries(world, PAPERS, map(_paper, world.submitted_materials))


def _entries(world: World, kind: str, named: Iterable[tuple[str, Document]]) -> Iterator[Entry]:
    listed = list(named)
    for place, (name, document) in enumerate(listed):
        yield Entry(kind, name, spread(place, len(listed), world.today), document)


def _standard(record: object, key: Sequence[str]) -> tuple[str, Document]:
    values = asdict(record)  # type: ignore[call-overload]  # the world's records are dataclasses
    return "/".join(str(values[name]) for name in key), {_camel(name): value for name, value in values.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _case(case: Process) -> tuple[str, Document]:
    return case.process_no, {
        "caseNo": case.process_no,
        "matterCode": case.matter_code,
        "applicant": {
            "type": APPLICANTS[case.applicant_kind], "idNo": case.applicant_code, "name": case.applicant_name,
        },
        "project": {"code": case.project_code, "phase": case.phase, "mainCaseNo": case.parent_no},
        "leadDept": case.lead_code,
        "dept": case.department_code,
        "channel": CHANNELS[case.channel],
        "priority": case.priority,
        "state": STATES[case.state],
        "acceptedAt": moment(case.accepted_at),
        "promisedBy": moment(case.promised_by),
        "finishedAt": moment(case.finished_at),
        "result": case.result,
        "licenceId": case.result_licence,
    }  # fmt: skip


def _step(step: ProcessStep) -> tuple[str, Document]:
    return f"{step.process_no}/{step.seq}", {
        "caseNo": step.process_no, "seq": step.seq, "name": step.step_name, "kind": step.kind,
        "dept": step.department_code, "handler": step.handler, "startedAt": moment(step.started_at),
        "dueAt": moment(step.due_at), "endedAt": moment(step.ended_at), "opinion": step.opinion,
    }  # fmt: skip


def _paper(paper: SubmittedMaterial) -> tuple[str, Document]:
    return f"{paper.process_no}/{paper.material_code}", {
        "caseNo": paper.process_no, "materialCode": paper.material_code, "obtained": OBTAINED[paper.obtained],
        "licenceId": paper.licence_id, "fileDigest": paper.file_digest, "checkedAt": moment(paper.checked_at),
    }  # fmt: skip


def soiled(entry: Entry, shown: Container[str]) -> Entry:
    """The case, one time in a hundred with a fault; neither such a one nor one of the cast changes by itself."""
    pick = Random(f"{entry.name} dirt")  # noqa: S311  # a demo's dirt
    if entry.name in shown:
        return replace(entry, still=True)
    if pick.random() < DIRT:
        pick.choice(DIRTS)(entry.document, pick)
        return replace(entry, still=True)
    return entry


def _no_number(case: Document, _: Random) -> None:
    case["caseNo"] = ""


def _failing_check(case: Document, pick: Random) -> None:
    code = case["applicant"]["idNo"]
    case["applicant"]["idNo"] = code[:-1] + pick.choice([each for each in "0123456789" if each != code[-1]])


def _small_letters(case: Document, _: Random) -> None:
    case["applicant"]["idNo"] = f"{case['applicant']['idNo'].lower()} "


def _impossible_day(case: Document, _: Random) -> None:
    case["acceptedAt"] = f"{case['acceptedAt'][:4]}-02-30{case['acceptedAt'][10:]}"


def _unknown_state(case: Document, _: Random) -> None:
    case["state"] = "归档"


def _number_in_words(case: Document, _: Random) -> None:
    case["promisedBy"] = "三个工作日内"


DIRTS: Sequence[Callable[[Document, Random], None]] = (
    _no_number, _failing_check, _small_letters, _impossible_day, _unknown_state, _number_in_words,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the questions arrive. `clock` counts the seconds of tokens."""

    journal: Journal
    client_secret: str
    clock: Callable[[], float]

    def answer(self, request: Request) -> Answer:
        """The description to anybody, a token to its client, all else to who has a token."""
        if request.path == "/openapi.json":
            return Answer(files(__package__).joinpath("service_hall.openapi.json").read_bytes())
        try:
            return self._token(request) if request.path == "/oauth/token" else self._served(request)
        except Refused as error:
            named = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
            return told({"error": str(error)}, error.status, **named)

    def change(self, pick: Random) -> None:
        """A case comes, or moves on."""
        with self.journal.changing() as pen:
            change(pen, pick)

    def _token(self, request: Request) -> Answer:
        client = base64.b64encode(f"{CLIENT}:{self.client_secret}".encode()).decode()
        if not _same(request.headers.get("authorization", ""), f"Basic {client}"):
            raise Refused(401, "invalid_client")
        if parse_qs(request.body.decode("utf-8", "replace")).get("grant_type") != ["client_credentials"]:
            raise Refused(400, "unsupported_grant_type")
        until = int(self.clock()) + TOKEN_SECONDS
        return told({"access_token": self._signed(until), "token_type": "Bearer", "expires_in": TOKEN_SECONDS})

    def _signed(self, until: int) -> str:
        return f"{until}.{hmac.digest(self.client_secret.encode(), str(until).encode(), 'sha256').hex()}"

    def _authorize(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        until = token.partition(".")[0]
        if not (until.isdecimal() and _same(token, self._signed(int(until))) and self.clock() < int(until)):
            raise Refused(401, "invalid_token")

    def _served(self, request: Request) -> Answer:
        self._authorize(request)
        area, _, name = request.path.removeprefix("/").partition("/")
        match request.method, area:
            case "GET", "catalog" if name in STANDARDS:
                return self._published(name, request)
            case "GET", "work" if name in (CASES, STEPS, PAPERS):
                return self._changed(name, request)
            case "POST", "__control" if name in CONTROLS:
                with self.journal.changing() as pen:
                    return told({"data": CONTROLS[name](pen, object_of(request.body))})
            case _:
                raise Refused(404, "没有这个接口")

    def _published(self, kind: str, request: Request) -> Answer:
        """By `page` and `pageSize`, or by `offset` and `limit`."""
        size = "pageSize" if "page" in request.query else "limit"
        limit = whole(request, size, USUAL, MOST)
        skip = (whole(request, "page", 1) - 1) * limit if size == "pageSize" else whole(request, "offset", 0)
        page = self.journal.page(kind, Place.since(""), limit, max(0, skip))
        return told({"data": page.documents, "total": self.journal.count(kind)})

    def _changed(self, kind: str, request: Request) -> Answer:
        """In the order of change, from those that changed at `since` on."""
        limit = whole(request, "limit", USUAL, MOST)
        try:
            place = Place.since(request.query.get("since", ""))
        except ValueError as error:
            raise Refused(400, "since 不是时间") from error
        return told({"data": self.journal.page(kind, place, limit).documents})


CONTROLS = {"open": open_case, "advance": advance, "finish": finish}


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


if __name__ == "__main__":
    main(sys.argv[1:])
