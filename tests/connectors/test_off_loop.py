import asyncio
import threading

import pytest

from connectors.off_loop import off_loop
from connectors.source import SourceBroken, SourcePage


async def test_pages_come_in_order_and_an_error_after_them():
    def pages():
        yield SourcePage((), "1")
        yield SourcePage((), "2")
        raise SourceBroken("s", "torn")

    read = []
    with pytest.raises(SourceBroken):
        async for page in off_loop(pages()):
            read.append(page.cursor)
    assert read == ["1", "2"]


async def test_the_event_loop_goes_on_while_a_page_is_made():
    go_on = threading.Event()

    def pages():
        go_on.wait(10)
        yield SourcePage((), "1")

    reading = asyncio.ensure_future(anext(off_loop(pages())))
    await asyncio.sleep(0)
    go_on.set()
    assert (await reading).cursor == "1"


async def test_a_cancelled_read_waits_for_its_step_and_then_closes_the_reader():
    inside, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def pages():
        try:
            while True:
                inside.set()
                go_on.wait(10)
                yield SourcePage((), "1")
        finally:
            closed.set()

    async def read():
        async for _ in off_loop(pages()):
            pass

    reading = asyncio.ensure_future(read())
    await asyncio.to_thread(inside.wait, 10)
    reading.cancel()
    await asyncio.sleep(0)
    assert not closed.is_set()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert closed.is_set()


async def test_all_pages_of_a_read_are_made_and_closed_in_one_thread():
    threads = set()

    def pages():
        try:
            for cursor in "123":
                threads.add(threading.get_ident())
                yield SourcePage((), cursor)
        finally:
            threads.add(threading.get_ident())

    read = [page.cursor async for page in off_loop(pages())]
    assert (read, len(threads)) == (["1", "2", "3"], 1)
    assert threading.get_ident() not in threads
