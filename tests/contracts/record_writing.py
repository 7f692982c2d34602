"""The contract of `hub.records.ports.RecordWriter`: what every record store keeps, also across versions of a resource.

To use it: subclass and give the fixtures `reader` and `writer`, two ports on one empty store.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from catalogue.model import (
    DataType,
    SearchKind,
)
from catalogue.rules import FALSE, Compare, Every, Op
from hub.records.model import Page, RecordWarning, Search, Walk
from tests.contracts.record_samples import QUICK, ROWS, WORK, WithShelf, handles_of, item, query


class RecordWriterContract(WithShelf):
    """What every record store keeps."""

    @QUICK
    @given(rows=st.lists(ROWS, min_size=1, max_size=5))
    async def test_images_come_back_as_they_were_written(self, shelf, rows):
        await shelf.put_listed(rows)
        stored = await shelf.writer.images(WORK, [*shelf.rows, "unknown"])
        assert stored == {handle: shelf.image(handle, row) for handle, row in shelf.rows.items()}
        assert all(type(stored[h].values[n]) is type(row[n]) for h, row in shelf.rows.items() for n in row)

    async def test_an_image_keeps_everything_that_belongs_to_it(self, shelf):
        image = shelf.image(
            "h", {"code": "X", "amount": 5}, raw={"code": " ｘ"}, warnings=(RecordWarning("code", "c", "m"),),
            marks={"amount": 5}, source={"amount": None}, subjects=(("s", "holder"),),
        )  # fmt: skip
        await shelf.writer.apply(WORK, [shelf.change("h", image)])
        assert await shelf.writer.images(WORK, ["h"]) == {"h": image}

    async def test_an_older_or_equal_change_is_skipped(self, shelf):
        writer = shelf.writer
        for seq, name in ((5, "five"), (5, "again"), (4, "four")):
            await writer.apply(WORK, [shelf.change("h", shelf.image("h", {"name": name}), seq=seq)])
            assert (await writer.images(WORK, ["h"]))["h"].values["name"] == "five"

    async def test_applying_a_batch_twice_changes_nothing(self, reader, shelf):
        batch = [shelf.change(f"h{n}", shelf.image(f"h{n}", {"name": "中国"})) for n in range(5)]
        for _ in range(2):
            await shelf.writer.apply(WORK, [*batch, shelf.change("h0", None, seq=99)])
            assert await reader.count(query(search=Search("中国", ("name",)))) == 4

    async def test_of_two_changes_of_one_record_in_a_batch_the_later_one_counts(self, shelf):
        first, second = (shelf.image("h", {"name": name}) for name in ("first", "second"))
        await shelf.writer.apply(WORK, [shelf.change("h", second, seq=2), shelf.change("h", first, seq=1)])
        assert await shelf.writer.images(WORK, ["h"]) == {"h": second}

    async def test_a_deleted_record_is_gone_for_every_question_and_an_older_change_does_not_bring_it_back(
        self, reader, shelf
    ):
        image = shelf.image("h", {"code": "X", "name": "中国"}, subjects=(("s", "holder"),))
        await shelf.writer.apply(WORK, [shelf.change("h", image, seq=1)])
        await shelf.writer.apply(WORK, [shelf.change("h", None, image, seq=3)])
        await shelf.writer.apply(WORK, [shelf.change("h", image, seq=2)])
        assert await shelf.writer.images(WORK, ["h"]) == {}
        assert (await reader.page(query(), Page(5))).rows == ()
        assert await reader.count(query(search=Search("中国", ("name",)))) == 0
        assert await reader.about([query()], "s") == {"work": 0}
        assert await shelf.writer.count_of(WORK, "b") == 0
        assert await shelf.writer.handles(WORK, "b", "", 5) == []
        assert await shelf.writer.walk(Walk(WORK, 0, 9, 9)) == []

    async def test_a_delete_of_a_record_never_seen_also_leaves_its_version(self, shelf):
        await shelf.writer.apply(WORK, [shelf.change("h", None, seq=7)])
        await shelf.writer.apply(WORK, [shelf.change("h", shelf.image("h", {}), seq=6)])
        assert await shelf.writer.images(WORK, ["h"]) == {}
        await shelf.writer.apply(WORK, [shelf.change("h", shelf.image("h", {}), seq=8)])
        assert set(await shelf.writer.images(WORK, ["h"])) == {"h"}

    async def test_a_walk_goes_by_the_sequence_of_the_last_change(self, shelf):
        for seq, handle in enumerate(("a", "b", "c", "a", "d"), 1):
            image = shelf.image(handle, {"name": handle, "number": seq})
            await shelf.writer.apply(WORK, [shelf.change(handle, image, seq=seq)])

        async def walked(**more):
            return [(seq, image.handle) for seq, image in await shelf.writer.walk(Walk(WORK, **more))]

        assert await walked(after=0, upto=9, limit=9) == [(2, "b"), (3, "c"), (4, "a"), (5, "d")]
        assert await walked(after=2, upto=4, limit=9) == [(3, "c"), (4, "a")]
        assert await walked(after=0, upto=9, limit=2) == [(2, "b"), (3, "c")]
        assert await walked(after=0, upto=9, limit=9, where=Compare("number", Op.GT, 3)) == [(4, "a"), (5, "d")]

    async def test_what_a_binding_feeds_is_listed_and_counted_by_itself(self, shelf):
        for n, binding in enumerate("aabab"):
            image = shelf.image(f"h{n}", {}, binding=binding)
            await shelf.writer.apply(WORK, [shelf.change(f"h{n}", image)])
        assert await shelf.writer.handles(WORK, "a", "", 2) == ["h0", "h1"]
        assert await shelf.writer.handles(WORK, "a", "h1", 2) == ["h3"]
        assert (await shelf.writer.count_of(WORK, "a"), await shelf.writer.count_of(WORK, "c")) == (3, 0)

    async def test_due_records_come_in_order_of_handle_page_by_page(self, shelf):
        days = ["2026-01-05", "2026-01-01", None, "2026-01-03", "2026-02-01", "2026-01-03"]
        await shelf.put({f"h{n}": {"valid_to": day} for n, day in enumerate(days)})
        rule = Every((Compare("valid_to", Op.GT, "2026-01-01"), Compare("valid_to", Op.LTE, "2026-01-05")))
        assert [image.handle for image in await shelf.writer.due(WORK, rule, "", 2)] == ["h0", "h3"]
        assert [image.handle for image in await shelf.writer.due(WORK, rule, "h3", 2)] == ["h5"]
        assert await shelf.writer.due(WORK, FALSE, "", 2) == []

    async def test_a_new_item_is_absent_in_old_records_and_kept_in_new_ones(self, reader, shelf):
        await shelf.put({"h": {"code": "X", "name": "中国"}})
        newer = replace(WORK, items=(*WORK.items, item("extra", DataType.TEXT, search=SearchKind.TEXT)))
        await shelf.writer.prepare(newer)
        assert (await shelf.writer.images(newer, ["h"]))["h"].values["extra"] is None
        shelf.resource = newer
        await shelf.put({"h": {"code": "X", "name": "中国", "extra": "福建"}, "i": {"extra": "福建"}})
        found_ = await reader.page(query(resource=newer, search=Search("福建", ("extra", "name"))), Page(5))
        assert handles_of(found_.rows) == ["h", "i"]
        assert await reader.count(query(resource=newer, search=Search("中国", ("name",)))) == 1

    async def test_a_reader_of_the_older_version_goes_on_reading(self, reader, shelf):
        await shelf.put({"h": {"code": "X", "name": "中国"}})
        newer = replace(WORK, items=(*WORK.items, item("extra", DataType.TEXT)))
        await shelf.writer.prepare(newer)
        assert await reader.count(query(search=Search("中国", ("name",)))) == 1
        await shelf.put({"h": {"code": "Y", "name": "福建"}})
        assert await reader.count(query(search=Search("中国", ("name",)))) == 0
        assert await reader.count(query(search=Search("福建", ("name",)))) == 1

    async def test_an_item_of_another_type_keeps_what_its_new_type_can_hold(self, reader, shelf):
        texts = {"h1": "12", "h2": "x", "h3": None, "h4": "-7"}
        await shelf.put({handle: {"parent": text, "name": "中国"} for handle, text in texts.items()})
        items = tuple(replace(i, type=DataType.INTEGER) if i.name == "parent" else i for i in WORK.items)
        changed = replace(WORK, items=items, links=())
        await shelf.writer.prepare(changed)
        rows = (await reader.page(query(resource=changed), Page(5))).rows
        assert {row["_handle"]: row["parent"] for row in rows} == {"h1": 12, "h2": None, "h3": None, "h4": -7}
        assert await reader.count(query(Compare("parent", Op.LT, 0), resource=changed)) == 1
        assert await reader.count(query(search=Search("中国", ("name",)), resource=changed)) == 4

    async def test_what_another_version_of_the_resource_knows_is_kept(self, reader, shelf):
        newer = replace(WORK, items=(*WORK.items, item("extra", DataType.TEXT, search=SearchKind.TEXT)))
        shelf.resource = newer
        await shelf.writer.prepare(newer)
        await shelf.put({"h": {"parent": "12", "note": "维修", "extra": "福建"}})
        types, searches = {"parent": DataType.INTEGER}, {"note": SearchKind.TEXT}
        for changes in ({"type": types}, {"search": searches}):
            items = tuple(
                replace(i, **{field_: new[i.name] for field_, new in changes.items() if i.name in new})
                for i in WORK.items
            )
            await shelf.writer.prepare(replace(WORK, items=items, links=()))
            assert await reader.count(query(search=Search("福建", ("extra",)), resource=newer)) == 1
            assert (await shelf.writer.images(newer, ["h"]))["h"].values["extra"] == "福建"

    async def test_an_item_that_becomes_searchable_is_searched_in_old_records_too(self, reader, shelf):
        await shelf.put({"h": {"note": "维修信息公开"}})
        items = tuple(replace(i, search=SearchKind.TEXT) if i.name == "note" else i for i in WORK.items)
        changed = replace(WORK, items=items)
        await shelf.writer.prepare(changed)
        assert await reader.count(query(search=Search("维修", ("note",)), resource=changed)) == 1

    async def test_a_reader_may_be_the_first_to_know_a_newer_version(self, reader, shelf):
        await shelf.put({"h": {"note": "维修信息公开"}})
        items = tuple(replace(i, search=SearchKind.TEXT) if i.name == "note" else i for i in WORK.items)
        newer = replace(WORK, items=(*items, item("extra", DataType.INTEGER)))
        assert await reader.count(query(search=Search("维修", ("note",)), resource=newer)) == 1
        assert await reader.count(query(Compare("extra", Op.IS_NULL, True), resource=newer)) == 1
        await shelf.put({"h": {"note": "公开"}})
        assert await reader.count(query(search=Search("维修", ("note",)), resource=newer)) == 0
        assert await reader.count(query(search=Search("公开", ("note",)), resource=newer)) == 1

    async def test_preparing_again_changes_nothing(self, reader, shelf):
        await shelf.put({"h": {"code": "X", "name": "中国"}})
        for _ in range(3):
            await shelf.writer.prepare(WORK, {("holder_kind", "holder")})
            assert (await reader.page(query(), Page(5))).rows[0]["name"] == "中国"
