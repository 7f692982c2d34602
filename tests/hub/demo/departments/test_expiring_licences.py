"""证照到期预警 (question 4) with a clock of its own: time makes a change, and a renewal at the source another."""

import asyncio
import json
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

DOCUMENTS = Path(__file__).parents[4] / "docs/questions"
FOLLOW = (DOCUMENTS / "4-follow-expiring-licences.graphql").read_text(encoding="utf-8")
VARIABLES = json.loads((DOCUMENTS / "4-follow-expiring-licences.json").read_text(encoding="utf-8"))
LIST = """query Q($type: String!, $issuer: String!) { licences(where: { typeCode: { eq: $type } issuerCode: { eq: $issuer }
  status: { eq: "01" } expiring: true expired: false }) { totalCount nodes { licenceId validTo } } }"""
NEWER = "2026-12-23"  # the cast's 25th licence: its thirtieth day before the end is 2026-11-23


class Clock:
    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at


async def told(answers, seconds):
    """The next event, or None where none comes for so long."""
    try:
        answer = await asyncio.wait_for(anext(answers), seconds)
    except TimeoutError:
        return None
    return answer.data["licenceChanges"]


async def test_day_thirty_is_one_event_without_a_change_at_the_source_and_a_renewal_a_deletion(start, hub):
    department = start("licensing")
    clock = Clock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    async with hub(department, clock) as it:
        await it.pull()
        await it.allow("", "licence:read", "feed:subscribe")
        before = (await it.ask(LIST, VARIABLES)).data["licences"]
        assert NEWER not in {one["validTo"] for one in before["nodes"]}
        async with aclosing(await it.follow(FOLLOW, VARIABLES)) as answers:
            assert (await told(answers, 20))["__typename"] == "Caughtup"
            clock.at += timedelta(days=1)
            assert await it.pass_time("licence") >= 1
            reached = await told(answers, 20)
            assert (reached["operation"], reached["record"]["validTo"]) == (
                "CREATED",
                NEWER,
            )  # it enters what is followed
            assert await it.pass_time("licence") == 0
            unchanged = (await it.pull())["licence"].counts()
            assert (unchanged["created"], unchanged["updated"]) == (0, 0)
            after = (await it.ask(LIST, VARIABLES)).data["licences"]
            assert after["totalCount"] == before["totalCount"] + 1
            renew(department.folder, reached["record"]["licenceId"])
            await it.pull()
            assert (await told(answers, 20))["operation"] == "DELETED"


def renew(folder, licence_id):
    """What the department does when it renews: the old licence is cancelled in its file."""
    for path in (folder / "licences").rglob("*.csv"):
        lines = path.read_bytes().decode("gb18030", errors="surrogateescape").splitlines(keepends=True)
        changed = [line.replace(",有效", ",注销") if line.startswith(licence_id) else line for line in lines]
        if changed != lines:
            path.write_bytes("".join(changed).encode("gb18030", errors="surrogateescape"))
            return
    raise AssertionError(f"{licence_id} stands in no file")
