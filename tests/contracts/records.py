"""The contract of `hub.records.ports.RecordReader`: every record store answers as the oracle in memory does.

To use it: subclass and give the fixtures `reader` and `writer`, two ports on one empty store.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.model import (
    DataType,
)
from catalogue.rules import TRUE, Among, Compare, Either, Every, Linked, Not, Op, Quantifier, holds
from hub.records.model import Keyset, Order, Page, RecordWarning, Search
from tests.contracts.record_samples import (
    AT,
    CASES,
    COLUMNS,
    NOW,
    ORDERS,
    QUICK,
    ROWS,
    RULES,
    SAMPLES,
    TEXTS,
    WORK,
    WithShelf,
    both_of,
    comparisons_of,
    handles_of,
    in_order,
    item,
    met,
    place,
    query,
    resource_of,
    values_of,
)


class RecordsContract(WithShelf):
    """What every record store answers."""

    @QUICK
    @given(rows=st.lists(ROWS, max_size=12), where=RULES)
    async def test_a_rule_means_the_same_as_in_memory(self, reader, shelf, rows, where):
        await shelf.put_listed(rows)
        page = await reader.page(query(where), Page(50))
        assert handles_of(page.rows) == sorted(met(shelf.rows, where))
        assert await reader.count(query(where)) == len(page.rows)

    @pytest.mark.parametrize("name", COLUMNS)
    async def test_every_comparison_of_every_type_means_the_same_as_in_memory(self, reader, shelf, name):
        values = [None, *SAMPLES[WORK.item(name).type]]
        await shelf.put({f"h{n:02d}": {name: value} for n, value in enumerate(values)})
        for rule in comparisons_of(name, values):
            for where in (rule, Not(rule)):
                page = await reader.page(query(where, columns=(name,)), Page(50))
                assert handles_of(page.rows) == sorted(met(shelf.rows, where)), where

    @QUICK
    @given(rows=st.lists(ROWS, max_size=12), order=ORDERS, limit=st.integers(1, 5), where=RULES | st.just(TRUE))
    async def test_pages_one_after_the_other_are_the_whole_order_both_ways(
        self, reader, shelf, rows, order, limit, where
    ):
        await shelf.put_listed(rows)
        expected = in_order(met(shelf.rows, where), order)
        asked = query(where, order)
        forward, page = [], await reader.page(asked, Page(limit))
        while page.rows and len(forward) < len(expected):
            forward += handles_of(page.rows)
            assert page.has_next == (forward != expected)
            page = await reader.page(asked, Page(limit, after=place(page.rows[-1], order)))
        assert (forward, page.rows) == (expected, ())
        backward, page = [], await reader.page(asked, Page(limit, backwards=True))
        while page.rows and len(backward) < len(expected):
            backward = handles_of(page.rows) + backward
            assert page.has_previous == (backward != expected)
            page = await reader.page(asked, Page(limit, before=place(page.rows[0], order), backwards=True))
        assert (backward, page.rows) == (expected, ())

    @QUICK
    @given(data=st.data(), rows=st.lists(ROWS, min_size=1, max_size=12), order=ORDERS, backwards=st.booleans())
    async def test_a_page_between_two_places_holds_what_stands_between_them(
        self, reader, shelf, data, rows, order, backwards
    ):
        await shelf.put_listed(rows)
        expected = in_order(shelf.rows, order)
        first, last = sorted(data.draw(st.integers(0, len(expected) - 1)) for _ in range(2))
        limit = data.draw(st.integers(1, 4))
        after, before = (
            Keyset(tuple(shelf.rows[h][t.item] for t in order), h) for h in (expected[first], expected[last])
        )
        page = await reader.page(query(order=order), Page(limit, after, before, backwards))
        between = expected[first + 1 : last]
        assert handles_of(page.rows) == (between[-limit:] if backwards else between[:limit])
        assert (page.has_previous if backwards else page.has_next) == (len(between) > limit)

    @QUICK
    @given(data=st.data(), rows=st.lists(ROWS, max_size=14), order=ORDERS, where=RULES | st.just(TRUE))
    async def test_a_link_is_followed_for_every_parent_with_a_page_of_its_own(
        self, reader, shelf, data, rows, order, where
    ):
        await shelf.put_listed(rows)
        by = data.draw(st.sampled_from([("parent",), ("number",), ("flag",), ("holder", "number"), ("ratio",)]))
        parents = data.draw(st.lists(st.tuples(*map(values_of, by)), max_size=6, unique=True))
        page = Page(data.draw(st.integers(1, 3)), backwards=data.draw(st.booleans()))
        pages = await reader.follow(query(where, order), by, parents, page)
        counts = await reader.counts(query(where), by, parents)
        assert set(pages) <= set(parents)
        for parent in parents:
            child = both_of(where, by, parent)
            expected = in_order(met(shelf.rows, child), order)
            listed = expected[-page.limit :] if page.backwards else expected[: page.limit]
            answered = pages.get(parent)
            assert (handles_of(answered.rows) if answered else []) == listed
            if answered:
                more = answered.has_previous if page.backwards else answered.has_next
                assert more == (len(expected) > page.limit)
            assert counts[parent] == len(expected)

    @pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
    async def test_a_followed_page_says_whether_its_parent_has_more(self, reader, shelf, limit):
        await shelf.put({f"h{n:02d}": {"parent": "abc"[n % 3], "number": n // 3} for n in range(15)})
        parents, order = [("b",), ("nobody",), ("a",)], (Order("number", descending=True),)
        forward = await reader.follow(query(order=order), ("parent",), parents, Page(limit))
        backward = await reader.follow(query(order=order), ("parent",), parents, Page(limit, backwards=True))
        assert set(forward) == set(backward) == {("a",), ("b",)}
        for parent, page in forward.items():
            assert [row["number"] for row in page.rows] == [4, 3, 2, 1, 0][:limit]
            assert {row["parent"] for row in page.rows} == {*parent}
            assert (page.has_next, page.has_previous) == (limit < 5, False)
        for page in backward.values():
            assert [row["number"] for row in page.rows] == [4, 3, 2, 1, 0][-limit:]
            assert (page.has_next, page.has_previous) == (False, limit < 5)

    @QUICK
    @given(data=st.data(), rows=st.lists(ROWS, min_size=1, max_size=12), order=ORDERS)
    async def test_followed_pages_go_on_after_and_before_a_place(self, reader, shelf, data, rows, order):
        await shelf.put_listed(rows)
        mark = data.draw(st.sampled_from(sorted(shelf.rows)))
        keyset = Keyset(tuple(shelf.rows[mark][t.item] for t in order), mark)
        parent = (shelf.rows[mark]["holder_kind"],)
        expected = in_order(met(shelf.rows, both_of(TRUE, ("holder_kind",), parent)), order)
        for page, slice_ in ((Page(20, after=keyset), 1), (Page(20, before=keyset, backwards=True), -1)):
            pages = await reader.follow(query(order=order), ("holder_kind",), [parent], page)
            there = expected.index(mark) if mark in expected else None
            wanted = [] if there is None else expected[there + 1 :] if slice_ > 0 else expected[:there]
            assert [h for answered in pages.values() for h in handles_of(answered.rows)] == wanted

    @QUICK
    @given(data=st.data(), rows=st.lists(ROWS, max_size=12), where=RULES | st.just(TRUE))
    async def test_lookups_and_distinct_keys_are_those_of_the_rows(self, reader, shelf, data, rows, where):
        await shelf.put_listed(rows)
        by = tuple(data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=2, unique=True)))
        asked = data.draw(st.lists(st.tuples(*map(values_of, by)), max_size=5))
        rows_found = await reader.lookup(query(where), by, asked)
        expected = met(shelf.rows, Every((where, Among(by, frozenset(asked)))))
        assert sorted(handles_of(rows_found)) == sorted(expected)
        tuples = {tuple(row[name] for name in by) for row in met(shelf.rows, where).values()}
        whole = {t for t in tuples if None not in t}
        assert await reader.keys(query(where), by, 100) == whole
        for limit in (1, 2, 3):
            assert len(await reader.keys(query(where), by, limit)) == min(len(whole), limit)

    @QUICK
    @given(rows=st.lists(ROWS, max_size=12), text=TEXTS | st.text(max_size=4), where=RULES | st.just(TRUE))
    async def test_a_search_finds_what_the_folding_says(self, reader, shelf, rows, text, where):
        await shelf.put_listed(rows)
        for items in (("name",), ("code",), ("code", "name"), ()):
            search = Search(text, items)
            page = await reader.page(query(where, search=search), Page(50))
            assert handles_of(page.rows) == sorted(met(shelf.rows, where, search)), items
            assert await reader.count(query(where, search=search)) == len(page.rows)

    @pytest.mark.parametrize("case", [*CASES["text"], *CASES["code"]], ids=lambda c: f"{c['query']} in {c['name']}")
    async def test_chinese_search_finds_what_a_person_expects(self, reader, shelf, case):
        of = "text" if case in CASES["text"] else "code"
        item_ = {"text": "name", "code": "code"}[of]
        await shelf.put({"h": {**dict.fromkeys(COLUMNS), item_: case["name"]}, "other": dict.fromkeys(COLUMNS)})
        page = await reader.page(query(search=Search(case["query"], (item_,))), Page(5))
        assert handles_of(page.rows) == (["h"] if case["finds"] else [])

    async def test_every_two_characters_that_stand_side_by_side_find_a_name_and_no_others(self, reader, shelf):
        name = "福建省鼓楼区维修信息公开中心"
        await shelf.put({"h": {**dict.fromkeys(COLUMNS), "name": name}})
        pairs = {name[n : n + 2] for n in range(len(name) - 1)}
        for first in name:
            for second in name:
                sought = Search(first + second, ("name",))
                assert (await reader.count(query(search=sought)) == 1) == (first + second in pairs)

    async def test_a_code_is_found_whole_or_from_its_beginning_and_never_from_its_middle(self, reader, shelf):
        await shelf.put({"h": {**dict.fromkeys(COLUMNS), "code": "JY-1350100/2024"}})
        for sought, finds in {
            "JY13501": 1, "jy-1350100": 1, "JY-1350100/2024": 1, "JY": 1, "J": 1, "1350100": 0, "2024": 0, "100/2024": 0,
            "JY-1350100/20245": 0, "Y": 0, "-": 0, "": 0, "JY2024": 0,
        }.items():  # fmt: skip
            assert await reader.count(query(search=Search(sought, ("code",)))) == finds, sought

    async def test_a_search_never_looks_into_items_that_were_not_named(self, reader, shelf):
        await shelf.put({"h": {**dict.fromkeys(COLUMNS), "name": "中国", "code": "A1", "note": "中国"}})
        assert await reader.count(query(search=Search("中国", ("code",)))) == 0
        assert await reader.count(query(search=Search("A1", ("name",)))) == 0
        assert await reader.count(query(search=Search("中国", ("note",)))) == 0

    async def test_a_row_has_the_items_asked_for_and_where_it_comes_from(self, reader, shelf):
        warning = RecordWarning("code", "check_digit", "校验位不符")
        after = shelf.image("h", {"flag": False, "amount": 150}, marks={"amount": 150}, warnings=(warning,))
        await shelf.writer.apply(WORK, [shelf.change("h", after, seq=9)])
        (row,) = (await reader.page(query(columns=("flag", "amount")), Page(1))).rows
        assert row == {
            "_handle": "h", "_seq": 9, "_binding": "b", "_as_of": AT, "_pulled_at": AT, "_marks": '{"amount":150}',
            "_warnings": '[{"item":"code","code":"check_digit","message":"校验位不符"}]', "flag": False, "amount": 150,
        }  # fmt: skip
        assert row["flag"] is False

    async def test_a_row_without_warnings_and_marks_says_so(self, reader, shelf):
        await shelf.put({"h": dict.fromkeys(COLUMNS)})
        (row,) = await reader.lookup(query(columns=()), ("_handle",), [("h",), ("not there",)])
        assert (row["_warnings"], row["_marks"]) == ("[]", None)

    async def test_a_subject_is_counted_once_a_record_and_under_the_rule(self, reader, shelf):
        rows = {"h1": {"flag": True}, "h2": {"flag": True}, "h3": {"flag": None}}
        for handle, values in rows.items():
            subjects = (("subject A", "holder"),) if handle != "h2" else (("subject B", "holder"),)
            await shelf.writer.apply(WORK, [shelf.change(handle, shelf.image(handle, values, subjects=subjects))])
        plain = resource_of("plain", [item("code", DataType.TEXT)], ("code",))
        asked = [query(), query(columns=(), resource=plain)]
        assert await reader.about(asked, "subject A") == {"work": 2, "plain": 0}
        assert await reader.about([query(Compare("flag", Op.EQ, True))], "subject A") == {"work": 1}
        assert await reader.about([query()], "subject C") == {"work": 0}

    async def test_a_resource_without_records_answers_before_any_writer_knew_it(self, reader):
        new = replace(WORK, name="never_written")
        asked = query(resource=new)
        assert (await reader.page(asked, Page(5))).rows == ()
        assert (await reader.count(asked), await reader.lookup(asked, ("code",), [("a",)])) == (0, [])
        assert await reader.follow(asked, ("code",), [("a",)], Page(1)) == {}
        assert await reader.counts(asked, ("code",), [("a",)]) == {("a",): 0}

    async def test_many_keys_at_once_are_found(self, reader, shelf):
        await shelf.put({f"h{n}": {"code": f"c{n}", "number": n} for n in range(1500)})
        keys = [(f"c{n}",) for n in range(0, 3000, 2)]
        assert len(await reader.lookup(query(), ("code",), keys)) == 750
        assert await reader.count(query(Among(("code",), frozenset(keys)))) == 750
        assert await reader.count(query(Among(("code", "number"), frozenset((f"c{n}", n) for n in range(900))))) == 900
        assert await reader.count(query(Compare("number", Op.IN, tuple(range(1000))))) == 1000
        assert await reader.count(query(Compare("code", Op.NOT_IN, tuple(k for (k,) in keys)))) == 750

    async def test_keys_are_distinct_before_they_are_limited(self, reader, shelf):
        await shelf.put({f"h{n:02d}": {"code": "aaaab"[n], "holder": "h"} for n in range(5)})
        assert await reader.keys(query(), ("code", "holder"), 2) == {("a", "h"), ("b", "h")}

    async def test_a_rule_of_thousands_of_parts_is_answered(self, reader, shelf):
        await shelf.put({"h": {"number": 4999}})
        parts = tuple(Compare("number", Op.EQ, n) for n in range(5000))
        assert await reader.count(query(Either(parts))) == 1
        assert await reader.count(query(Every(tuple(Not(part) for part in parts)))) == 0

    async def test_a_condition_on_a_link_and_an_unknown_item_are_refused(self, reader, shelf):
        await shelf.put({"h": {"code": "x"}})
        with pytest.raises(TypeError):
            await reader.count(query(Linked("up", Quantifier.SOME, TRUE)))
        for bad in (
            query(Compare("nothing", Op.EQ, "nothing")),
            query(order=(Order("nothing"),)),
            query(columns=("nothing",)),
        ):
            with pytest.raises(KeyError):
                await reader.page(bad, Page(1))

    @QUICK
    @given(
        text=st.text(max_size=8) | st.sampled_from(["\ud800", "x\0", "x\0y", "'; DROP TABLE r_work; --", '" OR 1=1 --'])
    )
    async def test_whatever_is_typed_is_only_a_value(self, reader, shelf, text):
        await shelf.put({"h": {"code": "x", "name": "x"}})
        for op in (Op.EQ, Op.NE, Op.LT, Op.GTE, Op.PREFIX, Op.CONTAINS):
            asked = Compare("name", op, text)
            if not any("\ud800" <= c <= "\udfff" for c in text):
                assert await reader.count(query(asked)) == int(holds(asked, {"name": "x"}, NOW)), op
        await reader.count(query(Compare("name", Op.IN, (text, "y"))))
        await reader.count(query(search=Search(text, ("code", "name"))))
        same = [(text,)] if text == "x" else []
        many = [(f"{n}",) for n in range(99)]
        assert [(row["name"],) for row in await reader.lookup(query(), ("name",), [(text,)])] == same
        assert await reader.count(query(Among(("name",), frozenset([(text,), *many])))) == len(same)
        assert len(await reader.follow(query(), ("name", "code"), [(text, text)], Page(2))) == len(same)
        assert await reader.count(query()) == 1
