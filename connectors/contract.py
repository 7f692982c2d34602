"""The suite that every connector passes: its tests give a fixture `stand` and one line, `class TestX(SourceContract)`.

A stand is a department's system that the suite may fill, change and break; the connector under test reads it through
the port alone. Every method is a test of pytest; nothing here is used by a running hub.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Awaitable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from connectors.source import BadRow, Source, SourceError, SourcePage, SourceRow

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

#: Columns of every stand: `code` is the key, `stamp` a time text that grows with every change.
COLUMNS = ("code", "name", "city", "stamp")
Row = dict[str, str]
_FIRST = "2024-01-01 08:00:00"
_LATER = "2024-01-01 09:00:00"
_LATE = "2024-01-01 08:59:30"
#: What fifteen hundred further rows may cost in bytes: a buffer that filled up, not the rows.
_SLACK = 500_000
_LARGEST_PAGE = 1000


class Stand(Protocol):
    """A department's system with one table (or folder) of the four COLUMNS."""

    def fill(self, rows: Sequence[Row]) -> None:
        """Everything that stands there from now on, in this order."""

    def change(self, row: Row) -> None:
        """Give the row of that code these values, as the department would."""

    def break_bytes(self, code: str) -> bool:
        """Make the name of that row undecodable; False where the system cannot hold such bytes."""

    def take_away(self) -> None:
        """Make the table or folder vanish."""

    def open(self) -> Source:
        """The connector under test, bound to the four columns."""


@runtime_checkable
class CuttingStand(Stand, Protocol):
    """A stand whose connection can be cut, as one that is reached over a network can be."""

    def cut_after(self, answers: int) -> None:
        """Break off once in the middle of an answer, after so many whole ones from now on."""


def rows(number: int, stamp: str = _FIRST) -> list[Row]:
    """So many rows; every tenth name holds what breaks careless readers."""
    odd = ('有"引号"和,逗号', "一行\n两行", "末尾空格 x", "ASCII, only")
    return [
        {
            "code": f"k{i:06d}",
            "name": odd[i // 10 % 4] if i % 10 == 0 else f"名称{i}",
            "city": f"城市{i % 97}",
            "stamp": stamp,
        }
        for i in range(number)
    ]


class SourceContract:
    """What a pull relies on. Each test says in its name what must hold."""

    async def test_a_full_read_gives_every_row_once_and_says_so_on_its_last_page(self, stand: Stand) -> None:
        """Completeness is the ground on which a pull may delete."""
        stand.fill(rows(1203))
        pages = await _pages(stand, None)
        assert _texts(pages) == rows(1203)
        assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
        assert max(len(page.rows) for page in pages) <= _LARGEST_PAGE

    async def test_reading_on_from_every_checkpoint_gives_the_rest(self, stand: Stand) -> None:
        """A pull that was killed goes on; rows may come twice, none may be missed."""
        stand.fill(rows(1203))
        pages = await _pages(stand, None)
        for number, page in enumerate(pages[:-1]):
            if page.cursor is not None:
                rest = _texts(await _pages(stand, page.cursor))
                wanted = _texts(pages[number + 1 :])
                assert rest[len(rest) - len(wanted) :] == wanted

    async def test_a_page_read_after_a_checkpoint_is_never_called_complete(self, stand: Stand) -> None:
        """What stood before the checkpoint was not listed by this read."""
        stand.fill(rows(1203))
        first = (await _pages(stand, None))[0]
        if first.cursor is not None:
            assert not any(page.complete for page in await _pages(stand, first.cursor))

    async def test_a_change_after_a_full_read_is_in_the_next_pull(self, stand: Stand) -> None:
        """Also where every other row has the same time stamp."""
        stand.fill(rows(1203))
        last = (await _pages(stand, None))[-1]
        changed = {**rows(1203)[700], "name": "改名", "stamp": _LATER}
        stand.change(changed)
        after = await _pages(stand, last.cursor)
        assert changed in _texts(after)
        later = {**rows(1203)[300], "name": "又改名", "stamp": _LATER}
        stand.change(later)
        assert later in _texts(await _pages(stand, after[-1].cursor))

    async def test_rows_changed_at_one_time_are_all_in_the_next_pull(self, stand: Stand) -> None:
        """More of them than a page holds, and one that came at the same time after it was read."""
        stand.fill(rows(1203))
        last = (await _pages(stand, None))[-1]
        changed = [*rows(500), *rows(1203, _LATER)[500:]]
        stand.fill(changed)
        after = await _pages(stand, last.cursor)
        given = {row["code"]: row for row in _texts(after)}
        assert not [row for row in changed[500:] if given.get(row["code"]) != row]
        one_more = {**rows(1)[0], "name": "同时改名", "stamp": _LATER}
        stand.change(one_more)
        assert one_more in _texts(await _pages(stand, after[-1].cursor))

    async def test_a_commit_that_comes_late_is_in_the_next_pull(self, stand: Stand) -> None:
        """Its time was given when it began, and others were read before it ended."""
        stand.fill([*rows(60), {**rows(61)[60], "stamp": _LATER}])
        last = (await _pages(stand, None))[-1]
        late = {**rows(60)[7], "name": "迟到", "stamp": _LATE}
        stand.change(late)
        assert late in _texts(await _pages(stand, last.cursor))

    async def test_a_connection_cut_in_the_middle_loses_no_row_and_is_no_end(self, stand: Stand) -> None:
        """What was given stands, the error says that trying again helps, and the last checkpoint leads to the rest."""
        if not isinstance(stand, CuttingStand):
            return
        stand.fill(rows(1203))
        stand.cut_after(1)
        pages: list[SourcePage] = []
        async with _opened(stand) as source:
            error = await _broken_off(source, pages)
        assert error is not None
        assert error.retryable
        assert not any(page.complete for page in pages)
        rest = await _pages(stand, pages[-1].cursor if pages else None)
        assert {row["code"] for row in _texts([*pages, *rest])} == {row["code"] for row in rows(1203)}

    async def test_broken_bytes_cost_their_own_row_alone(self, stand: Stand) -> None:
        """And the row says where it stands, so that a person finds it."""
        stand.fill(rows(60))
        if not stand.break_bytes("k000031"):
            return
        pages = await _pages(stand, None)
        assert _texts(pages) == [row for row in rows(60) if row["code"] != "k000031"]
        (bad,) = [row for page in pages for row in page.rows if isinstance(row, BadRow)]
        assert bad.position
        assert bad.reason
        assert pages[-1].complete

    async def test_a_deleted_row_is_missing_from_a_complete_read(self, stand: Stand) -> None:
        """That is how deletions are seen."""
        stand.fill(rows(30))
        await _pages(stand, None)
        stand.fill(rows(29))
        pages = await _pages(stand, None)
        assert _texts(pages) == rows(29)
        assert pages[-1].complete

    async def test_an_empty_source_is_read_completely(self, stand: Stand) -> None:
        """A table without rows is not a table that is not there."""
        stand.fill([])
        pages = await _pages(stand, None)
        assert _texts(pages) == []
        assert pages[-1].complete

    async def test_a_lookup_gives_any_number_of_rows_a_value(self, stand: Stand) -> None:
        """For live resources and links to them."""
        stand.fill(rows(300))
        async with _opened(stand) as source:
            cities = await source.fetch(("city",), [("城市3",), ("城市5",), ("不存在",)])
            both = await source.fetch(("code", "city"), [("k000005", "城市5"), ("k000006", "城市5")])
            assert await source.fetch(("code",), []) == []
        assert {_text(r)["code"] for r in cities} == {r["code"] for r in rows(300) if r["city"] in ("城市3", "城市5")}
        assert [_text(row)["code"] for row in both] == ["k000005"]

    async def test_its_columns_are_named_and_offered(self, stand: Stand) -> None:
        """Drift is seen by the shape; discovery proposes from the offer."""
        stand.fill(rows(20))
        async with _opened(stand) as source:
            assert await source.shape() == COLUMNS
            (offer,) = await source.discover()
            await source.check()
        assert tuple(column.name for column in offer.columns) == COLUMNS
        assert all(column.type and column.samples for column in offer.columns)

    async def test_what_is_not_there_is_an_error_and_never_an_empty_source(self, stand: Stand) -> None:
        """An absent table that looked empty would delete every record."""
        stand.fill(rows(20))
        stand.take_away()
        for ask in (_pages(stand, None), _check(stand)):
            assert await _refused(ask), "it read what is not there"

    async def test_memory_does_not_grow_with_the_source(self, stand: Stand) -> None:
        """A pull of a million rows needs what a pull of some thousand does."""
        small, large = await _peak(stand, 1500), await _peak(stand, 3000)
        assert large < small + _SLACK

    async def test_a_read_that_stops_early_gives_everything_back(self, stand: Stand) -> None:
        """The consumer may stop, fail or be cancelled at any page."""
        stand.fill(rows(1203))
        async with _opened(stand) as source:
            async with aclosing(_generator(source, None)) as pages:
                await anext(pages)
            assert await source.shape() == COLUMNS
        await source.close()


@asynccontextmanager
async def _opened(stand: Stand) -> AsyncIterator[Source]:
    source = stand.open()
    try:
        yield source
    finally:
        await source.close()


def _generator(source: Source, cursor: str | None) -> AsyncGenerator[SourcePage, None]:
    return cast("AsyncGenerator[SourcePage, None]", source.pull(cursor))


async def _pages(stand: Stand, cursor: str | None) -> list[SourcePage]:
    async with _opened(stand) as source:
        return [page async for page in source.pull(cursor)]


async def _check(stand: Stand) -> None:
    async with _opened(stand) as source:
        await source.check()


async def _refused(ask: Awaitable[object]) -> bool:
    """Whether it ended in an error that names the system."""
    try:
        await ask
    except SourceError as error:
        return bool(error.source)
    return False


async def _broken_off(source: Source, pages: list[SourcePage]) -> SourceError | None:
    """Gather pages until an error, and give it."""
    try:
        async for page in source.pull(None):
            pages.append(page)
    except SourceError as error:
        return error
    return None


async def _peak(stand: Stand, number: int) -> int:
    """The most memory that Python held while so many rows were read and thrown away."""
    stand.fill(rows(number))
    async with _opened(stand) as source:
        tracemalloc.start()
        try:
            async for _ in source.pull(None):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def _texts(pages: Sequence[SourcePage]) -> list[Row]:
    """The readable rows as text, in their order."""
    return [_text(row) for page in pages for row in page.rows if isinstance(row, SourceRow)]


def _text(row: SourceRow) -> Row:
    return {name: "" if value is None else str(value) for name, value in row.values.items()}
