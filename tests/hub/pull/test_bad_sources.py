"""Departments whose services answer wrongly in the middle of a pull: a named error of that source alone, the place
kept, nothing deleted, and everything right again with the next good answer."""

import base64
import ssl
import tomllib
import tracemalloc
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from hub.pull.report import Outcome
from tests.connectors.rest_service import Reply
from tests.connectors.soap_server import answer_of
from tests.connectors.test_rest_access import certified
from tests.hub.pull.departments import PAGE, ROWS, Departments

CASES = tomllib.loads((Path(__file__).parents[2] / "cases/bad_sources.toml").read_text("utf-8"))["case"]
BAD_PAGE = 3


@pytest.fixture
def city(hub):
    with ExitStack() as stack:
        made = Departments(hub, stack)
        made.write_files()
        yield made


# what they do wrong: a reply of the one, an answer of the other

REST = {
    "html": Reply(b"<html><form>login</form></html>", headers={"Content-Type": "text/html"}),
    "torn": Reply(b'{"data": {"items": [', headers={"Content-Type": "application/json"}),
    "refuses": Reply.of({"error": "token"}, 401),
    "forgets": Reply.of({"error": "cursor"}, 410),
    "drips": Reply(b" ", how="drip"),
    "hangs": Reply(b"", how="hang"),
    "floods": Reply(b" " * 4096, how="endless"),
    "cuts": Reply.of({"data": {"items": []}}, how="cut"),
    "circles": Reply.of({"data": {"items": []}, "total": 99, "next": base64.b64encode(b"40").decode()}),
    "ends_early": Reply.of({"data": {"items": []}, "total": 99}),
}
REST["cuts"].how, REST["cuts"].headers = "cut", {"Content-Type": "application/json"}


def html(handler):
    handler.send("<html><form>login</form></html>", media="text/html")


def torn(handler):
    handler.send('<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>')


def refuses(handler):
    handler.send("", 401)


def other_element(handler):
    answer = answer_of(handler.server, handler.server.requests[-1][2])
    handler.send_envelope(answer.replace("</t:row>", "<t:colour>red</t:colour></t:row>"))


def ends_early(handler):
    handler.send_envelope(
        '<t:QueryRowsResponse xmlns:t="urn:rows"><t:total>99</t:total><t:rows/></t:QueryRowsResponse>'
    )


def drips(handler):
    _begin(handler)
    while not handler.server.over.wait(0.02):
        handler.wfile.write(b" ")


def floods(handler):
    _begin(handler)
    with suppress(OSError):  # the client has gone, as it should
        while not handler.server.over.is_set():
            handler.wfile.write(b" " * 4096)


def _begin(handler):
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Type", "text/xml")
    handler.end_headers()


SOAP = {made.__name__: made for made in (html, torn, refuses, other_element, ends_early, drips, floods)}


def misbehave(city, case, page=BAD_PAGE):
    if case["source"] == "rest":
        city.rest_from(page, REST[case["does"]])
    else:
        city.soap_from(page, SOAP[case["does"]])


@pytest.mark.parametrize("complete", [True, False], ids=["complete", "changes"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['source']}-{case['does']}")
async def test_a_service_that_fails_on_a_later_page_costs_no_record_and_is_right_with_the_next_pull(
    city, case, complete
):
    name, other = case["source"], "soap" if case["source"] == "rest" else "rest"
    city.complete = complete
    for each in (name, other):
        assert (await city.pull(each)).outcome is Outcome.DONE
    before, place = await city.records(name), await city.place(name)
    city.change(name)
    misbehave(city, case)

    tally = await city.pull(name, full=True)
    assert (tally.outcome, tally.read) == (Outcome(case["outcome"]), 2 * PAGE)
    assert tally.message.startswith(f"{name}: ")
    assert case["says"] in tally.message
    assert await city.health(name) == tuple(case["health"])
    assert not tally.quarantined
    # The good pages stand, the others are as they were, and nothing is gone.
    changed = {code: text for code, text in (await city.records(name)).items() if text != before.get(code)}
    assert (list(changed.values()), set(await city.records(name))) == (["新名称"], set(before))
    assert ((await city.place(name)) == place) is complete

    assert (await city.pull(other)).outcome is Outcome.DONE
    assert await city.health(other) == ("up", "")

    city.behave()
    assert (await city.pull(name, full=complete)).outcome is Outcome.DONE
    assert await city.health(name) == ("up", "")
    gone = set() if complete else {code for code in before if code.endswith("0090")}
    assert set(await city.records(name)) - gone == {row["code"] for row in city.rows(name)}
    assert complete is await city.is_equal(name)
    assert list((await city.records(name)).values()).count("新名称") == 2


async def test_a_pull_that_breaks_goes_on_behind_its_last_good_page(city):
    city.complete = False
    city.rest_from(4, REST["html"])
    assert (await city.pull("rest")).read == 3 * PAGE
    city.behave()
    city.rest.asked.clear()
    tally = await city.pull("rest")
    assert (tally.outcome, tally.read) == (Outcome.DONE, 2 * PAGE)
    assert await city.is_equal("rest")


async def test_a_cursor_forgotten_between_two_pulls_means_from_the_beginning(city):
    city.complete = False
    city.rest_from(4, REST["html"])
    await city.pull("rest")
    city.behave()
    kept, city.rest.guard = REST["forgets"], None
    city.rest.script = [None, kept]  # the first page for the columns, then the cursor of the last pull
    tally = await city.pull("rest")
    assert (tally.outcome, tally.read) == (Outcome.DONE, ROWS)
    assert await city.is_equal("rest")


async def test_a_source_whose_numbers_lie_as_well_deletes_nothing_before_a_person_says_so(city):
    await city.pull("rest")
    lie = Reply.of({"data": {"items": city.rest.rows[: 2 * PAGE]}, "total": 2 * PAGE})
    city.rest_from(1, lie)
    tally = await city.pull("rest", full=True)
    assert (tally.outcome, tally.missing) == (Outcome.GUARDED, 3 * PAGE)
    assert len(await city.records("rest")) == ROWS
    city.behave()
    assert (await city.pull("rest", full=True)).outcome is Outcome.DONE
    assert await city.is_equal("rest")


@pytest.mark.parametrize(
    ("old", "new", "outcome", "says"),
    [
        ('<x:element name="city" type="x:string" minOccurs="0"/>\n          <x:element name="stamp"',
         '<x:element name="stamp"', Outcome.DRIFTED, "soap: columns gone: city"),
        ('<x:element name="name" type="x:string"/>\n          <x:element name="city"',
         '<x:element name="title" type="x:string"/>\n          <x:element name="city"', Outcome.DRIFTED, "gone: name; new: title"),
        ('name="QueryRows"', 'name="ListRows"', Outcome.MISCONFIGURED, "QueryRows"),
        ("<definitions", "<html", Outcome.BROKEN, "no WSDL"),
    ],
    ids=["column gone", "column renamed", "operation renamed", "no WSDL"],
)  # fmt: skip
async def test_a_wsdl_that_changed_stops_its_binding_and_leaves_its_records(city, old, new, outcome, says):
    await city.pull("soap")
    before, place = await city.records("soap"), await city.place("soap")
    city.change("soap")
    text = city.soap.wsdl()
    assert old in text
    changed = text.replace(old, new).replace("</definitions>", "</html>" if "html" in new else "</definitions>")
    city.soap.misbehave = lambda handler, _path, body: False if body else handler.send(changed)
    tally = await city.pull("soap", full=True)
    assert tally.outcome is outcome
    assert says in tally.message
    assert (await city.records("soap"), await city.place("soap")) == (before, place)
    assert (await city.pull("rest")).outcome is Outcome.DONE
    city.behave()
    assert (await city.pull("soap", full=True)).outcome is Outcome.DONE
    assert await city.is_equal("soap")


async def test_a_certificate_that_expired_is_named_and_the_pull_goes_on_once_it_is_renewed(hub, tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()
    context, ca = certified(good)
    expired, _ = certified(bad, days=-1)
    assert isinstance(expired, ssl.SSLContext)
    trusted = tmp_path / "both.pem"
    trusted.write_bytes((good / "office.pem").read_bytes() + (bad / "office.pem").read_bytes())
    with ExitStack() as stack:
        city = Departments(hub, stack, context, str(trusted))
        await city.pull("rest")
        place = await city.place("rest")
        city.change("rest")
        context.load_cert_chain(bad / "office.pem", bad / "office.key")
        tally = await city.pull("rest", full=True)
        assert tally.outcome is Outcome.MISCONFIGURED
        assert "rest: its certificate is not accepted: certificate has expired; renew it there" in tally.message
        assert (len(await city.records("rest")), await city.place("rest")) == (ROWS, place)
        assert (await city.pull("soap")).outcome is Outcome.DONE
        context.load_cert_chain(good / "office.pem", good / "office.key")
        assert (await city.pull("rest", full=True)).outcome is Outcome.DONE
        assert await city.is_equal("rest")


async def test_a_token_that_ends_within_a_pull_is_renewed_and_nobody_notices(city):
    options, binding = city.systems["rest"]
    options |= {"auth": "oauth", "token_url": f"{options['url']}/token", "client_id": "hub", "client_secret": "s"}
    issued = []

    def token(_asked):
        issued.append(f"t{len(issued)}")
        return Reply.of({"access_token": issued[-1], "expires_in": 3600})

    city.rest.routes["/token"] = token
    city.rest.guard = lambda asked: None if asked.path == "/token" or valid(asked) else Reply.of({}, 401)

    def valid(asked):
        ended = "t0" if asked.one("cursor") else ""
        return asked.headers.get("Authorization") not in (f"Bearer {ended}", None)

    tally = await city.pull("rest")
    assert (tally.outcome, issued) == (Outcome.DONE, ["t0", "t1"])
    assert await city.is_equal("rest")


HUGE = 100 * 1024 * 1024


async def test_a_row_of_a_hundred_megabytes_is_not_held_in_memory(city):
    await city.pull("rest")
    city.borne |= {"max_bytes": str(2 << 20), "timeout": "30"}
    city.rest_from(BAD_PAGE, Reply(HUGE.to_bytes(8, "big"), how="huge"))
    tracemalloc.start()
    tally = await city.pull("rest", full=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert tally.outcome is Outcome.BROKEN
    assert "more than 2097152 bytes" in tally.message
    assert peak < HUGE // 5
    assert len(await city.records("rest")) == ROWS


async def test_a_row_above_four_megabytes_within_the_limit_of_an_answer_is_set_aside_alone(city):
    city.borne |= {"timeout": "30", "max_bytes": str(32 << 20)}
    city.rest.rows[50] = {**city.rest.rows[50], "name": "x" * (5 << 20)}
    tally = await city.pull("rest")
    assert (tally.outcome, tally.read, tally.quarantined.total()) == (Outcome.DONE, ROWS, 1)
    assert len(await city.records("rest")) == ROWS - 1


@pytest.mark.parametrize(
    ("broken", "outcome", "says"),
    [
        ("<html><body>login</body></html>", Outcome.BROKEN, "files: "),
        ("$half", Outcome.BROKEN, "files: companies.xml"),
        ("", Outcome.BROKEN, "files: companies.xml"),
        ("$colour", Outcome.DRIFTED, "new: colour"),
    ],
    ids=["HTML", "cut in the middle", "empty", "another element"],
)
async def test_a_file_that_is_none_costs_no_record_and_is_right_once_it_is_written_anew(city, broken, outcome, says):
    assert (await city.pull("files")).outcome is Outcome.DONE
    before, place = await city.records("files"), await city.place("files")
    file = city.folder / "companies.xml"
    whole = file.read_text("utf-8")
    text = {"$half": whole[: len(whole) // 2], "$colour": whole.replace("</name>", "</name><colour>red</colour>")}
    file.write_text(text.get(broken, broken), encoding="utf-8")
    tally = await city.pull("files", full=True)
    assert tally.outcome is outcome, tally.message
    assert says in tally.message
    assert (await city.records("files"), await city.place("files")) == (before, place)
    city.change("files")
    city.write_files()
    assert (await city.pull("files", full=True)).outcome is Outcome.DONE
    assert await city.is_equal("files")


async def test_a_record_that_changes_while_it_is_listed_is_right_after_the_next_pull(city):
    """It comes twice, once old and once new: the second is set aside, the next pull brings it."""

    def moved(_asked):
        row = {**city.rest.rows.pop(5), "name": "新名称"}
        city.rest.rows.append(row)

    city.rest.script = [None, None, lambda asked: moved(asked) or city.rest.records(asked)]
    tally = await city.pull("rest")
    assert tally.outcome is Outcome.DONE
    assert (await city.pull("rest", full=True)).outcome is Outcome.DONE
    assert await city.is_equal("rest")
