import sqlite3

import pytest
import sqlalchemy as sa

from catalogue.model import Binding, Column, System
from connectors.contract import COLUMNS, SourceContract
from connectors.source import (
    BadRow,
    SourceBroken,
    SourceMisconfigured,
    SourceRow,
    SourceTimeout,
    SourceUnavailable,
)
from connectors.sql import pages as sql_pages
from connectors.sql.place import Place
from connectors.sql.source import SqlSource

CREATE = "CREATE TABLE companies (code {text} PRIMARY KEY NOT NULL, name {text}, city {text}, stamp {stamp})"
INSERT = "INSERT INTO companies VALUES (:code, :name, :city, :stamp)"


def opened(url, columns=COLUMNS, deadline=5.0, password=None, **options):
    secret = {"password": password} if password else {}
    system = System("market", "", "", "sql", {"url": url, **secret}, deadline=deadline)
    bound = tuple(Column(name, name) for name in columns)
    return SqlSource(system, Binding("b", "r", "market", bound, options))


async def read(source, cursor=None):
    try:
        return [page async for page in source.pull(cursor)]
    finally:
        await source.close()


def texts(pages):
    return [list(row.values.values()) for page in pages for row in page.rows if isinstance(row, SourceRow)]


class Sqlite:
    """A table in a file. `changed` is text, as departments keep it there."""

    def __init__(self, folder):
        self.path = folder / "market.db"
        self.url = f"sqlite:///{self.path}"
        self.run("PRAGMA journal_mode = WAL", CREATE.format(text="TEXT", stamp="TEXT"))

    def run(self, *statements, rows=None):
        connection = sqlite3.connect(self.path)
        with connection:
            for statement in statements:
                if rows is None:
                    connection.execute(statement)
                else:
                    connection.executemany(statement, rows)
        connection.close()

    def fill(self, rows):
        self.run("DELETE FROM companies")
        self.run(INSERT, rows=rows)

    def change(self, row):
        self.run("UPDATE companies SET name = :name, city = :city, stamp = :stamp WHERE code = :code", rows=[row])

    def break_bytes(self, code):
        self.run(f"UPDATE companies SET name = CAST(x'41ff42' AS TEXT) WHERE code = '{code}'")
        return True

    def take_away(self):
        self.run("DROP TABLE companies")

    def open(self, **options):
        return opened(self.url, **{"table": "companies", "changed": "stamp", **options})


class Postgres:
    """A table of a real server, with a time stamp of its own type."""

    def __init__(self, port):
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        address = sa.URL.create("postgresql+psycopg", "postgres", "right", "127.0.0.1", port, "postgres")
        self.engine = sa.create_engine(address, poolclass=sa.NullPool)
        self.run("DROP SCHEMA public CASCADE")
        self.run("CREATE SCHEMA public")
        self.run(CREATE.format(text="varchar(60)", stamp="timestamp"))

    def run(self, statement, rows=None):
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement), rows)

    def fill(self, rows):
        self.run("DELETE FROM companies")
        if rows:
            self.run(INSERT, rows)

    def change(self, row):
        self.run("UPDATE companies SET name = :name, city = :city, stamp = :stamp WHERE code = :code", [row])

    def break_bytes(self, code):
        return False

    def take_away(self):
        self.run("DROP TABLE companies")

    def open(self, **options):
        return opened(self.url, password="right", **{"table": "companies", "changed": "stamp", **options})


@pytest.fixture
def market(tmp_path):
    return Sqlite(tmp_path)


@pytest.fixture
def server(postgres):
    return Postgres(postgres)


@pytest.fixture(params=["sqlite", "postgres"])
def stand(request, monkeypatch):
    monkeypatch.setattr(sql_pages, "CHUNK", 1000)
    return request.getfixturevalue("market" if request.param == "sqlite" else "server")


class TestSql(SourceContract):
    pass


def company(number, stamp="2024-01-01 08:00:00"):
    return {"code": f"k{number:04d}", "name": f"名称{number}", "city": "福州", "stamp": stamp}


async def test_only_what_changed_is_read_after_everything_was(market):
    market.fill([company(i, f"2024-01-01 08:{i:02d}:00") for i in range(60)])
    first = await read(market.open(overlap="0"))
    assert len(texts(first)) == 60
    market.change(company(7, "2024-01-01 09:00:00"))
    second = await read(market.open(overlap="0"), first[-1].cursor)
    assert [row[0] for row in texts(second)] == ["k0059", "k0007"]
    third = await read(market.open(overlap="0"), second[-1].cursor)
    assert texts(third) == []
    assert third[-1].cursor == second[-1].cursor


async def test_a_commit_that_comes_late_is_found_within_the_overlap(stand):
    stand.fill([company(i, f"2024-01-01 08:{i:02d}:00") for i in range(30)])
    first = await read(stand.open())
    stand.change(company(3, "2024-01-01 08:28:30"))
    assert "k0003" in [row[0] for row in texts(await read(stand.open(), first[-1].cursor))]
    assert "k0003" not in [row[0] for row in texts(await read(stand.open(overlap="0"), first[-1].cursor))]


@pytest.mark.parametrize("chunk", [3, 7, 500])
async def test_rows_of_equal_keys_or_times_are_never_lost_between_questions(market, monkeypatch, chunk):
    monkeypatch.setattr(sql_pages, "CHUNK", chunk)
    monkeypatch.setattr(sql_pages, "PAGE", 2)
    market.fill([company(i, f"2024-01-01 0{i % 3}:00:00") for i in range(40)])
    everything = await read(market.open(key="city"))
    assert sorted(row[0] for row in texts(everything)) == [f"k{i:04d}" for i in range(40)]
    since = Place(following=True, since="2024-01-01 00:00:00").cursor()
    changes = await read(market.open(overlap="0"), since)
    assert sorted(row[0] for row in texts(changes)) == [f"k{i:04d}" for i in range(40)]
    for number, page in enumerate(changes[:-1]):
        rest = await read(market.open(overlap="0"), page.cursor)
        assert texts(rest) == texts(changes[number + 1 :])


async def test_a_column_that_does_not_tell_rows_apart_is_no_key(market, monkeypatch):
    monkeypatch.setattr(sql_pages, "CHUNK", 5)
    monkeypatch.setattr(sql_pages, "LARGEST_CHUNK", 20)
    market.fill([company(i) for i in range(40)])
    with pytest.raises(SourceMisconfigured, match="equal values in city"):
        await read(market.open(key="city", changed=""))


async def test_rows_without_a_key_are_read_too_so_that_they_can_be_quarantined(stand):
    stand.fill([company(i) for i in range(5)])
    stand.run("CREATE VIEW loose AS SELECT NULLIF(code, 'k0002') AS code, name, city, stamp FROM companies")
    pages = await read(stand.open(table="loose", key="code"))
    assert [row[0] for row in texts(pages)] == ["k0000", "k0001", "k0003", "k0004", None]
    assert pages[-1].complete


async def test_a_table_without_a_key_is_one_stream_without_checkpoints(stand):
    stand.fill([company(i) for i in range(5)])
    stand.run("CREATE VIEW loose AS SELECT name, code FROM companies")
    pages = await read(stand.open(table="loose", columns=("name", "code")))
    assert sorted(texts(pages)) == [[f"名称{i}", f"k000{i}"] for i in range(5)]
    assert [(page.cursor, page.complete) for page in pages] == [(None, False), (None, True)]


async def test_a_key_of_several_columns_pages_in_their_order(stand, monkeypatch):
    monkeypatch.setattr(sql_pages, "CHUNK", 4)
    monkeypatch.setattr(sql_pages, "PAGE", 3)
    stand.run("CREATE TABLE steps (process varchar(9), seq bigint, PRIMARY KEY (process, seq))")
    stand.run("INSERT INTO steps VALUES ('a',1),('a',2),('a',10),('b',1),('b',2),('b',3),('c',1),('c',5000000000 / 2)")
    pages = await read(stand.open(table="steps", changed="", columns=("seq",)))
    assert [row[0] for row in texts(pages)] == [1, 2, 10, 1, 2, 3, 1, 2500000000]


async def test_a_query_is_read_like_a_table_and_may_hold_colons(stand):
    stand.fill([company(i) for i in range(5)])
    query = "SELECT code, ' :name ' || CAST(12 AS varchar(9)) AS \"x y\", '100%' AS share FROM companies WHERE code > 'k0001';"
    source = stand.open(table="", query=query, key="code", changed="", columns=("code", "x y", "share"))
    assert await source.shape() == ("code", "x y", "share")
    pages = await read(source)
    assert texts(pages) == [[f"k000{i}", " :name 12", "100%"] for i in (2, 3, 4)]
    source = stand.open(table="", query=query, key="code", changed="", columns=("code",))
    assert [row.values["code"] for row in await source.fetch(("x y", "code"), [(" :name 12", "k0003")])] == ["k0003"]
    await source.close()


async def test_names_are_quoted_and_values_bound(stand):
    stand.run('CREATE TABLE "odd; DROP TABLE companies --" ("a""b" varchar(99) PRIMARY KEY, "select" varchar(9))')
    stand.run("INSERT INTO \"odd; DROP TABLE companies --\" VALUES ('x'' OR 1=1 --', '1')")
    source = stand.open(table="odd; DROP TABLE companies --", changed="", columns=('a"b', "select"))
    assert texts([page async for page in source.pull(None)]) == [["x' OR 1=1 --", "1"]]
    assert len(await source.fetch(('a"b',), [("x' OR 1=1 --",)])) == 1
    assert await source.fetch(('a"b',), [("' OR ''='",)]) == []
    await source.close()


async def test_the_department_s_database_cannot_be_written(stand):
    stand.fill([company(1)])
    if isinstance(stand, Sqlite):
        source = stand.open()
        with source._database.connected(5) as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
            connection.execute(sa.text("DELETE FROM companies"))
    else:
        source = stand.open(table="", query="DELETE FROM companies RETURNING code", key="code", columns=("code",))
        with pytest.raises(SourceMisconfigured):
            await source.shape()
    await source.close()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"table": "nowhere"}, "nowhere"),
        ({"columns": ("code", "nothing")}, "no column nothing; there are code, name, city, stamp"),
        ({"key": "nothing"}, "no column nothing"),
        ({"changed": "nothing"}, "no column nothing"),
        ({"table": "", "query": "SELEC", "key": "code"}, "syntax error"),
    ],
)
async def test_what_the_binding_names_but_is_not_there_is_misconfigured(stand, options, fault):
    source = stand.open(**options)
    with pytest.raises(SourceMisconfigured, match=fault):
        await source.check()
    with pytest.raises(SourceMisconfigured, match=fault):
        await read(source)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"url": "mysql://x/y", "table": "t"}, "option url names none of postgresql, sqlite"),
        ({"url": "no url", "table": "t"}, "option url is not a database URL"),
        ({"url": "sqlite://", "table": "t"}, "names no SQLite file"),
        ({"url": "sqlite:///x", "table": "a", "query": "b"}, "exactly one of"),
        ({"url": "sqlite:///x"}, "exactly one of"),
        ({"url": "sqlite:///x", "table": "a", "overlap": "-1"}, "option overlap"),
        ({"url": "sqlite:///x", "tabel": "a"}, "unknown option tabel"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(options, fault):
    with pytest.raises(SourceMisconfigured, match=fault):
        opened(**options)


async def test_a_database_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(SourceUnavailable):
        await opened(f"sqlite:///{tmp_path}/nowhere/x.db", table="t").check()


async def test_a_file_that_is_no_database_is_broken(tmp_path):
    (tmp_path / "x.db").write_bytes(b"this is a text file, not a database" * 100)
    with pytest.raises(SourceBroken, match="not a database"):
        await opened(f"sqlite:///{tmp_path}/x.db", table="t").check()


async def test_a_locked_database_is_unavailable(tmp_path, monkeypatch):
    monkeypatch.setattr("connectors.sql.database._CONNECT_SECONDS", 0)
    market = Sqlite(tmp_path)
    market.run("PRAGMA journal_mode = DELETE")
    writer = sqlite3.connect(market.path)
    writer.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SourceUnavailable, match="locked"):
        await market.open().check()
    writer.rollback()
    writer.close()


async def test_a_question_beyond_its_deadline_is_a_timeout(stand):
    if isinstance(stand, Sqlite):
        slow = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 900000000) SELECT max(i) AS i FROM n"
        )
    else:
        slow = "SELECT 1 AS i FROM pg_sleep(30)"
    source = stand.open(table="", query=slow, key="i", changed="", columns=("i",), timeout="0.2", deadline=0.2)
    with pytest.raises(SourceTimeout):
        await source.check()
    with pytest.raises(SourceTimeout):
        await source.fetch(("i",), [("1",)])
    await source.close()


@pytest.mark.parametrize(("user", "password", "database"), [("postgres", "wrong", "postgres"), ("x", "y", "postgres"), ("postgres", "right", "x")])  # fmt: skip
async def test_wrong_credentials_or_database_are_misconfigured_and_the_password_is_not_told(
    postgres, user, password, database
):
    source = opened(f"postgresql://{user}@127.0.0.1:{postgres}/{database}", password=password, table="t")
    with pytest.raises(SourceMisconfigured) as caught:
        await source.check()
    assert "wrong" not in str(caught.value)
    await source.close()


async def test_a_server_that_refuses_connections_is_unavailable():
    with pytest.raises(SourceUnavailable, match="refused"):
        await opened("postgresql://postgres@127.0.0.1:1/x", table="t").check()


async def test_a_connection_that_the_server_ended_is_made_again(server):
    server.fill([company(1)])
    source = server.open()
    await source.check()
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tongshu'")
    await source.check()
    await source.close()


async def test_values_keep_their_types_and_what_python_cannot_hold_costs_one_value(server):
    server.run("CREATE TABLE odd (id bigint PRIMARY KEY, d date, t timestamptz, n numeric(20,4), j jsonb, u uuid)")
    server.run(
        "INSERT INTO odd VALUES (9000000000, 'infinity', '2024-01-01 08:00+08', 12345678901234.5678, '{\"a\": [1]}', NULL),"
        "(9000000001, '2024-02-29', 'infinity', NULL, NULL, '00000000-0000-0000-0000-000000000001')"
    )
    first, second = texts(await read(server.open(table="odd", changed="", columns=("d", "t", "n", "j", "u", "id"))))
    assert first[0] == "infinity"
    assert (first[1].utctimetuple().tm_hour, str(first[2]), first[3]) == (0, "12345678901234.5678", {"a": [1]})
    assert (str(second[0]), second[1]) == ("2024-02-29", "infinity")


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("bigint", ["1", "9000000000"]),
        ("uuid", ["00000000-0000-0000-0000-000000000001", "10000000-0000-0000-0000-000000000001"]),
        ("timestamptz", ["2024-01-01 00:00:00.123456+00", "2024-01-02 00:00:00+00"]),
        ("date", ["2024-01-01", "2024-02-29"]),
        ("numeric(20,4)", ["0.0001", "99999999999999.9999"]),
        ("char(5)", ["ab", "b"]),
        ("bytea", ["\\x01", "\\xff"]),
    ],
)
async def test_keys_of_every_type_page_and_are_looked_up(server, monkeypatch, type_, values):
    monkeypatch.setattr(sql_pages, "CHUNK", 1)
    monkeypatch.setattr(sql_pages, "PAGE", 1)
    server.run(f"CREATE TABLE typed (k {type_} PRIMARY KEY, v integer)")
    for number, value in enumerate(values):
        server.run("INSERT INTO typed VALUES (:k, :v)".replace(":k", f"'{value}'"), [{"v": number}])
    pages = await read(server.open(table="typed", changed="", columns=("v",)))
    assert [row[0] for row in texts(pages)] == [0, 1]
    assert texts(await read(server.open(table="typed", changed="", columns=("v",)), pages[0].cursor))[-1][0] == 1
    source = server.open(table="typed", changed="", columns=("v",))
    found = await source.fetch(("k",), [(values[1],), ("nonsense",)] if type_ != "char(5)" else [(values[1],)])
    assert [row.values["v"] for row in found] == [1]
    await source.close()


async def test_a_lookup_of_many_values_is_asked_in_batches(stand):
    stand.fill([company(i) for i in range(700)])
    source = stand.open()
    found = await source.fetch(("code",), [(f"k{i:04d}",) for i in range(0, 1400, 2)])
    assert len(found) == 350
    await source.close()


async def test_an_integer_version_column_is_followed_exactly(stand):
    stand.run("CREATE TABLE versioned (k integer PRIMARY KEY, v bigint)")
    stand.run("INSERT INTO versioned VALUES (1, 10), (2, 11), (3, 12)")
    first = await read(stand.open(table="versioned", changed="v", columns=("k", "v")))
    stand.run("UPDATE versioned SET v = 13 WHERE k = 1")
    second = await read(stand.open(table="versioned", changed="v", columns=("k", "v")), first[-1].cursor)
    assert texts(second) == [[3, 12], [1, 13]]


async def test_a_checkpoint_made_for_another_key_means_from_the_beginning(market):
    market.fill([company(i) for i in range(3)])
    cursor = Place(key=("k0001", 7)).cursor()
    pages = await read(market.open(), cursor)
    assert len(texts(pages)) == 3
    assert pages[-1].complete


async def test_undecodable_text_names_its_column(market):
    market.fill([company(1)])
    market.break_bytes("k0001")
    (page, _) = await read(market.open())
    assert page.rows == (
        BadRow(
            "companies row 1",
            "column name: its bytes are not UTF-8",
            '{"code": "k0001", "name": "A\\\\xffB", "city": "福州", "stamp": "2024-01-01 08:00:00"}',
        ),
    )


async def test_a_pull_holds_no_lock_between_pages(tmp_path):
    market = Sqlite(tmp_path)
    market.run("PRAGMA journal_mode = DELETE")
    market.fill([company(i) for i in range(1200)])
    source = market.open()
    pages = source.pull(None)
    await anext(pages)
    market.change(company(3, "2024-01-02 08:00:00"))
    await pages.aclose()
    await source.close()


async def test_discovery_offers_tables_and_views_with_letters_and_keys(server):
    server.run(
        "CREATE TABLE typed (a varchar(18) PRIMARY KEY, b text, c numeric(18,6), d date, e timestamptz, f boolean,"
        " g integer, h double precision, i real, j bytea, k money)"
    )
    server.run("CREATE VIEW seen AS SELECT a FROM typed")
    system = System("market", "", "", "sql", {"url": server.url, "password": "right"})
    source = SqlSource(system, None)
    offers = {offer.name: offer for offer in await source.discover()}
    assert sorted(offers) == ["companies", "seen", "typed"]
    assert "".join(column.type for column in offers["typed"].columns) == "CMNDTLIBFGY"
    assert offers["typed"].key == ("a",)
    assert offers["typed"].options == {"table": "typed", "key": "a"}
    assert offers["typed"].columns[0].length == 18
    await source.check()
    with pytest.raises(SourceMisconfigured, match="without a binding"):
        await source.shape()
    await source.close()
