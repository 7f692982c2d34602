import asyncio
import gzip
import importlib.util
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from catalogue.model import System
from connectors.resilience import Guard, GuardedSource, Time
from connectors.source import (
    BadRow,
    SourceBroken,
    SourceMisconfigured,
    SourceTimeout,
    SourceUnavailable,
)


def load(name):
    """A module beside this file: tests are no package."""
    spec = importlib.util.spec_from_file_location(f"connector_tests_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


service = load("rest_service")
MANNERS, Reply, codes, company, error_of, office, opened, read = (
    service.MANNERS,
    service.Reply,
    service.codes,
    service.company,
    service.error_of,
    service.office,
    service.opened,
    service.read,
)


@pytest.mark.parametrize(
    ("status", "header", "after"),
    [(429, {"Retry-After": "7"}, 7.0), (503, {"Retry-After": "0"}, 0.0), (429, {}, None), (503, {"Retry-After": "x"}, None), (500, {}, None)],
)  # fmt: skip
async def test_too_many_requests_are_unavailable_with_the_seconds_to_wait(office, status, header, after):
    stand = office("page")
    stand.service.script = [Reply.of({}, status, **header)]
    error, _ = await error_of(stand.open())
    assert type(error) is SourceUnavailable
    assert (error.retry_after, error.retryable) == (after, True)


async def test_a_date_to_wait_for_becomes_seconds(office):
    stand = office("page")
    at = datetime.now(UTC) + timedelta(seconds=90)
    stand.service.script = [Reply.of({}, 503, **{"Retry-After": format_datetime(at, usegmt=True)})]
    error, _ = await error_of(stand.open())
    assert 60 < error.retry_after <= 90


@pytest.mark.parametrize("manner", MANNERS)
async def test_a_read_that_had_to_wait_goes_on_and_is_still_complete(office, manner):
    stand = office(manner)
    stand.fill([company(i, f"2024-01-01 08:{i % 60:02d}:00") for i in range(250)])
    source = stand.open(size="100")
    stand.service.script = [None, Reply.of({}, 429, **{"Retry-After": "0"})]
    given = []
    with pytest.raises(SourceUnavailable):
        async for page in source.pull(None):
            given.append(page)
    given += [page async for page in source.pull(given[-1].cursor)]
    await source.close()
    assert sorted(codes(given)) == [f"k{i:04d}" for i in range(250)]
    assert given[-1].complete


async def test_a_guarded_pull_waits_as_it_was_told_and_is_still_complete(office):
    stand = office("cursor")
    stand.fill([company(i) for i in range(250)])
    stand.service.script = [None, Reply.of({}, 429, **{"Retry-After": "7"}), None, Reply.of({}, 500)]
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    system = System("office", "", "", "rest", {"url": stand.url})
    guard = Guard(system, Time(time.monotonic, sleep, lambda: 0.0))
    source = GuardedSource(stand.open(), guard, always_resumes=False)
    pages = await read(source)
    assert codes(pages) == [f"k{i:04d}" for i in range(250)]
    assert pages[-1].complete
    assert slept[0] == 7
    assert len(slept) == 2


ANSWERS = {
    "HTML": (Reply(b"<!DOCTYPE html><p>secret-7", headers={"Content-Type": "text/html"}), SourceBroken, "page for browsers"),
    "HTML that says it is JSON": (Reply(b"\n <html>secret-7", headers={"Content-Type": "application/json"}), SourceBroken, "page for browsers"),
    "torn JSON": (Reply(b'{"data": {"items": [{"code": "secret-7"'), SourceBroken, "no JSON"),
    "nothing": (Reply(b""), SourceBroken, "no JSON"),
    "NaN": (Reply(b'{"data": {"items": [{"a": NaN}]}}'), SourceBroken, "no JSON"),
    "a deep well": (Reply(b"[" * 100_000), SourceBroken, "no JSON"),
    "a number of 5000 digits": (Reply(b"9" * 5000), SourceBroken, "no JSON"),
    "another shape": (Reply.of({"data": {"items": {"code": "secret-7"}}, "total": 1}), SourceBroken, "no list at /data/items"),
    "null for a list": (Reply.of({"data": None, "total": 0}), SourceBroken, "no list at /data/items"),
    "no total": (Reply.of({"data": {"items": []}}), SourceBroken, "no number at /total"),
    "a charset nobody knows": (Reply(b"{}", headers={"Content-Type": "application/json; charset=klingon"}), SourceBroken, "charset"),
    "other bytes than declared": (Reply(json.dumps({"data": {"items": [{"code": "名"}] * 20}, "total": 20}, ensure_ascii=False).encode("gb18030")), SourceBroken, "charset"),
    "no content": (Reply(b"", 204), SourceBroken, "without a list"),
    "compression that is none": (Reply(b"no gzip", headers={"Content-Encoding": "gzip"}), SourceBroken, "compression"),
    "torn compression": (Reply(gzip.compress(b"{}" * 99)[:-9], headers={"Content-Encoding": "gzip"}), SourceBroken, "compression"),
    "compression not asked for": (Reply(b"x", headers={"Content-Encoding": "br"}), SourceBroken, "not asked for"),
    "a refusal": (Reply.of({"code": "secret-7"}, 403), SourceMisconfigured, "does not let"),
    "a path that is not there": (Reply.of({}, 404), SourceMisconfigured, "look at url and path"),
    "a question not understood": (Reply.of({}, 400), SourceMisconfigured, "names of parameters"),
    "a redirect to elsewhere": (Reply(b"", 302, {"Location": "http://elsewhere.invalid/?key=secret-7"}), SourceMisconfigured, "another address"),
    "a redirect to another port": (Reply(b"", 307, {"Location": "http://127.0.0.1:1/records"}), SourceMisconfigured, "another address"),
    "a redirect without a place": (Reply(b"", 302), SourceBroken, "without a list"),
    "a cut connection": (Reply(b"[" * 500, how="cut"), SourceUnavailable, "cut the connection"),
}  # fmt: skip


@pytest.mark.parametrize("what", ANSWERS)
async def test_an_answer_that_is_none_is_a_named_error_that_tells_nothing_of_it(office, what):
    reply, kind, words = ANSWERS[what]
    stand = office("page")
    stand.fill([company(1)])
    stand.service.script = [reply]
    error, pages = await error_of(stand.open())
    assert type(error) is kind
    assert words in str(error)
    assert error.source == "office"
    assert "secret-7" not in str(error)
    assert pages == []


async def test_a_redirect_on_the_same_host_is_followed_and_one_without_end_is_not(office):
    stand = office("page")
    stand.fill([company(1)])
    stand.service.script = [Reply(b"", 301, {"Location": "/records?page=1&limit=100"})]
    assert codes(await read(stand.open())) == ["k0001"]
    stand.service.script = [Reply(b"", 301, {"Location": "/records"})] * 9
    error, _ = await error_of(stand.open())
    assert type(error) is SourceMisconfigured
    assert "without end" in str(error)


async def test_a_next_page_on_another_host_is_refused_and_gets_no_credentials(office):
    stand, other = office("link"), office("link")
    stand.fill([company(1)])
    stand.service.script = [Reply.of({"data": {"items": []}}, Link=f'<{other.url}/records>; rel="next"')]
    error, _ = await error_of(stand.open(system={"auth": "api_key", "secret": "k"}.items()))
    assert type(error) is SourceBroken
    assert other.service.asked == []


async def test_a_next_page_whose_path_looks_like_a_host_stays_on_the_service_s_own(office):
    stand, other = office("link"), office("link")
    disguised = f"{stand.url}/{other.url.removeprefix('http:')}/records"
    stand.service.script = [Reply.of({"data": {"items": [company(1)]}}, Link=f'<{disguised}>; rel="next"')]
    error, _ = await error_of(stand.open())
    assert type(error) is SourceUnavailable
    assert other.service.asked == []
    assert len(stand.service.asked) == 2


@pytest.mark.parametrize("how", ["drip", "hang"])
async def test_an_answer_that_never_ends_is_a_timeout_over_the_whole_of_it(office, how):
    stand = office("page")
    stand.service.script = [Reply(b"[", how=how)]
    error, _ = await error_of(stand.open(timeout="0.3"))
    assert type(error) is SourceTimeout
    assert error.retryable


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_too_large_is_stopped_and_never_held(office, packed):
    stand = office("page")
    zeros = bytes(1 << 24)
    reply = Reply(zeros, how="endless")
    if packed:
        reply = Reply(gzip.compress(zeros), headers={"Content-Encoding": "gzip"})
    stand.service.script = [reply]
    error, _ = await error_of(stand.open(max_bytes="100000"))
    assert type(error) is SourceBroken
    assert "more than 100000 bytes" in str(error)


async def test_a_row_that_is_none_costs_itself_alone_and_says_why(office):
    stand = office("none")
    items = [company(0), "text", None, company(1), {**company(2), "name": "\ud800"}, [company(3)]]
    text = json.dumps({"data": {"items": items}})
    stand.service.script = [Reply(text.encode())]
    (page, end) = await read(stand.open(pages="none"))
    assert codes([page]) == ["k0000", "k0001"]
    bad = [(row.position, row.reason) for row in page.rows if isinstance(row, BadRow)]
    assert bad == [
        ("/records row 2", "not a JSON object"),
        ("/records row 3", "not a JSON object"),
        ("/records row 5", "bytes that are not of its charset"),
        ("/records row 6", "not a JSON object"),
    ]
    assert end.complete


async def test_text_of_a_declared_charset_is_read_and_numbers_stay_exact(office):
    stand = office("none")
    text = '{"data": {"items": [{"code": "名", "n": 12345678901234567890.12345678901, "holder": {"name": "林晓", "ids": [1]}}]}}'
    media = {"Content-Type": "application/json; charset=GB18030", "Content-Encoding": "gzip"}
    stand.service.script = [Reply(gzip.compress(text.encode("gb18030")), headers=media)]
    ((row,), _) = [page.rows for page in await read(stand.open(pages="none", columns=("code", "/holder/name")))]
    assert row.values["code"] == "名"
    assert str(row.values["n"]) == "12345678901234567890.12345678901"
    assert json.loads(row.values["holder"]) == {"name": "林晓", "ids": [1]}
    assert row.values["/holder/name"] == "林晓"


async def test_an_envelope_that_says_it_failed_is_no_empty_list(office):
    stand = office("none")
    stand.service.script = [Reply.of({"code": 500, "data": None})]
    error, _ = await error_of(stand.open(pages="none", ok="/code=0"))
    assert type(error) is SourceBroken
    assert "at /code" in str(error)
    stand.service.script = [Reply.of({"code": 0, "data": None})]
    assert (await read(stand.open(pages="none", ok="/code=0")))[-1].complete


async def test_a_service_that_is_not_there_is_unavailable():
    error, _ = await error_of(opened("http://127.0.0.1:1", path="/x"))
    assert type(error) is SourceUnavailable


async def test_a_cancelled_question_ends_its_connection_at_once(office):
    stand = office("page")
    stand.service.script = [Reply(b"[", how="hang")]
    source = stand.open()
    stream = source.pull(None)
    asking = asyncio.ensure_future(anext(stream))
    while not stand.service.asked:
        await asyncio.sleep(0.005)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    stand.fill([company(1)])
    assert codes([page async for page in source.pull(None)]) == ["k0001"]
    await source.close()
