import importlib.util
from pathlib import Path

import pytest

from connectors.contract import SourceContract
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
Reply, codes, company, error_of, office, read = (
    service.Reply,
    service.codes,
    service.company,
    service.error_of,
    service.office,
    service.read,
)


class TestRestByPageNumber(SourceContract):
    @pytest.fixture
    def stand(self, office):
        return office("page")


class TestRestByOffset(SourceContract):
    @pytest.fixture
    def stand(self, office):
        return office("offset")


class TestRestByCursor(SourceContract):
    @pytest.fixture
    def stand(self, office):
        return office("cursor")


class TestRestByLink(SourceContract):
    @pytest.fixture
    def stand(self, office):
        return office("link")


class TestRestBySince(SourceContract):
    """A service that gives the rows at the time asked for, and one that gives those behind it only."""

    @pytest.fixture(params=["at", "behind"])
    def stand(self, request, office):
        stand = office("since")
        stand.service.inclusive = request.param == "at"
        return stand

    async def test_memory_does_not_grow_with_the_source(self, stand):
        """Rows of one change come in one answer, so here they have several."""
        stand.spread = True
        await super().test_memory_does_not_grow_with_the_source(stand)


@pytest.mark.parametrize("manner", ["page", "offset", "cursor"])
@pytest.mark.parametrize("told", [40, 400])
async def test_a_source_that_lies_about_completeness_is_named_and_nothing_is_called_complete(office, manner, told):
    stand = office(manner)
    stand.fill([company(i) for i in range(250)])
    stand.service.extra = {"total": told}
    error, pages = await error_of(stand.open())
    assert type(error) is SourceBroken
    assert f"{told} rows and gives 250" in str(error)
    assert len(codes(pages)) == 250
    assert not any(page.complete for page in pages)


async def test_rows_that_moved_while_they_were_read_leave_a_read_that_is_not_complete(office):
    stand = office("offset")
    stand.fill([company(i) for i in range(250)])
    source = stand.open()
    stream = source.pull(None)
    await anext(stream)
    stand.fill([company(i) for i in range(1, 250)])
    pages = [page async for page in stream]
    await source.close()
    assert pages[-1].rows == ()
    assert not pages[-1].complete


async def test_a_list_that_grew_while_it_was_read_is_complete(office):
    stand = office("page")
    stand.fill([company(i) for i in range(250)])
    source = stand.open()
    stream = source.pull(None)
    await anext(stream)
    stand.fill([company(i) for i in range(251)])
    assert [page async for page in stream][-1].complete
    await source.close()


@pytest.mark.parametrize("manner", ["page", "offset"])
async def test_a_service_that_caps_its_pages_is_read_to_its_end_all_the_same(office, manner):
    stand = office(manner)
    stand.service.most = 30
    stand.fill([company(i) for i in range(100)])
    assert codes(await read(stand.open())) == [f"k{i:04d}" for i in range(100)]


async def test_a_404_behind_the_last_page_is_the_end_where_all_rows_came_and_an_error_otherwise(office):
    stand = office("page")
    stand.fill([company(i) for i in range(150)])
    stand.service.script = [None, None, Reply.of({}, 404)]
    assert (await read(stand.open()))[-1].complete
    stand.service.script = [None, Reply.of({}, 404)]
    error, pages = await error_of(stand.open())
    assert type(error) is SourceMisconfigured
    assert len(codes(pages)) == 100


@pytest.mark.parametrize("manner", ["page", "cursor"])
async def test_a_service_that_gives_a_page_again_and_again_is_broken(office, manner):
    stand = office(manner)
    stand.fill([company(i) for i in range(250)])
    stand.service.routes["/records"] = lambda asked: Reply.of(
        {"data": {"items": [company(1)]}, "total": 9, "next": f"c{len(stand.service.asked)}"}
    )
    error, _ = await error_of(stand.open())
    assert type(error) is SourceBroken
    assert "again" in str(error)


async def test_pages_end_where_the_answer_says_so_without_one_more_request(office):
    stand = office("page")
    stand.fill([company(i) for i in range(150)])
    body = {"data": {"items": [company(1)]}, "total": 1}
    stand.service.script = [Reply.of({**body, "more": False})]
    assert (await read(stand.open(next="/more")))[-1].complete
    assert len(stand.service.asked) == 1


async def test_rows_that_are_marked_as_deleted_are_left_out(office):
    stand = office("none")
    stand.fill([{**company(i), "gone": i == 1} for i in range(3)])
    pages = await read(stand.open(pages="none", deleted="gone=true", total="/total"))
    assert codes(pages) == ["k0000", "k0002"]
    assert pages[-1].complete


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("manner", ["cursor", "link", "since"])
async def test_only_what_changed_is_asked_for_after_everything_was_read(office, manner, inclusive):
    stand = office(manner)
    stand.service.inclusive = inclusive
    stand.fill([company(i, f"2024-01-01 08:{i:02d}:00") for i in range(60)])
    first = await read(stand.open())
    assert len(codes(first)) == 60
    assert first[-1].complete
    stand.change(company(7, "2024-01-01 09:05:00"))
    second = await read(stand.open(), first[-1].cursor)
    assert "k0007" in codes(second)
    assert len(codes(second)) < 5
    assert not second[-1].complete
    third = await read(stand.open(), second[-1].cursor)
    assert set(codes(third)) <= {"k0007"}


async def test_what_changed_behind_a_long_read_s_back_is_asked_for_by_its_duration(office):
    stand = office("cursor")
    now = [1704096000.0]
    stand.fill([company(i, "2024-01-01 07:00:00") for i in range(150)])
    source = stand.open(clock=lambda: now[0])
    stream = source.pull(None)
    await anext(stream)
    now[0] += 600
    stand.change(company(3, "2024-01-01 08:02:00"))
    stand.change(company(140, "2024-01-01 08:09:00"))
    cursor = [page async for page in stream][-1].cursor
    await source.close()
    assert "k0003" in codes(await read(stand.open(clock=lambda: now[0]), cursor))


async def test_a_time_that_is_still_to_come_does_not_hide_later_changes(office):
    stand = office("cursor")
    stand.fill([company(0), company(1, "9999-12-31 00:00:00")])
    last = (await read(stand.open()))[-1]
    stand.change(company(0, "2024-01-01 09:00:00"))
    assert "k0000" in codes(await read(stand.open(), last.cursor))


async def test_a_page_of_changes_that_the_service_cuts_within_one_change_is_misconfigured(office):
    stand = office("since")
    stand.service.most = 100
    stand.fill([company(i) for i in range(250)])
    error, _ = await error_of(stand.open(size="100"))
    assert type(error) is SourceMisconfigured
    assert "one value of stamp" in str(error)


@pytest.mark.parametrize("status", [400, 404, 410, 422])
@pytest.mark.parametrize("manner", ["cursor", "link"])
async def test_a_forgotten_cursor_begins_again_at_the_start_of_a_pull_and_ends_one_in_its_middle(
    office, manner, status
):
    stand = office(manner)
    stand.fill([company(i) for i in range(250)])
    cursor = (await read(stand.open()))[0].cursor
    stand.service.script = [Reply.of({}, status)]
    pages = await read(stand.open(), cursor)
    assert len(codes(pages)) == 250
    assert pages[-1].complete
    stand.service.script = [None, Reply.of({}, status)]
    error, pages = await error_of(stand.open())
    assert type(error) is SourceUnavailable
    assert "forgot a cursor" in str(error)
    assert len(codes(pages)) == 100


async def test_a_forgotten_cursor_among_changes_begins_again_from_the_last_change(office):
    stand = office("cursor")
    stand.fill([company(i, "2024-01-01 08:00:00") for i in range(150)])
    last = (await read(stand.open()))[-1]
    stand.fill([company(i, "2024-01-01 09:00:00") for i in range(150)])
    cursor = (await read(stand.open(), last.cursor))[0].cursor
    stand.service.asked.clear()
    stand.service.script = [Reply.of({}, 410)]
    pages = await read(stand.open(), cursor)
    assert len(codes(pages)) == 150
    assert not pages[-1].complete
    assert all("since" in asked.query for asked in stand.service.asked)
