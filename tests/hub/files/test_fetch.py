"""Fetching a file: limits on size and time, faults that name the department, and nothing left behind."""

import asyncio
from contextlib import asynccontextmanager
from hashlib import sha256

import pytest

from catalogue.model import Binding, Catalogue, Department, System
from catalogue.snapshot import Snapshot
from connectors.source import SourceBroken, SourceFile, SourceFileMissing, SourceUnavailable
from hub.errors import HubError
from hub.files import fetch
from hub.files.fetch import AT_ONCE, IN_MEMORY, Fetcher

DEPARTMENT = Department("11350000003590122P", "行政审批局")
SYSTEM = System("office", "办事系统", DEPARTMENT.code, "files", deadline=0.2)
BINDING = Binding("office:licence", "licence", "office", ())
SNAPSHOT = Snapshot(
    1,
    Catalogue(
        departments={DEPARTMENT.code: DEPARTMENT}, systems={SYSTEM.name: SYSTEM}, bindings={BINDING.name: BINDING}
    ),
)


class Office:
    """A source of files whose chunks come as a test says."""

    def __init__(self, chunks=(), error=None):
        self.chunks, self.error = chunks, error
        self.open, self.most, self.closed = 0, 0, 0

    @asynccontextmanager
    async def file(self, _reference):
        if self.error:
            raise self.error
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            yield SourceFile(self._sent(), "a.pdf", "application/pdf")
        finally:
            self.open -= 1

    async def _sent(self):
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            if chunk is None:
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            yield chunk

    async def close(self):
        self.closed += 1


async def fetched(office, reference="a.pdf", most=10_000_000):
    fetcher = Fetcher(lambda _system, _binding: office, most)
    return await fetcher.fetch(SNAPSHOT, BINDING, reference)


async def test_what_comes_in_parts_is_one_file_with_its_digest(tmp_path):
    parts = [b"a" * 400_000] * 6
    office = Office([parts[0], b"", *parts[1:]])
    spooled = await fetched(office)
    assert (spooled.size, spooled.digest) == (2_400_000, sha256(b"".join(parts)).hexdigest())
    assert (spooled.name, spooled.media, spooled.head) == ("a.pdf", "application/pdf", b"a" * 64)
    assert b"".join([chunk async for chunk in spooled.chunks()]) == b"".join(parts)
    assert (office.open, office.closed) == (0, 1)


async def test_beyond_a_mebibyte_the_bytes_stand_in_a_file_without_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    spooled = await fetched(Office([b"a" * IN_MEMORY, b"b"]))
    assert list(tmp_path.iterdir()) == []
    assert [len(chunk) async for chunk in spooled.chunks()][-1] == 1


FAULTS = [
    ("a file that is not there", [], SourceFileMissing("office", "x"), "SOURCE_UNAVAILABLE", False, "does not have"),
    ("a department that is down", [], SourceUnavailable("office", "x", retry_after=9), "SOURCE_UNAVAILABLE", True, "now"),
    ("a broken stream", [b"a", SourceBroken("office", "/srv/secret")], None, "SOURCE_UNAVAILABLE", False, "as it should"),
    ("a stream that stops", [b"a", None], None, "SOURCE_TIMEOUT", True, "in time"),
    ("a file without an end", [b"a" * 60_000] * 200, None, "SOURCE_UNAVAILABLE", False, "larger"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "chunks", "error", "code", "retryable", "says"), FAULTS, ids=[f[0] for f in FAULTS])
async def test_every_fault_names_the_department_and_whether_to_retry(what, chunks, error, code, retryable, says):
    office = Office(chunks, error)
    with pytest.raises(HubError, match=says) as caught:
        await fetched(office)
    assert caught.value.code == code
    assert caught.value.extensions["department"] == "行政审批局"
    assert caught.value.extensions["retryable"] is retryable
    assert "secret" not in caught.value.message
    assert caught.value.extensions.get("retryAfter") == (9 if "down" in what else None)
    assert (office.open, office.closed) == (0, 1)


async def test_a_source_that_drips_is_given_up_in_the_end(monkeypatch):
    monkeypatch.setattr(fetch, "FETCH_SECONDS", 0.1)

    def drops():
        while True:
            yield b"."

    with pytest.raises(HubError, match="in time"):
        await fetched(Office(drops()))


async def test_a_file_that_is_not_what_its_digest_says_is_refused():
    name = f"sha256:{sha256(b'right').hexdigest()}"
    assert (await fetched(Office([b"right"]), name)).size == 5
    with pytest.raises(HubError, match="digest differs"):
        await fetched(Office([b"wrong"]), name)


async def test_one_system_sends_a_few_files_at_once_and_the_others_wait_their_turn():
    office = Office([b"a"] * 50)
    fetcher = Fetcher(lambda _system, _binding: office, 100)
    await asyncio.gather(*(fetcher.fetch(SNAPSHOT, BINDING, "a") for _ in range(3 * AT_ONCE)))
    assert office.most == AT_ONCE


async def test_a_source_that_knows_no_files_is_a_fault_of_its_binding():
    class Rows:
        async def close(self):
            pass

    with pytest.raises(HubError, match="as it should"):
        await fetched(Rows())
