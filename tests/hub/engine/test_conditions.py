"""What a `where` means, over real records: every comparison, moments, links with some, none and every."""

from datetime import UTC, datetime
from functools import partial

import pytest

from auth.grants import Shown
from catalogue.rules import TRUE, Compare, Linked, Op, Quantifier
from hub.engine.decisions import Asker, Judge
from hub.engine.links import Links
from hub.errors import Code, HubError
from tests.hub.engine.catalogue import LICENCES
from tests.hub.engine.world import ANNA, company, licence


async def staff(world, where, **more):
    data = await world.data(
        "query ($w: CompanyWhere) { companies(where: $w) { nodes { staff } } }", {"w": where}, **more
    )
    return sorted(node["staff"] for node in data["companies"]["nodes"])


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, [0, 1, 2, 3, 4, 5]),
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"staff": {"eq": 3}}, [3]),
        ({"staff": {"ne": 3}}, [0, 1, 2, 4, 5]),
        ({"staff": {"in": [1, 9, 2]}}, [1, 2]),
        ({"staff": {"notIn": [1, 2]}}, [0, 3, 4, 5]),
        ({"staff": {"gte": 1, "lt": 3}}, [1, 2]),
        ({"staff": {"isNull": True}}, []),
        ({"capital": {"gt": "4.5"}}, [4, 5]),
        ({"capital": {"eq": 4.5}}, [3]),
        ({"capital": {"lte": "1.500000"}}, [0, 1]),
        ({"established": {"lt": "2020-01-03"}}, [0, 1]),
        ({"status": {"eq": "1"}}, [1, 3, 5]),
        ({"division": {"eq": "350102"}}, [0, 1, 2]),
        ({"division": {"prefix": "3501"}}, [0, 1, 2, 3, 4, 5]),
        ({"division": {"prefix": "350104"}}, [3, 4, 5]),
        ({"uscc": {"eq": "９１３５０１００m00010０００４ "}}, [4]),
        ({"uscc": {"prefix": "91350100m00010000"}}, [0, 1, 2, 3, 4, 5]),
        ({"name": {"contains": "第4貿易"}}, [4]),
        ({"name": {"prefix": "福州第5"}}, [5]),
        ({"scope": {"contains": "零售"}}, [0, 1, 2, 3, 4, 5]),
        ({"or": []}, []),
        ({"and": []}, [0, 1, 2, 3, 4, 5]),
        ({"or": [{"staff": {"eq": 1}}, {"staff": {"eq": 2}, "status": {"eq": "2"}}]}, [1, 2]),
        ({"not": {"or": [{"staff": {"lt": 2}}, {"staff": {"gt": 3}}]}}, [2, 3]),
        ({"licences": {"some": {}}}, [1, 2, 3, 4, 5]),
        ({"licences": {"none": {}}}, [0]),
        ({"licences": {"some": {"validTo": {"eq": "2026-09-15"}}}}, []),
        ({"licences": {"some": {"validTo": {"eq": "2026-08-15"}}}}, [5]),
        ({"licences": {"none": {"validTo": {"isNull": False}}}}, [0, 1]),
        ({"licences": {"every": {"validTo": {"isNull": True}}}}, [0, 1]),
        ({"licences": {"some": {"expiring": True}, "none": {"validTo": {"gt": "2026-07-01"}}}}, [2, 3]),
        ({"licences": {"some": {"holder": {"some": {"staff": {"eq": 4}}}}}}, [4]),
        ({"not": {"licences": {"some": {"licenceId": {"prefix": "L5"}}}}}, [0, 1, 2, 3, 4]),
        ({"licences": {"some": {"state": {"eq": "revoked"}}}}, []),
    ],
    ids=str,
)  # fmt: skip
async def test_a_condition_means_what_it_says(world, where, expected):
    assert await staff(world, where) == expected


async def test_a_moment_follows_the_clock(world):
    asked = (
        "{ licences(where: {expiring: true}) { totalCount } rest: licences(where: {expiring: false}) { totalCount } }"
    )
    world.now = datetime(2026, 4, 14, 15, 59, tzinfo=UTC)  # one minute before the 15th in Shanghai
    assert (await world.data(asked))["licences"]["totalCount"] == 0
    world.now = datetime(2026, 4, 15, 16, 0, tzinfo=UTC)  # the 16th: 30 days before 2026-05-15 came with the 15th
    found = await world.data(asked)
    assert found["licences"]["totalCount"] == 4
    assert found["licences"]["totalCount"] + found["rest"]["totalCount"] == 16


async def test_a_link_joins_records_of_its_own_kind_only(world):
    """P1 is held by a person: neither link nor condition leads from it to a company, whatever its code."""
    await world.put(LICENCES, "licensing:licence", [licence("P2", company(3)["uscc"], holder_kind="111")])
    data = await world.data(
        """{ licence(licenceId: "P2") { holder { staff } }
             company(uscc: "91350100M000100003") { licences { totalCount } }
             licences(where: {licenceId: {eq: "P2"}, holder: {some: {}}}) { totalCount }
             others: licences(where: {licenceId: {eq: "P2"}, holder: {none: {}}}) { totalCount } }"""
    )
    assert data == {
        "licence": {"holder": None},
        "company": {"licences": {"totalCount": 3}},
        "licences": {"totalCount": 0},
        "others": {"totalCount": 1},
    }


async def test_the_inner_side_of_a_condition_passes_its_own_row_rule(world):
    world.grant("licence", items={}, rows=Compare("licence_id", Op.PREFIX, "L5"))
    assert await staff(world, {"licences": {"some": {}}}) == [5]
    assert await staff(world, {"licences": {"none": {}}}) == [0, 1, 2, 3, 4]


async def test_a_condition_met_by_too_many_keys_is_refused(world):
    published = await world.published()
    asker = Asker(published, world.principal(), None, world.now)
    conditions = Links(world.snapshot, world.reader, partial(Judge().decide, asker), world.now)
    held = Linked("licences", Quantifier.SOME, TRUE)
    assert len((await conditions.resolve("company", held)).values) == 5
    conditions.most = 4
    with pytest.raises(HubError, match="more than 4 keys of licence") as refused:
        await conditions.resolve("company", held)
    assert (refused.value.code, refused.value.extensions["limit"]) == (Code.DOCUMENT_REFUSED, 4)


async def test_order_puts_records_in_order_and_the_first_mention_of_an_item_counts(world):
    data = await world.data("{ companies(orderBy: [{status: DESC}, {staff: ASC}, {status: ASC}]) { nodes { staff } } }")
    assert [node["staff"] for node in data["companies"]["nodes"]] == [0, 2, 4, 1, 3, 5]


async def test_a_condition_on_a_followed_link_is_judged_for_each_parent(world):
    data = await world.data(
        '{ companies(orderBy: {staff: ASC}) { nodes { licences(where: {validTo: {gt: "2026-06-01"}}) { totalCount } } } }'
    )
    assert [node["licences"]["totalCount"] for node in data["companies"]["nodes"]] == [0, 0, 0, 1, 2, 3]


async def test_a_number_of_fifteen_digits_finds_the_person_of_eighteen(world):
    world.grant("company", items={"rep_id": Shown.PLAIN})
    assert await staff(world, {"repId": {"eq": ANNA}}) == [1, 3, 5]
    assert await staff(world, {"repId": {"eq": "110105491231002"}}) == [1, 3, 5]
