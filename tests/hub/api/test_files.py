"""`/files/{token}` from outside: a question's address gives the file once, to whom it is still due, and leaves a trace."""

import asyncio
from base64 import urlsafe_b64decode
from contextlib import aclosing
from datetime import timedelta
from hashlib import sha256
from urllib.parse import unquote

import pytest

from auth.bearer import Principal
from auth.ports import AuthStoreUnavailable
from auth.purpose import DeclaredPurpose
from catalogue.rules import Compare, Op
from hub.engine.operation import Operation
from hub.files import fetch
from hub.files.address import LIFE_SECONDS
from tests.hub.files.house import ORIGIN, digest, error_of, opened

PATIENCE = 30
FEED = """subscription {
  licenceChanges(from: BEGINNING) { ... on LicenceChange { record { licenceId fileDigest { digest url } } } }
}"""
PDF = b"%PDF-1.7 " + "食品经营许可证".encode()


@pytest.fixture
async def house(tmp_path):
    async with opened(tmp_path) as made:
        yield made


@pytest.fixture
async def url(house):
    """The address of a licence's file."""
    await house.licence("L1", house.put(PDF))
    return await house.url()


async def refused(house, url, status):
    answer = await house.http.get(url)
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert error_of(answer)["extensions"]["requestId"] == answer.headers["x-request-id"]
    return error_of(answer)


async def test_a_question_gives_the_files_digest_and_an_address_that_ends_soon(house):
    await house.licence("L1", house.put(PDF))
    told = await house.file()
    assert told["digest"] == digest(PDF)
    assert told["url"].startswith(f"{ORIGIN}/files/")
    assert told["expiresAt"] == "2026-06-01T16:05:00.000+08:00"


async def test_the_file_is_downloaded_whole_with_its_name_and_kind_and_nothing_may_keep_it(house, url):
    answer = await house.http.get(url)
    assert (answer.status_code, answer.content) == (200, PDF)
    headers = answer.headers
    name = f"{sha256(PDF).hexdigest()}.pdf"
    assert headers["content-disposition"] == f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
    assert headers["content-type"] == "application/pdf"
    assert headers["content-length"] == str(len(PDF))
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert (headers["accept-ranges"], headers["referrer-policy"]) == ("none", "no-referrer")
    assert headers["x-request-id"]


async def test_an_address_is_used_once_and_a_new_question_gives_another(house, url):
    assert (await house.http.get(url)).status_code == 200
    error = await refused(house, url, 410)
    assert "was used" in error["message"]
    assert (await house.http.get(await house.url())).content == PDF


async def test_of_many_who_come_at_once_one_gets_the_file(house, url):
    answers = await asyncio.gather(*(house.http.get(url) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [410] * 7
    assert len(await house.entries("file")) == 1


async def test_a_look_does_not_use_the_address_up(house, url):
    for _ in range(2):
        look = await house.http.head(url)
        assert (look.status_code, look.content) == (200, b"")
        assert look.headers["accept-ranges"] == "none"
    assert (await house.http.get(url, headers={"Range": "bytes=0-1"})).content == PDF
    assert (await house.http.head(url)).status_code == 410
    assert len(await house.entries("file")) == 1


async def test_the_entry_says_who_took_which_file_of_which_record_why_and_under_which_grant(house, url):
    answer = await house.http.get(url)
    [asked] = (await house.entries("query"))[-1:]
    [entry] = await house.entries("file")
    assert entry["request_id"] == answer.headers["x-request-id"]
    assert (entry["client_id"], entry["department"]) == ("desk", "11350000003590122P")
    assert (entry["purpose"], entry["case"], entry["operator"]) == ("check", "2026-0042", "林晓")
    assert entry["grants"] == ["g"]
    assert entry["what"] == {"licence": ["file_digest"]}
    assert entry["records"] == asked["records"]
    assert entry["subjects"] == asked["subjects"] != []
    assert entry["detail"] == {"file": digest(PDF), "bytes": str(len(PDF)), "asked": asked["request_id"]}


async def test_an_address_tells_its_bearer_nothing(house, url):
    token = url.rpartition("/")[2]
    sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for told in ("licence", "file_digest", "check", sha256(PDF).hexdigest()[:16]):
        assert told not in token
        assert told.encode() not in sealed
    assert token != (await house.url()).rpartition("/")[2]


async def test_without_the_url_no_address_is_made(house, monkeypatch):
    await house.licence("L1", house.put(PDF))
    monkeypatch.setattr("hub.files.address.Addresses.url", lambda *_: pytest.fail("made"))
    body = await house.ask('{ licence(licenceId: "L1") { fileDigest { digest expiresAt } } }')
    assert body["data"]["licence"]["fileDigest"]["digest"] == digest(PDF)


async def test_licences_are_filtered_by_digest_and_one_without_a_file_answers_null(house):
    await house.licence("L1", house.put(PDF))
    await house.licence("L2", "")
    where = f'where: {{ fileDigest: {{ eq: "{digest(PDF)}" }} }}'
    body = await house.ask(f"{{ licences({where}) {{ nodes {{ licenceId fileDigest {{ url }} }} }} }}")
    [found] = body["data"]["licences"]["nodes"]
    assert (await house.http.get(found["fileDigest"]["url"])).content == PDF
    assert await house.file("L2") is None


async def test_whoever_is_not_granted_the_file_gets_no_address(house):
    await house.licence("L1", house.put(PDF))
    body = await house.ask("{ licences { nodes { licenceId fileDigest { url } } } }", purpose=None)
    assert body["data"]["licences"]["nodes"] == [{"licenceId": "L1", "fileDigest": None}]
    assert body["errors"][0]["extensions"]["code"] == "PURPOSE_REQUIRED"


async def test_a_feed_gives_an_address_with_every_record_that_it_sends(house):
    await house.licence("L1", house.put(PDF))
    principal = Principal("desk", "", frozenset({"licence:read", "feed:subscribe"}), "t", house.now)
    purpose = DeclaredPurpose("check")
    operation = Operation(FEED, None, {}, principal, purpose, "feed-1")
    services = house.services
    async with aclosing(services.follow(await services.engine.subscribe(operation))) as answers:
        answer = await asyncio.wait_for(anext(answers), PATIENCE)
    assert not answer.errors
    file = answer.data["licenceChanges"]["record"]["fileDigest"]
    assert (await house.http.get(file["url"])).content == PDF
    [entry] = await house.entries("file")
    assert entry["detail"]["asked"] == "feed-1"


async def test_in_a_history_only_the_file_that_the_record_names_now_can_be_had(house):
    await house.licence("L1", house.put(PDF))
    await house.licence("L1", house.put(b"%PDF-1.7 new"))
    body = await house.ask('{ licence(licenceId: "L1") { history(first: 2) { record { fileDigest { url } } } } }')
    assert "errors" not in body, body
    urls = [change["record"]["fileDigest"]["url"] for change in body["data"]["licence"]["history"]]
    assert [(await house.http.get(url)).status_code for url in urls] == [200, 410]


# what happens between the question and the download


async def test_a_grant_that_was_revoked_meanwhile_gives_nothing_and_the_refusal_is_audited(house, url):
    await house.revoke()
    error = await refused(house, url, 403)
    assert error["extensions"]["code"] == "NOT_GRANTED"
    assert (await house.entries("file"), len(await house.entries("refusal"))) == ([], 1)
    await house.grant()
    assert (await house.http.get(url)).content == PDF


async def test_a_grant_that_ran_out_meanwhile_gives_nothing(house):
    await house.licence("L1", house.put(PDF))
    await house.grant(until=house.now + timedelta(seconds=60))
    url = await house.url()
    house.now += timedelta(seconds=61)
    assert (await refused(house, url, 403))["extensions"]["code"] == "GRANT_EXPIRED"


async def test_a_grant_of_another_name_does_not_honour_the_address(house, url):
    await house.revoke()
    await house.grant(id="g2")
    assert "grant" in (await refused(house, url, 403))["message"]


async def test_a_client_that_was_removed_meanwhile_gets_nothing(house, url):
    await house.services.registrar("test").remove("desk")
    await house.services.publication.confirm()
    assert (await refused(house, url, 403))["extensions"]["code"] == "NOT_GRANTED"


async def test_a_record_that_is_not_shown_any_more_shows_no_file_and_looks_like_one_that_is_gone(house, url):
    await house.grant(rows=Compare("number", Op.EQ, "another"))
    hidden = await refused(house, url, 410)
    await house.grant()
    house.licences.clear()
    await house.licence("L2", "")
    assert (await refused(house, url, 410))["message"] == hidden["message"]


async def test_a_record_that_names_another_file_now_does_not_give_the_old_one(house, url):
    await house.licence("L1", house.put(b"%PDF-1.7 new"))
    assert "any more" in (await refused(house, url, 410))["message"]
    assert (await house.http.get(await house.url())).content == b"%PDF-1.7 new"


async def test_an_address_ends(house, url):
    house.now += timedelta(seconds=LIFE_SECONDS)
    assert "expired" in (await refused(house, url, 410))["message"]


@pytest.mark.parametrize("change", ["", "x", "A" * 5000, "cut", "turned", "../blobs", "%2e%2e%2fetc"])
async def test_an_address_that_this_hub_did_not_make_leads_nowhere(house, url, change):
    token = url.rpartition("/")[2]
    forged = {"cut": token[:-4], "turned": token[:40] + ("A" if token[40] != "A" else "B") + token[41:]}
    answer = await house.http.get(f"{ORIGIN}/files/{forged.get(change, change)}")
    assert answer.status_code == 404
    assert (await house.http.get(url)).status_code == 200


async def test_a_cursor_is_no_address(house):
    await house.licence("L1", house.put(PDF))
    body = await house.ask("{ licences { pageInfo { endCursor } } }")
    await refused(house, f"{ORIGIN}/files/{body['data']['licences']['pageInfo']['endCursor']}", 404)


# what the department's system does


async def test_a_file_that_is_gone_is_the_departments_fault_and_the_address_stays(house, url):
    place = house.path_of(digest(PDF))
    place.rename(place.with_name("away"))
    error = await refused(house, url, 502)
    assert error["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    assert error["extensions"]["department"] == "行政审批局"
    assert error["extensions"]["retryable"] is False
    place.with_name("away").rename(place)
    assert (await house.http.get(url)).content == PDF


async def test_a_department_that_is_down_can_be_asked_again_at_the_same_address(house, url):
    house.folder.rename(house.folder.with_name("unmounted"))
    error = await refused(house, url, 502)
    assert error["extensions"]["retryable"] is True
    assert str(house.folder) not in error["message"]
    house.folder.with_name("unmounted").rename(house.folder)
    assert (await house.http.get(url)).content == PDF


async def test_another_file_under_the_digest_never_leaves(house, url):
    house.path_of(digest(PDF)).write_bytes(b"%PDF-1.7 forged")
    error = await refused(house, url, 502)
    assert "digest differs" in error["message"]
    assert await house.entries("file") == []


async def test_a_file_larger_than_the_hub_passes_on_is_refused(tmp_path):
    async with opened(tmp_path, file_bytes=100) as house:
        await house.licence("L1", house.put(b"x" * 100))
        await house.licence("L2", house.put(b"x" * 101))
        assert (await house.http.get(await house.url("L1"))).status_code == 200
        assert "larger" in (await refused(house, await house.url("L2"), 502))["message"]


async def test_a_file_of_many_megabytes_arrives_unchanged(house):
    content = bytes(range(256)) * 12_000
    await house.licence("L1", house.put(content, ""))
    answer = await house.http.get(await house.url())
    assert (answer.headers["content-type"], len(answer.content)) == ("application/octet-stream", len(content))
    assert digest(answer.content) == digest(content)


async def test_a_file_without_a_byte_is_a_file(house):
    await house.licence("L1", house.put(b"", ".ofd"))
    answer = await house.http.get(await house.url())
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_file_that_the_source_calls_by_a_name_of_its_own_keeps_it_and_is_audited_by_digest(house):
    (house.folder / "blobs" / "2026").mkdir()
    (house.folder / "blobs" / "2026" / "许可证 1.pdf").write_bytes(PDF)
    await house.licence("L1", "2026/许可证 1.pdf")
    answer = await house.http.get(await house.url())
    assert answer.content == PDF
    name = answer.headers["content-disposition"].partition("filename*=UTF-8''")[2]
    assert unquote(name) == "许可证 1.pdf"
    [entry] = await house.entries("file")
    assert entry["detail"]["file"] == digest(PDF)


@pytest.mark.parametrize("name", ["../secret.txt", "blobs/../../secret.txt", "/etc/hostname", "out.pdf", ".hidden"])
async def test_a_name_that_leads_out_of_the_folder_names_no_file(house, name):
    (house.folder / "secret.txt").write_text("secret")
    (house.folder / "blobs" / ".hidden").write_text("secret")
    (house.folder / "blobs" / "out.pdf").symlink_to(house.folder / "secret.txt")
    await house.licence("L1", name)
    error = await refused(house, await house.url(), 502)
    assert "does not have the file" in error["message"]


async def test_a_source_that_gives_no_files_gives_no_address(tmp_path):
    async with opened(tmp_path, blobs=False) as house:
        await house.licence("L1", digest(PDF))
        assert await house.file() == {"digest": digest(PDF), "url": None, "expiresAt": None}


# what the hub itself cannot do


async def test_without_an_audit_entry_nothing_leaves(house, url, monkeypatch):
    async def full(_entries):
        raise AuthStoreUnavailable("disk full")

    monkeypatch.setattr(house.services.stores.audit, "append", full)
    assert (await refused(house, url, 503))["extensions"]["code"] == "AUDIT_UNAVAILABLE"


async def test_where_there_is_no_room_for_the_file_the_hub_says_so_and_the_address_stays(house, monkeypatch):
    class Full(fetch.SpooledTemporaryFile):
        def write(self, _chunk):
            raise OSError(28, "No space left on device")

    await house.licence("L1", house.put(PDF))
    url = await house.url()
    with monkeypatch.context() as patched:
        patched.setattr(fetch, "SpooledTemporaryFile", Full)
        assert (await refused(house, url, 503))["extensions"]["code"] == "STORE_UNAVAILABLE"
    assert (await house.http.get(url)).content == PDF
