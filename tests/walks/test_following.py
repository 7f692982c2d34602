"""Walk 2 from outside: a subscriber follows real departments, is cut off, resumes, misses nothing; a revocation bites."""

import asyncio
import contextlib
import json
import sqlite3
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import websockets

PURPOSE = 'qualification;case="2026-0042"'
GRANTS = Path(__file__).parent.parent.parent / "hub/demo/grants.toml"
FEED = """
subscription Follow($after: String, $where: LegalPersonChangeWhere, $from: FeedStart) {
  legalPersonChanges(after: $after, where: $where, from: $from) {
    __typename
    ... on LegalPersonChange { cursor operation key at record { id uscc scope legalRepId phone } }
    ... on Caughtup { cursor }
    ... on Gap { from to reason }
  }
}
"""


class Socket:
    """A client of graphql-transport-ws."""

    def __init__(self, raw):
        self.raw = raw

    async def say(self, kind, **members):
        await self.raw.send(json.dumps({"type": kind, **members}))

    async def hear(self, seconds=25):
        return json.loads(await asyncio.wait_for(self.raw.recv(), seconds))

    async def follow(self, **variables):
        await self.say("subscribe", id="1", payload={"query": FEED, "variables": variables})

    async def event(self):
        message = await self.hear()
        assert message["type"] == "next", message
        return message["payload"]["data"]["legalPersonChanges"]

    async def events(self, count):
        return [await self.event() for _ in range(count)]

    async def ended(self, seconds=25):
        """The errors that end the operation, whatever events come before."""
        while (message := await self.hear(seconds))["type"] == "next":
            pass
        assert message["type"] == "error", message
        return message["payload"]


@asynccontextmanager
async def socket(demo, client="bidding", purpose=PURPOSE):
    url = demo.ready["graphql"].replace("http", "ws", 1)
    async with websockets.connect(url, subprotocols=["graphql-transport-ws"]) as raw:
        one = Socket(raw)
        token = await asyncio.to_thread(demo.token, client)
        await one.say("connection_init", payload={"authorization": f"Bearer {token}", "purpose": purpose})
        assert (await one.hear())["type"] == "connection_ack"
        yield one


def marked(word):
    """Who follows this sees only the registrations whose scope a test has written."""
    return {"scope": {"contains": word}}


def write(demo, column, values):
    """What clerks of the market regulation department do: new values of a column by number, each row stamped."""
    path = demo.folder / "departments/market_regulation/registrations.db"
    with contextlib.closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as department:
        department.execute("BEGIN IMMEDIATE")
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 8 * 3600)) + ".999"
        for number, value in values.items():
            department.execute(f"UPDATE T_QYJBXX SET {column} = ?, GXSJ = ? WHERE XH = ?", (value, stamp, number))
        department.execute("COMMIT")


def write_scopes(demo, scopes):
    """New scopes of business, by number."""
    write(demo, "JYFW", scopes)


def served(demo, word):
    """How many registrations of that scope a question finds."""
    text = "query($where: LegalPersonWhere) { legalPersons(where: $where) { totalCount } }"
    return demo.ask(text, {"where": marked(word)}).json()["data"]["legalPersons"]["totalCount"]


async def test_a_subscriber_that_is_cut_off_resumes_and_gets_every_change_once_and_in_order(demo, until):
    where = marked("断线测试")
    async with socket(demo) as one:
        await one.follow(where=where)
        cursor = (await one.event())["cursor"]
        write_scopes(demo, {number: f"断线测试 {number}" for number in range(41, 46)})
        before = await one.events(3)
        cursor = before[-1]["cursor"]
    write_scopes(demo, {number: f"断线测试 {number}" for number in range(46, 51)})
    await asyncio.to_thread(until, lambda: served(demo, "断线测试") == 10)
    write_scopes(demo, {41: "不再经营"})
    await asyncio.to_thread(until, lambda: served(demo, "断线测试") == 9)
    async with socket(demo) as one:
        await one.follow(where=where, after=cursor)
        after = await one.events(8)
        assert (await one.event())["__typename"] == "Caughtup"
    assert [event["operation"] for event in (*before, *after)] == [*["CREATED"] * 10, "DELETED"]
    assert len({event["cursor"] for event in (*before, *after)}) == 11
    keys = [event["key"] for event in (*before, *after)]
    assert (len(set(keys[:10])), keys.index(keys[10]) < 5, after[-1]["record"]) == (10, True, None)


async def test_an_event_shows_what_the_grant_shows_and_a_question_asked_after_it_sees_it_too(demo):
    async with socket(demo) as one:
        await one.follow(where=marked("事件测试"))
        await one.event()
        write_scopes(demo, {51: "事件测试"})
        message = await one.hear()
    event = message["payload"]["data"]["legalPersonChanges"]
    assert await asyncio.to_thread(served, demo, "事件测试") == 1
    assert event["record"]["id"].endswith(f".{event['key']}")
    number = event["record"]["legalRepId"]
    assert number[1:-1] == "*" * (len(number) - 2)
    assert event["record"]["phone"] is None
    assert [error["extensions"]["field"] for error in message["payload"]["errors"]] == [
        "legalPersonChanges.record.phone"
    ]
    assert message["payload"]["extensions"]["masked"] == ["legalPersonChanges.record.legalRepId"]


async def test_from_the_beginning_a_subscriber_gets_what_a_question_counts(demo, until):
    write_scopes(demo, {number: f"开端测试 {number}" for number in range(61, 66)})
    await asyncio.to_thread(until, lambda: served(demo, "开端测试") == 5)
    async with socket(demo) as one:
        await one.follow(where=marked("开端测试"), **{"from": "BEGINNING"})
        events = await one.events(6)
    assert [event.get("operation") for event in events] == [*["CREATED"] * 5, None]
    assert sorted(event["record"]["scope"] for event in events[:5]) == [
        f"开端测试 {number}" for number in range(61, 66)
    ]


async def test_a_change_that_the_client_may_not_see_is_not_told(demo, until):
    """The telephone number is not granted to this client; the scope written after it is open."""
    write_scopes(demo, {71: "隐藏测试 甲"})
    await asyncio.to_thread(until, lambda: served(demo, "隐藏测试") == 1)
    async with socket(demo) as one:
        await one.follow(where=marked("隐藏测试"))
        await one.event()
        write(demo, "LXDH", {71: "13812345678"})
        write_scopes(demo, {72: "隐藏测试 乙"})
        assert (await one.event())["record"]["scope"] == "隐藏测试 乙"


async def test_a_cursor_of_another_condition_is_refused(demo):
    async with socket(demo) as one:
        await one.follow(where=marked("甲"))
        cursor = (await one.event())["cursor"]
        await one.say("subscribe", id="2", payload={"query": FEED, "variables": {"after": cursor}})
        message = await one.hear()
        assert (message["type"], message["id"]) == ("error", "2")
        assert message["payload"][0]["extensions"]["code"] == "CURSOR_INVALID"


async def test_questions_run_on_the_same_socket_beside_subscriptions(demo):
    async with socket(demo) as one:
        await one.follow()
        await one.event()
        await one.say("subscribe", id="q", payload={"query": "{ me { client } }"})
        while (message := await one.hear())["id"] != "q":
            pass
        assert message["payload"]["data"] == {"me": {"client": "bidding"}}


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["not json"], 4400),
        ([b"\x00"], 4400),
        ([json.dumps({"type": "connection_init", "payload": {"authorization": "Bearer nothing"}})], 4403),
        ([json.dumps({"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}})], 4401),
        (["x" * 1_000_000], 4400),
    ],
)
async def test_the_protocols_faults_close_the_socket_with_its_codes(demo, messages, code):
    url = demo.ready["graphql"].replace("http", "ws", 1)
    async with websockets.connect(url, subprotocols=["graphql-transport-ws"]) as raw:
        for message in messages:
            await raw.send(message)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(raw.recv(), 10)
        assert closed.value.rcvd.code == code


async def test_another_subprotocol_is_not_spoken(demo):
    async with websockets.connect(demo.ready["graphql"].replace("http", "ws", 1)) as raw:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(raw.recv(), 10)
        assert closed.value.rcvd.code == 4406


async def test_a_revoked_grant_ends_a_running_subscription_within_a_second(demo, until):
    """Last of this file; the grant is put back for whoever asks after."""
    async with socket(demo) as one:
        await one.follow()
        await one.event()
        done = await asyncio.to_thread(
            demo.hub, "grant", "revoke", "bidding.legal_person.qualification", "--reason", "审查结束"
        )
        assert done.returncode == 0, done.stderr
        [error] = await one.ended(seconds=2)
        assert error["extensions"]["code"] == "NOT_GRANTED"
    asked = "{ legalPersons(first: 1) { nodes { legalRepId } } }"
    refused = await asyncio.to_thread(demo.ask, asked, purpose=PURPOSE)
    assert refused.json()["errors"][0]["extensions"]["code"] == "NOT_GRANTED"
    again = demo.folder / "again.toml"
    ours, _, _ = GRANTS.read_text(encoding="utf-8").partition('[[grants]]\nclient = "bidding"\nresource = "licence"')
    again.write_text(ours, encoding="utf-8")
    approved = await asyncio.to_thread(demo.hub, "grant", "approve", str(again))
    assert approved.returncode == 0, approved.stderr
    await asyncio.to_thread(until, lambda: "errors" not in demo.ask(asked, purpose=PURPOSE).json())
