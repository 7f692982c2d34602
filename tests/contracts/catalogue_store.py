"""The contract of `catalogue.ports.CatalogueStore`: every implementation passes it.

To use it: subclass and give the fixtures `store` (an empty store) and `again` (a callable that gives a second,
independently opened one on the same data).
"""

import asyncio
from dataclasses import replace

import pytest

from catalogue.base import shipped
from catalogue.model import NOTHING, Catalogue, CodeList, Department

AT = "2026-01-01T00:00:00.000Z"
CODES = CodeList("state", "状态", "1", {"1": "有效"})


def with_title(title):
    return replace(NOTHING, code_lists={"state": replace(CODES, title=title)})


def department(number):
    return replace(NOTHING, departments={str(number): Department(str(number), f"部门{number}")})


def publish(store, entries):
    return store.publish(entries, by="林晓", at=AT)


class CatalogueStoreContract:
    """Versions of what is published."""

    async def test_nothing_is_published_at_first(self, store):
        assert await store.version() == 0
        assert (await store.snapshot()).catalogue == NOTHING
        assert (await store.at(0)).version == 0

    async def test_what_is_published_is_what_comes_back_also_to_another_opener(self, store, again):
        assert await publish(store, shipped()) == 1
        found = await again().snapshot()
        assert found.version == await again().version() == 1
        assert found.catalogue == shipped()

    async def test_entries_are_added_and_replaced_by_name_and_others_stay(self, store):
        await publish(store, with_title("状态"))
        await publish(store, department(1))
        assert await publish(store, with_title("登记状态")) == 3
        found = (await store.snapshot()).catalogue
        assert found.code_lists["state"].title == "登记状态"
        assert found.departments.keys() == {"1"}

    async def test_earlier_versions_can_be_read_again(self, store, again):
        for title in ("一", "二", "三"):
            await publish(store, with_title(title))
        for opened in (store, again()):
            found = [await opened.at(version) for version in (1, 2, 3, 1)]
            assert [s.version for s in found] == [1, 2, 3, 1]
            assert [s.catalogue.code_lists["state"].title for s in found] == ["一", "二", "三", "一"]

    @pytest.mark.parametrize("version", [-1, 2])
    async def test_a_version_that_never_was_is_not_there(self, store, version):
        await publish(store, with_title("状态"))
        with pytest.raises(KeyError):
            await store.at(version)

    async def test_publishing_what_stands_already_makes_no_version(self, store):
        await publish(store, shipped())
        assert await publish(store, shipped()) == 1
        assert await publish(store, NOTHING) == 1

    async def test_another_openers_publication_is_seen_at_once(self, store, again):
        other = again()
        await store.snapshot()
        await publish(other, with_title("状态"))
        assert (await store.snapshot()).version == await store.version() == 1

    async def test_publications_at_the_same_time_each_make_a_version_and_none_is_lost(self, store, again):
        stores = [store, again()]
        made = await asyncio.gather(*(publish(stores[n % 2], department(n)) for n in range(10)))
        assert sorted(made) == list(range(1, 11))
        assert len((await store.snapshot()).catalogue.departments) == 10

    async def test_entries_of_one_publication_are_all_there_or_none(self, store):
        both = Catalogue(departments=department(1).departments, code_lists=with_title("状态").code_lists)
        version = await publish(store, both)
        before, after = (await store.at(version - 1)).catalogue, (await store.at(version)).catalogue
        assert (before, after) == (NOTHING, both)

    async def test_the_same_version_is_the_same_snapshot_and_costs_no_second_parsing(self, store):
        await publish(store, shipped())
        assert await store.snapshot() is await store.snapshot()
