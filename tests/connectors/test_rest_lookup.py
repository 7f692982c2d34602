import importlib.util
from pathlib import Path
from urllib.parse import unquote

import pytest

from catalogue.model import System
from connectors.contract import COLUMNS
from connectors.rest.source import RestSource
from connectors.source import (
    SourceBroken,
    SourceMisconfigured,
    SourceUnavailable,
)


def load(name):
    """A module beside this file: tests are no package."""
    spec = importlib.util.spec_from_file_location(f"connector_tests_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


service = load("rest_service")
Reply, codes, company, office, opened = service.Reply, service.codes, service.company, service.office, service.opened


async def test_a_lookup_asks_in_batches_as_the_binding_says(office):
    stand = office("page")
    stand.fill([company(i) for i in range(300)])
    values = [(f"k{i:04d}",) for i in range(0, 600, 5)]
    source = stand.open(batch="50")
    assert len(await source.fetch(("code",), values)) == 60
    firsts = [asked for asked in stand.service.asked if asked.one("page") == "1"]
    assert [len(asked.query["code"]) for asked in firsts] == [50, 50, 20]
    await source.close()


async def test_values_that_are_joined_are_sent_as_one_and_none_that_would_be_read_as_two(office):
    stand = office("none")
    stand.service.routes["/records"] = lambda asked: Reply.of([{"code": c} for c in asked.one("code").split(",")])
    source = opened(stand.url, path="/records", columns=("code",), batch="3", join=",", **{"by.code": "code"})
    values = ["a", "b,c", "d&e=f", "甲 乙"]
    found = await source.fetch(("code",), [(value,) for value in values])
    assert [row.values["code"] for row in found] == ["a", "d&e=f", "甲 乙"]
    await source.close()


async def test_a_lookup_by_path_spells_values_safely_and_takes_one_object_or_404(office):
    stand = office("none")
    for path in ("/records/a", "/records/a%2F..%2Fb%3Fx%3D1", "/records/%E7%94%B2"):
        stand.service.routes[path] = lambda asked, path=path: Reply.of({"code": http_unquoted(path), "name": "x"})
    source = opened(stand.url, path="/records", rows="/items", columns=("code",), **{"by.code": "/records/{}"})
    found = await source.fetch(("code",), [("a",), ("a/../b?x=1",), ("甲",), ("nobody",), ("..",), ("",)])
    assert [row.values["code"] for row in found] == ["a", "a/../b?x=1", "甲"]
    await source.close()


def http_unquoted(path):
    return unquote(path.removeprefix("/records/"))


async def test_a_lookup_by_post_sends_values_as_members_and_follows_pages(office):
    stand = office("none")

    def records(asked):
        sent = asked.json
        rows = [{"code": code, "n": sent["page"]} for code in sent["codes"]] if sent["page"] < 3 else []
        return Reply.of({"items": rows if sent["kind"] == 1 else None})

    stand.service.routes["/search"] = records
    options = {"path": "/search", "body": '{"kind": 1}', "rows": "/items", "pages": "page", "batch": "9"}
    source = opened(stand.url, columns=("code",), **options, **{"by.code": "codes"})
    found = await source.fetch(("code",), [("a",), ("b",)])
    assert [(row.values["code"], row.values["n"]) for row in found] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    await source.close()


async def test_a_service_that_matches_loosely_gives_no_row_that_was_not_asked_for(office):
    stand = office("none")
    stand.service.routes["/records"] = lambda asked: Reply.of([company(1), company(2), {"name": "no code"}])
    source = opened(stand.url, path="/records", columns=("code",), **{"by.code": "code"})
    found = await source.fetch(("code",), [("k0001",), ("k0001",), ("k0009",)])
    assert [row.values["code"] for row in found] == ["k0001"]
    with pytest.raises(SourceMisconfigured, match=r"no option by\.name"):
        await source.fetch(("name",), [("x",)])
    await source.close()


async def test_the_first_failure_of_a_lookup_is_its_own_and_ends_all_questions(office):
    stand = office("none")
    stand.service.script = [Reply(b"", how="hang")] * 3 + [Reply.of({}, 429, **{"Retry-After": "4"})]
    source = stand.open(pages="none")
    with pytest.raises(SourceUnavailable) as caught:
        await source.fetch(("code",), [(f"k{i}",) for i in range(4)])
    assert caught.value.retry_after == 4
    await source.close()


async def test_the_shape_is_what_the_binding_reads_so_that_further_members_are_no_drift(office):
    stand = office("none")
    stand.fill([company(0), {**company(1), "new": 1}])
    assert await stand.open(pages="none", columns=("stamp", "code")).shape() == ("code", "stamp")
    assert await stand.open(pages="none", columns=("code", "gone")).shape() == ("code",)
    with pytest.raises(SourceMisconfigured, match="no column gone; there are code, name, city, stamp, new"):
        await stand.open(pages="none", columns=("code", "gone")).check()
    await stand.open(pages="none", columns=("code", "gone"), optional="gone").check()
    stand.fill([])
    assert await stand.open(pages="none").shape() == COLUMNS


async def test_one_request_is_enough_for_shape_and_check(office):
    stand = office("none")
    stand.fill([company(0)])
    source = stand.open(pages="none")
    await source.shape()
    await source.check()
    assert len(stand.service.asked) == 1
    await source.check()
    assert len(stand.service.asked) == 2
    await source.close()


OPENAPI = {
    "openapi": "3.0.3",
    "paths": {
        "/matters": {
            "parameters": [{"$ref": "#/components/parameters/Limit"}],
            "get": {
                "parameters": [{"name": n, "in": "query"} for n in ("cursor", "updatedAfter", "matter_code")]
                + [{"name": "updated_since", "in": "query"}],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}}},
            },
        },
        "/plain": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Matter"}}}}}}}},
        "/plain/{matter_code}": {"get": {"responses": {}}},
        "/health": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"type": "object"}}}}}}},
        "/loop": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Loop"}}}}}}},
    },
    "components": {
        "parameters": {"Limit": {"name": "limit", "in": "query"}},
        "schemas": {
            "Page": {"properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Matter"}}, "total": {"type": "integer"}, "next": {"type": "string"}}},
            "Matter": {
                "required": ["matter_code"],
                "properties": {
                    "matter_code": {"type": "string", "maxLength": 31, "example": "M1"},
                    "days": {"type": "integer"},
                    "fee": {"type": ["number", "null"]},
                    "online": {"type": "boolean"},
                    "opened_on": {"type": "string", "format": "date"},
                    "updated_at": {"type": "string", "format": "date-time"},
                    "basis": {"type": "string", "maxLength": 4000},
                },
            },
            "Loop": {"$ref": "#/components/schemas/Loop"},
        },
    },
}  # fmt: skip


async def test_discovery_reads_an_openapi_document_into_offers_with_options(office):
    stand = office("none")
    stand.service.routes["/openapi.json"] = lambda asked: Reply.of(OPENAPI)
    system = System("office", "", "", "rest", {"url": stand.url, "openapi": "/openapi.json"})
    source = RestSource(system, None)
    await source.check()
    matters, plain = await source.discover()
    await source.close()
    assert (matters.name, "".join(column.type for column in matters.columns)) == ("matters", "CINLDTM")
    assert (matters.columns[0].length, matters.columns[0].nullable, matters.columns[0].samples) == (31, False, ("M1",))
    assert matters.options == {
        "path": "/matters",
        "rows": "/items",
        "total": "/total",
        "size_param": "limit",
        "pages": "cursor",
        "page_param": "cursor",
        "next": "/next",
        "since": "updated_since",
        "changed": "updated_at",
        "by.matter_code": "matter_code",
    }
    assert (plain.key, plain.options) == (
        ("matter_code",),
        {"path": "/plain", "rows": "", "by.matter_code": "/plain/{}"},
    )


async def test_what_says_how_a_list_pages_may_stand_in_an_envelope(office):
    page = OPENAPI["components"]["schemas"]["Page"]
    envelope = {"properties": {"code": {"type": "integer"}, "data": page}}
    document = {**OPENAPI, "components": {**OPENAPI["components"], "schemas": {**OPENAPI["components"]["schemas"], "Page": envelope, "Inner": page}}}  # fmt: skip
    stand = office("none")
    stand.service.routes["/openapi.json"] = lambda asked: Reply.of(document)
    source = RestSource(System("office", "", "", "rest", {"url": stand.url, "openapi": "/openapi.json"}), None)
    options = (await source.discover())[0].options
    await source.close()
    assert (options["rows"], options["total"], options["next"]) == ("/data/items", "/data/total", "/data/next")


@pytest.mark.parametrize("document", [[], {"swagger": "2.0"}, {"openapi": "3.1.0", "paths": []}])
async def test_a_document_that_is_no_openapi_3_is_named_and_one_without_lists_offers_nothing(office, document):
    stand = office("none")
    stand.service.routes["/openapi.json"] = lambda asked: Reply.of(document)
    source = RestSource(System("office", "", "", "rest", {"url": stand.url, "openapi": "/openapi.json"}), None)
    if isinstance(document, dict) and "openapi" in document:
        assert await source.discover() == ()
    else:
        with pytest.raises(SourceBroken, match="no OpenAPI 3 document"):
            await source.discover()
    await source.close()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"url": "ftp://x"}, "option url is no address of http or https"),
        ({"url": "http://a:b@x"}, "option url may not hold a password"),
        ({"pages": "pages"}, "option pages is none of"),
        ({"pages": "cursor"}, "option next is missing"),
        ({"pages": "since", "since": "s", "changed": "c"}, "option size is missing"),
        ({"pages": "since", "size": "9"}, "options since and changed stand together"),
        ({"since": "s"}, "options since and changed stand together"),
        ({"rows": "items"}, "option rows is no JSON pointer"),
        ({"body": "[1]"}, "option body is no JSON object"),
        ({"deleted": "x"}, "option deleted is not PLACE=TEXT"),
        ({"size": "1.5"}, "option size is not a whole number"),
        ({"max_bytes": "0"}, "option max_bytes is not a whole number"),
        ({"auth": "basic", "user": "u"}, "option password is missing"),
        ({"auth": "oauth", "client_id": "u", "client_secret": "x"}, "option token_url is missing"),
        ({"auth": "api_key", "secret": "a\nb"}, "option secret cannot stand in a header"),
        ({"auth": "api_key", "secret": "a", "header": "X Key"}, "option header cannot stand in a header"),
        ({"tabel": "a"}, "unknown option tabel"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(options, fault):
    with pytest.raises(SourceMisconfigured, match=fault):
        opened(**{"url": "http://127.0.0.1:1", "path": "/x", **options})
