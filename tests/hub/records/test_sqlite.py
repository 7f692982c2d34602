"""The embedded record store passes the contract; and what is SQLite's own: names, full disks, long questions, indexes."""

import asyncio
import re
import sqlite3
import threading
from dataclasses import replace

import pytest

from catalogue.model import DataType, SearchKind
from catalogue.rules import Among, Compare, Op
from catalogue.stores.sqlite_file import SqliteFile
from hub.errors import DeadlineExceeded, StoreUnavailable
from hub.records.model import Change, Operation, Order, Page, Search
from hub.records.sqlite import SqliteLog, SqliteRecords, prepare_connection
from hub.records.sqlite_door import Door
from hub.records.sqlite_questions import Question
from hub.records.sqlite_tables import Table
from tests.contracts.change_log import LogContract
from tests.contracts.record_samples import AT, WORK, Shelf, handles_of, item, query, resource_of
from tests.contracts.record_writing import RecordWriterContract
from tests.contracts.records import RecordsContract


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.db"


@pytest.fixture
def opened(path):
    """Opens the same file as often as asked, with more to do on every connection where given."""
    files = []

    def again(*pragmas):
        def prepare(connection):
            prepare_connection(connection)
            for pragma in pragmas:
                connection.execute(pragma)

        files.append(SqliteFile(path, prepare=prepare))
        return files[-1]

    yield again
    for file in files:
        file.close()


@pytest.fixture
def file(opened):
    return opened()


@pytest.fixture
def records(file):
    return SqliteRecords(file, 30.0)


@pytest.fixture
def reader(records):
    return records


@pytest.fixture
def writer(records):
    return records


@pytest.fixture
def log(file):
    return SqliteLog(file)


class TestReading(RecordsContract):
    pass


class TestWriting(RecordWriterContract):
    pass


class TestLog(LogContract):
    pass


def rows_of(path, sql, values=()):
    with sqlite3.connect(path) as connection:
        found = connection.execute(sql, values).fetchall()
    connection.close()
    return found


HOSTILE = [
    'a"b',
    "a'b",
    'a" TEXT); DROP TABLE change_log; --',
    "order",
    "rowid",
    "rank",
    "a,b",
    "a:b",
    "名称",
    "NULL",
    "_x",
]


async def test_no_name_becomes_sql(reader, log, path):
    await log.append([])
    for name in ('w"; DROP TABLE change_log; --', "w'x", "select", "名"):
        items = [item(n, DataType.TEXT, search=SearchKind.TEXT, indexed=n == "order") for n in HOSTILE]
        resource = resource_of(name, items, (HOSTILE[0],), unique=((HOSTILE[1], HOSTILE[2]),))
        shelf = Shelf(reader, resource)
        await reader.prepare(resource)
        await shelf.put({"h1": dict.fromkeys(HOSTILE, "中国"), "h2": dict.fromkeys(HOSTILE, "福建")})
        await reader.prepare(resource)
        for hostile in HOSTILE:
            columns, order = (hostile,), (Order(hostile, descending=True),)
            asked = query(Compare(hostile, Op.EQ, "中国"), columns=columns, resource=resource)
            assert [row[hostile] for row in (await reader.page(asked, Page(5))).rows] == ["中国"]
            found = query(columns=columns, order=order, search=Search("福建", (hostile,)), resource=resource)
            assert handles_of((await reader.page(found, Page(5))).rows) == ["h2"]
            followed = await reader.follow(found, (hostile, HOSTILE[0]), [("福建", "福建")], Page(1))
            assert list(followed) == [("福建", "福建")]
        assert set(await reader.images(resource, ["h1", "h2"])) == {"h1", "h2"}
    assert rows_of(path, "SELECT count(*) FROM change_log") == [(0,)]


async def test_a_full_disk_is_said_and_leaves_no_half_of_a_batch(opened):
    small = opened("PRAGMA max_page_count = 160")
    records, log = SqliteRecords(small), SqliteLog(small)
    shelf, written, logged = Shelf(records), 0, 0
    await records.prepare(WORK)

    def batch(first):
        images = [
            shelf.image(f"h{n:05d}", {"code": f"c{n}", "name": "维修信息公开" * 5}) for n in range(first, first + 50)
        ]
        return [
            Change("work", 1, n, 1, i.handle, Operation.CREATED, AT, None, i) for n, i in enumerate(images, first + 1)
        ]

    with pytest.raises(StoreUnavailable, match="full"):
        while True:
            await log.append(batch(logged))
            logged += 50
            await records.apply(WORK, batch(written))
            written += 50
    assert written > 0
    for store, kept in ((records, log), (SqliteRecords(roomy := opened()), SqliteLog(roomy))):
        assert await store.count(query()) == written
        assert await store.count(query(search=Search("维修信息", ("name",)))) == written
        assert await store.count_of(WORK, "b") == written
        assert len(await kept.read("work", 1, 0, 99_999, 99_999)) == logged
    await SqliteLog(roomy).append(batch(logged))
    await SqliteRecords(roomy).apply(WORK, batch(written))
    assert await records.count(query()) == written + 50


async def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    file = SqliteFile(tmp_path / "missing" / "records.db", prepare=prepare_connection)
    for asked in (SqliteRecords(file).count(query()), SqliteLog(file).read("work", 1, 0, 1, 1)):
        with pytest.raises(StoreUnavailable, match=r"records\.db"):
            await asked
    file.close()


async def test_two_processes_see_what_the_other_wrote_and_make_the_same_tables_at_once(opened):
    one, other = SqliteRecords(opened()), SqliteRecords(opened())
    newer = replace(WORK, items=(*WORK.items, item("extra", DataType.TEXT, search=SearchKind.TEXT)))
    await asyncio.gather(one.prepare(WORK), other.prepare(newer), one.count(query()), other.count(query()))
    shelf = Shelf(one)
    await shelf.put({"h": {"code": "X", "name": "中国"}})
    assert await other.count(query(search=Search("中国", ("name", "extra")), resource=newer)) == 1
    await asyncio.gather(one.prepare(WORK), other.prepare(newer))
    await shelf.put({"h": {"code": "X", "name": "福建"}})
    assert await other.count(query(search=Search("中国", ("name",)), resource=newer)) == 0


# --- long questions ---------------------------------------------------------------------------------------------------

LONG = query(Compare("note", Op.CONTAINS, "甲乙"))


@pytest.fixture
async def many(records):
    shelf = Shelf(records)
    await shelf.put({f"h{n:05d}": {"code": f"c{n}", "note": "维修信息公开" * 4, "number": n % 97} for n in range(4000)})
    return shelf


async def test_a_question_that_runs_out_of_time_is_ended(many, file):
    hurried = SqliteRecords(file, 0.0, steps_on_loop=10_000)
    with pytest.raises(DeadlineExceeded):
        await hurried.count(LONG)
    with pytest.raises(DeadlineExceeded):
        await hurried.page(query(order=(Order("note"),)), Page(5))
    assert len((await hurried.page(query(), Page(5))).rows) == 5


async def test_a_long_question_does_not_hold_up_the_loop(many, records):
    asked = asyncio.create_task(records.count(LONG))
    turns = 0
    while not asked.done():
        turns += 1
        await asyncio.sleep(0)
    assert await asked == 0
    assert turns > 10


async def test_a_question_beyond_its_ration_of_steps_is_answered_off_the_loop_and_its_like_begin_there(many, file):
    door, threads = Door(file, 30.0), []

    def question(connection):
        threads.append(threading.get_ident())
        return connection.execute(
            "SELECT count(*) FROM r_work a, r_work b WHERE a.number < 9 AND b.number < 9"
        ).fetchone()

    expected = sum(n % 97 < 9 for n in range(4000)) ** 2
    assert await door.ask("like", question) == (expected,)
    loop = threading.get_ident()
    assert (threads[0], threads[1] == loop) == (loop, False)
    assert await door.ask("like", question) == (expected,)
    assert len(threads) == 3
    assert threads[2] != loop
    assert await door.ask("other", lambda c: (threading.get_ident(), c.execute("SELECT 1").fetchone())) == (loop, (1,))


async def test_pages_larger_than_two_thousand_rows_are_read_off_the_loop_with_the_same_answer(many, file, records):
    await records.prepare(WORK)
    on_the_loop = []
    await file.read(lambda connection: connection.set_trace_callback(on_the_loop.append))
    whole = await records.page(query(columns=("number",)), Page(3_000))
    assert handles_of(whole.rows) == [f"h{n:05d}" for n in range(3_000)]
    parents = [(f"c{n}",) for n in range(0, 8_000, 2)]
    assert len(await records.follow(query(), ("code",), parents, Page(1))) == 2_000
    await records.count(query(search=Search("维修", ("name",))))
    assert on_the_loop == []


# --- where things lie -------------------------------------------------------------------------------------------------


def plan_of(path, sql, values=()):
    return " | ".join(row[3] for row in rows_of(path, f"EXPLAIN QUERY PLAN {sql}", values))


async def test_the_changes_of_a_record_are_found_by_an_index(log, path):
    await log.of("work", [("h", 1)], 1)
    plan = plan_of(path, "SELECT * FROM change_log WHERE handle = '' AND seq <= 1 AND resource = '' ORDER BY seq DESC")
    assert plan == "SEARCH change_log USING INDEX change_log_of (handle=? AND seq<?)"


async def test_rows_of_a_key_are_found_by_the_key_whatever_else_is_asked_of_them(records, path):
    await Shelf(records).put({"h": {"code": "X"}})
    await records.prepare(WORK)
    asked, keys = Question(Table(WORK), query(Compare("holder", Op.EQ, "B"))), [("X",), ("Y",)]
    statements = asked.lookup(("code",), keys), asked.counts(("code",), keys), asked.follow(("code",), keys, Page(5))
    for statement in statements:
        plan = plan_of(path, statement.sql, statement.values)
        assert "SEARCH r USING INDEX r_work:equal:code (code=?)" in plan


async def test_indexes_wait_until_there_are_records(records, path):
    await records.prepare(WORK, {("holder_kind", "holder")})
    names = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'r_work' ORDER BY 1"
    assert rows_of(path, names) == [("r_work:handle",)]
    await Shelf(records).put({"h": {"code": "X"}})
    await records.prepare(WORK, {("holder_kind", "holder"), ("holder",)})
    assert [name.removeprefix("r_work:") for (name,) in rows_of(path, names)] == [
        "equal:code", "equal:holder,number", "equal:holder_kind,holder", "equal:parent", "handle",
        "order:amount,_handle", "order:due_at,_handle", "order:valid_to,_handle", "subject:_subject_holder", "walk:_seq",
    ]  # fmt: skip


async def test_preparing_what_is_prepared_writes_nothing(records, opened, path):
    await Shelf(records).put({"h": {"code": "X", "name": "中国"}})
    await records.prepare(WORK)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    again = SqliteRecords(opened("PRAGMA busy_timeout = 0"))
    await again.prepare(WORK)
    assert await again.count(query()) == 1
    with pytest.raises(StoreUnavailable, match="locked"):
        await Shelf(again).put({"h": {}})
    other.execute("ROLLBACK")
    other.close()


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda r: r.lookup(query(), ("_handle",), [("h1",)]), "handle"),
        (lambda r: r.lookup(query(), ("code",), [("c1",), ("c2",)]), "equal:code"),
        (lambda r: r.lookup(query(), ("holder", "number"), [("x", 1)]), "equal:holder,number"),
        (lambda r: r.count(query(Compare("code", Op.EQ, "c1"))), "equal:code"),
        (lambda r: r.count(query(Compare("code", Op.IN, ("c1", "c2")))), "equal:code"),
        (lambda r: r.count(query(Compare("code", Op.PREFIX, "c12"))), "equal:code"),
        (lambda r: r.count(query(Among(("parent",), frozenset((f"c{n}",) for n in range(99))))), "equal:parent"),
        (lambda r: r.count(query(Among(("holder", "number"), frozenset([("x", 1)])))), "equal:holder,number"),
        (lambda r: r.count(query(Compare("amount", Op.GT, 5))), "order:amount,_handle"),
        (lambda r: r.follow(query(), ("parent",), [("c1",), ("c2",)], Page(5)), "equal:parent"),
        (lambda r: r.counts(query(), ("parent",), [("c1",), ("c2",)]), "equal:parent"),
        (lambda r: r.about([query()], "s"), "subject:_subject_holder"),
        (lambda r: r.page(query(), Page(5)), "handle"),
        (lambda r: r.page(query(order=(Order("amount"),)), Page(5)), "order:amount,_handle"),
        (lambda r: r.page(query(order=(Order("amount"),)), Page(5, backwards=True)), "order:amount,_handle"),
        (lambda r: r.due(WORK, Compare("valid_to", Op.LTE, "2026-01-01"), "", 5), "order:valid_to,_handle"),
        (lambda r: r.handles(WORK, "b", "", 5), "handle"),
        (lambda r: r.count_of(WORK, "b"), "handle"),
    ],
)
async def test_a_question_by_indexed_items_reads_no_other_records(records, opened, path, ask, index):
    asked = []
    await Shelf(records).put({"h": {"code": "c1"}})
    await records.prepare(WORK)
    traced = SqliteRecords(file := opened())
    await ask(traced)
    await file.read(lambda connection: connection.set_trace_callback(asked.append))
    await ask(traced)
    statements = [sql for sql in asked if sql.startswith("SELECT")]
    plans = [plan_of(path, sql) for sql in statements]
    assert plans
    assert all(f"INDEX r_work:{index}" in plan for plan in plans), plans
    assert not any("SCAN r " in plan and "USING" not in plan for plan in plans), plans


async def test_another_folding_makes_the_search_index_anew(records, opened, path):
    await Shelf(records).put({"h": {"name": "中国"}})
    other = sqlite3.connect(path)
    other.execute("PRAGMA writable_schema = ON")
    (sql,) = other.execute("SELECT sql FROM sqlite_master WHERE name = 'r_work:search'").fetchone()
    older = re.sub(r"/\* \w+ \*/", "/* older */", sql)
    assert older != sql
    other.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'r_work:search'", (older,))
    other.execute('INSERT INTO "r_work:search" ("r_work:search", rowid, "text:name") VALUES (\'delete\', 1, \'中 国\')')
    other.commit()
    other.close()
    again = SqliteRecords(opened())
    assert await again.count(query(search=Search("中国", ("name",)))) == 0
    await again.prepare(WORK)
    assert await again.count(query(search=Search("中国", ("name",)))) == 1
