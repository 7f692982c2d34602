"""The embedded stores of auth pass their contract, share control.db with others, and say when they cannot be asked."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.ports import AuthStoreUnavailable
from auth.stores.bodies import client_body, client_of, grant_body, grant_of
from auth.stores.sqlite import SqliteAccess, SqliteKeys
from catalogue.rules import Among, Compare, Either, Every, Not, Op, Reached
from catalogue.stores.sqlite_file import SqliteFile
from tests.contracts.access_store import CLIENT, GRANT, AccessStoreContract, KeyStoreContract


@pytest.fixture
def again(tmp_path):
    files = []

    def opened():
        files.append(SqliteFile(tmp_path / "control.db"))
        return SqliteAccess(files[-1]), SqliteKeys(files[-1])

    yield opened
    for file in files:
        file.close()


@pytest.fixture
def pair(again):
    return again()


@pytest.fixture
def access(pair):
    return pair[0]


@pytest.fixture
def keys(pair):
    return pair[1]


class TestSqliteAccess(AccessStoreContract):
    pass


class TestSqliteKeys(KeyStoreContract):
    pass


async def test_the_versions_of_other_stores_in_the_same_file_are_left_alone(tmp_path):
    file = SqliteFile(tmp_path / "control.db")
    table = "CREATE TABLE versions (name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
    await file.write(
        lambda c: [c.execute(table), c.execute("INSERT INTO versions VALUES ('catalogue', 7), ('grants', 3)")]
    )
    access = SqliteAccess(file)
    await access.save_client(CLIENT)
    versions = await file.read(lambda c: dict(c.execute("SELECT name, value FROM versions").fetchall()))
    assert versions == {"catalogue": 7, "grants": 4}
    file.close()


async def test_many_who_open_a_new_file_at_once_all_get_in(tmp_path):
    for number in range(5):
        files = [SqliteFile(tmp_path / f"{number}.db") for _ in range(4)]
        everything = await asyncio.gather(*(SqliteAccess(file).access() for file in files))
        assert [each.version for each in everything] == [0] * 4
        for file in files:
            file.close()


async def test_a_file_that_cannot_be_opened_is_said_by_every_method(tmp_path):
    file = SqliteFile(tmp_path / "missing" / "control.db")
    access, keys = SqliteAccess(file), SqliteKeys(file)
    for asked in (
        access.version(), access.access(), access.save_client(CLIENT), access.save_grant(GRANT, expected=None),
        access.spend("g", "d", 1, 1), access.spent("g", "d"), keys.key("k", b"k"),
    ):  # fmt: skip
        with pytest.raises(AuthStoreUnavailable, match=r"control\.db"):
            await asked
    file.close()


async def test_a_full_disk_keeps_the_grant_and_the_version_as_they_were(tmp_path):
    file = SqliteFile(tmp_path / "control.db", prepare=lambda c: c.execute("PRAGMA max_page_count = 20"))
    access = SqliteAccess(file)
    await access.save_grant(GRANT, expected=None)
    with pytest.raises(AuthStoreUnavailable, match="full"):
        await access.save_grant(replace(GRANT, document="x" * 100_000), expected=GRANT)
    assert (await access.version(), (await access.access()).grants) == (1, {"g": GRANT})
    file.close()


values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5)
names = st.sampled_from(["a", "reached", "every", "not"])
leaves = st.builds(
    Compare, names, st.sampled_from(Op), values | st.lists(values, max_size=3).map(tuple)
) | st.builds(Reached, names, st.integers(-40, 40))  # fmt: skip
rules = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Every, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Either, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=8,
)


@given(rules)
def test_a_body_gives_back_any_row_rule_over_own_items(rule):
    grant = replace(GRANT, rows=rule)
    body = grant_body(grant)
    assert grant_of(body) == grant
    assert grant_body(grant_of(body)) == body


def test_a_rule_that_is_not_over_own_items_is_not_kept():
    with pytest.raises(TypeError, match="Among"):
        grant_body(replace(GRANT, rows=Not(Among(("a",), frozenset()))))


def test_equal_clients_have_equal_bodies():
    assert client_of(client_body(CLIENT)) == CLIENT
    assert client_body(CLIENT) == client_body(replace(CLIENT, scopes=frozenset(sorted(CLIENT.scopes, reverse=True))))
