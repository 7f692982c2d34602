"""Files by digest or name, from a folder and from a database: what is there, and what must not be reached."""

import importlib.util
import os
import sqlite3
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.model import Binding, System
from connectors.files.source import FilesSource
from connectors.registry import gives_files
from connectors.rest.source import RestSource
from connectors.source import (
    FileSource,
    SourceBroken,
    SourceFileMissing,
    SourceMisconfigured,
    SourceUnavailable,
    digest_hex,
)
from connectors.sql.source import SqlSource

CONTENT = b"%PDF-1.7 licence"
DIGEST = f"sha256:{sha256(CONTENT).hexdigest()}"
SELECT = "SELECT content, media, name FROM scans WHERE digest = :digest"


def folder_source(folder, **options):
    system = System("office", "", "", "files", {"path": str(folder)})
    return FilesSource(system, Binding("b", "r", "office", (), {"blobs": "blobs", **options}))


def sql_source(path, statement=SELECT):
    system = System("archive", "", "", "sql", {"url": f"sqlite:///{path}", "table": "scans"})
    return SqlSource(system, Binding("b", "r", "archive", (), {"blobs": statement} if statement else {}))


async def read(source, reference):
    try:
        async with source.file(reference) as file:
            return b"".join([chunk async for chunk in file.chunks]), file.name, file.media
    finally:
        await source.close()


@pytest.fixture
def blobs(tmp_path):
    folder = tmp_path / "blobs"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    return folder


def put(blobs, suffix):
    digits = digest_hex(DIGEST)
    (blobs / digits[:2]).mkdir(exist_ok=True)
    (blobs / digits[:2] / f"{digits}{suffix}").write_bytes(CONTENT)


@pytest.mark.parametrize("suffix", ["", ".pdf", ".OFD"])
@pytest.mark.parametrize("written", [DIGEST, DIGEST.removeprefix("sha256:"), DIGEST.upper()])
async def test_a_file_is_found_by_its_digest_whatever_its_suffix(blobs, suffix, written):
    put(blobs, suffix)
    assert await read(folder_source(blobs.parent), written) == (CONTENT, digest_hex(DIGEST) + suffix, "")


async def test_a_file_of_which_only_the_beginning_is_the_digest_is_another(blobs):
    put(blobs, "0.pdf")
    with pytest.raises(SourceFileMissing):
        await read(folder_source(blobs.parent), DIGEST)


async def test_a_file_is_found_by_the_sources_own_name_also_in_a_folder(blobs):
    (blobs / "2026").mkdir()
    (blobs / "2026" / "扫描件.pdf").write_bytes(CONTENT)
    assert await read(folder_source(blobs.parent), "2026/扫描件.pdf") == (CONTENT, "扫描件.pdf", "")


async def test_a_large_file_comes_in_parts(blobs):
    (blobs / "large").write_bytes(CONTENT * 100_000)
    async with folder_source(blobs.parent).file("large") as file:
        parts = [len(part) async for part in file.chunks]
    assert max(parts) <= 65536
    assert sum(parts) == len(CONTENT) * 100_000


OUTSIDE = ["../secret.txt", "..", ".", "", "/etc/hostname", "a/../../secret.txt", "..\\secret.txt", ".hidden", "out",
           "folder/secret.txt", "a\0b", "x" * 300, "loop", "blobs", "fifo"]  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
async def test_what_leads_out_of_the_folder_or_is_no_file_is_not_there(blobs, name):
    (blobs / ".hidden").write_text("secret")
    (blobs / "out").symlink_to(blobs.parent / "secret.txt")
    (blobs / "folder").symlink_to(blobs.parent, target_is_directory=True)
    (blobs / "loop").symlink_to(blobs / "loop")
    os.mkfifo(blobs / "fifo")
    with pytest.raises(SourceFileMissing):
        await read(folder_source(blobs.parent), name)


async def test_a_link_to_a_file_inside_the_folder_is_that_file(blobs):
    (blobs / "a.pdf").write_bytes(CONTENT)
    (blobs / "b.pdf").symlink_to("a.pdf")
    assert (await read(folder_source(blobs.parent), "b.pdf"))[0] == CONTENT


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.sampled_from("./\\abs\0~%é "), max_size=12))
async def test_no_name_ever_gives_what_lies_outside(blobs, name):
    (blobs / "a").write_bytes(CONTENT)
    (blobs.parent / "s").write_bytes(b"outside")
    try:
        assert (await read(folder_source(blobs.parent), name))[0] == CONTENT
    except SourceFileMissing:
        pass  # the other answer that is allowed


async def test_a_folder_that_is_gone_is_no_missing_file(blobs):
    blobs.rename(blobs.with_name("away"))
    with pytest.raises(SourceUnavailable):
        await read(folder_source(blobs.parent), DIGEST)


async def test_without_the_option_a_source_gives_no_files(blobs):
    with pytest.raises(SourceMisconfigured, match="blobs"):
        await read(folder_source(blobs.parent, blobs=""), DIGEST)
    with pytest.raises(SourceMisconfigured, match="blobs"):
        await read(sql_source(blobs / "none.db", ""), DIGEST)


def test_a_binding_or_its_system_says_that_files_are_given():
    bare, given_ = System("a", "", "", "files", {}), System("a", "", "", "files", {"blobs": "x"})
    assert not gives_files(bare, Binding("b", "r", "a", ()))
    assert gives_files(given_, Binding("b", "r", "a", ()))
    assert gives_files(bare, Binding("b", "r", "a", (), {"blobs": "x"}))


def test_both_connectors_give_files(blobs):
    assert isinstance(folder_source(blobs.parent), FileSource)
    assert isinstance(sql_source(blobs / "x.db"), FileSource)


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "archive.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE scans (digest TEXT, content, media TEXT, name TEXT)")
        rows = [
            (DIGEST, CONTENT * 10_000, "application/pdf", "扫描.pdf"),
            ("text", "words", None, None),
            ("gone", None, "", ""),
        ]
        connection.executemany("INSERT INTO scans VALUES (?, ?, ?, ?)", rows)
    return path


async def test_a_database_gives_bytes_name_and_media_type(archive):
    assert await read(sql_source(archive), DIGEST) == (CONTENT * 10_000, "扫描.pdf", "application/pdf")


async def test_name_and_media_type_may_be_left_out(archive):
    found = await read(sql_source(archive, "SELECT content FROM scans WHERE digest = :digest;"), DIGEST)
    assert found == (CONTENT * 10_000, "", "")


@pytest.mark.parametrize("reference", ["nobody", "gone", "' OR 1=1 --"])
async def test_a_database_without_the_file_says_so(archive, reference):
    with pytest.raises(SourceFileMissing):
        await read(sql_source(archive), reference)


async def test_a_column_that_holds_no_bytes_is_broken(archive):
    with pytest.raises(SourceBroken, match="str, not bytes"):
        await read(sql_source(archive), "text")


def test_a_statement_that_asks_for_no_digest_is_refused(archive):
    with pytest.raises(SourceMisconfigured, match=":digest"):
        sql_source(archive, "SELECT content FROM scans")


def load(name):
    """A module beside this file: tests are no package."""
    spec = importlib.util.spec_from_file_location(f"blob_tests_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


web = load("rest_service")


@pytest.fixture
def service():
    """A service with one file, and its address."""
    made = web.Service()
    about = {"Content-Type": "application/pdf", "Content-Disposition": "attachment; filename*=UTF-8''%E6%89%AB.pdf"}
    made.routes = {f"/files/{DIGEST}": lambda _: web.Reply(CONTENT * 20_000, headers=about)}
    with web.serving(made) as url:
        yield made, url


def rest_source(url, path="/files/{}", **options):
    system = System("web", "", "", "rest", {"url": url, "path": "/records"}, deadline=1.0)
    return RestSource(system, Binding("b", "r", "web", (), {"blobs": path, **options}))


async def test_a_service_gives_a_file_with_its_name_and_media_type(service):
    _, url = service
    assert await read(rest_source(url), DIGEST) == (CONTENT * 20_000, "扫.pdf", "application/pdf")


@pytest.mark.parametrize("reference", ["nobody", "..", ".", "", "../records", f"{DIGEST}/../../records", "a?b#c"])
async def test_a_service_without_the_file_says_so_and_no_other_address_is_asked(service, reference):
    made, url = service
    with pytest.raises(SourceFileMissing):
        await read(rest_source(url), reference)
    assert all(asked.path.startswith("/files/") and asked.path.count("/") == 2 for asked in made.asked)


async def test_credentials_go_with_a_file_and_a_refused_token_is_renewed_once(service):
    made, url = service
    tokens = iter(("old", "new"))
    made.routes["/token"] = lambda _: web.Reply.of({"access_token": next(tokens), "expires_in": 600})

    def guard(asked):
        known = asked.path == "/token" or "Bearer new" in asked.headers.values()
        return None if known else web.Reply.of({}, 401)

    made.guard = guard
    client = {"auth": "oauth", "token_url": f"{url}/token", "client_id": "hub", "client_secret": "s"}
    assert (await read(rest_source(url, **client), DIGEST))[0] == CONTENT * 20_000


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (web.Reply(status=503), SourceUnavailable),
        (web.Reply(status=403), SourceMisconfigured),
        (web.Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}), SourceBroken),
        (web.Reply(CONTENT, headers={"Content-Encoding": "gzip"}), SourceBroken),
        (web.Reply(CONTENT * 1000, how="cut"), SourceUnavailable),
    ],
    ids=["down", "forbidden", "elsewhere", "packed", "cut"],
)
async def test_what_a_service_does_wrong_is_a_named_error(service, reply, error):
    made, url = service
    made.script.append(reply)
    with pytest.raises(error):
        await read(rest_source(url), DIGEST)


def test_a_path_without_a_place_for_the_digest_is_refused(service):
    with pytest.raises(SourceMisconfigured, match="blobs"):
        rest_source(service[1], "/files")
