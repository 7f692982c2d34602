"""Pages both ways, held against the Relay cursor specification's own algorithm on a small list."""

import itertools

import pytest

from hub.engine.bind import Window
from hub.engine.pages import cut
from hub.records.model import RowPage

EDGES = ["L5-0", "L5-1", "L5-2", "L5-3", "L5-4"]
SIZES = [None, 0, 1, 2, 9]
PLACES = [None, 0, 1, 2, 3, 4]


def relay(first, last, after, before):
    """The specification's ApplyCursorsToEdges and EdgesToReturn, word for word, on positions."""
    edges = list(range(len(EDGES)))
    if after is not None:
        edges = edges[edges.index(after) + 1 :]
    if before is not None and before in edges:
        edges = edges[: edges.index(before)]
    size = len(edges)
    has_next = first is not None and size > first
    has_previous = last is not None and size > last
    kept = edges
    if first is not None:
        kept = kept[:first]
    if last is not None:
        kept = kept[max(len(kept) - last, 0) :]
    return [EDGES[e] for e in kept], has_next, has_previous


QUERY = """query ($first: Int, $last: Int, $after: String, $before: String) {
  company(uscc: "91350100M000100005") {
    licences(orderBy: {licenceId: ASC}, first: $first, last: $last, after: $after, before: $before) {
      totalCount nodes { licenceId } edges { cursor node { licenceId } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
  licences(where: {licenceId: {prefix: "L5"}}, orderBy: {licenceId: ASC},
           first: $first, last: $last, after: $after, before: $before) {
    totalCount nodes { licenceId } edges { cursor node { licenceId } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


async def cursors(world):
    data = await world.data(QUERY, {"first": 10})
    return [edge["cursor"] for edge in data["licences"]["edges"]]


async def test_every_combination_of_first_last_after_and_before_is_relays(world):
    places = await cursors(world)
    for first, last, after, before in itertools.product(SIZES, SIZES, PLACES, PLACES):
        given = {"first": first, "last": last}
        given["after"] = None if after is None else places[after]
        given["before"] = None if before is None else places[before]
        data = await world.data(QUERY, given)
        if first is None and last is None:
            first = 50
        expected = relay(first, last, after, before)
        for page in (data["licences"], data["company"]["licences"]):
            info = page["pageInfo"]
            names = [node["licenceId"] for node in page["nodes"]]
            assert (names, info["hasNextPage"], info["hasPreviousPage"]) == expected, (first, last, after, before)
            assert page["totalCount"] == 5
            assert [edge["node"]["licenceId"] for edge in page["edges"]] == names
            ends = [edge["cursor"] for edge in page["edges"]] or [None]
            assert (info["startCursor"], info["endCursor"]) == (ends[0], ends[-1])


async def test_a_walk_over_pages_meets_every_record_once_in_either_direction(world):
    for forwards in (True, False):
        seen, place = [], None
        while True:
            size, at = ("first", "after") if forwards else ("last", "before")
            page = (await world.data(QUERY, {size: 2, at: place}))["licences"]
            names = [node["licenceId"] for node in page["nodes"]]
            seen = seen + names if forwards else names + seen
            if not page["pageInfo"]["hasNextPage" if forwards else "hasPreviousPage"]:
                break
            place = page["pageInfo"]["endCursor" if forwards else "startCursor"]
        assert seen == EDGES


async def test_nulls_stand_last_and_cursors_pass_them(world):
    asked = """query ($after: String) { licences(first: 1, after: $after, orderBy: [{validTo: DESC}, {licenceId: DESC}],
      where: {licenceId: {prefix: "L3"}}) { nodes { licenceId validTo } pageInfo { endCursor hasNextPage } } }"""
    found, after = [], None
    for _ in range(3):
        page = (await world.data(asked, {"after": after}))["licences"]
        found.append(page["nodes"][0]["licenceId"])
        after = page["pageInfo"]["endCursor"]
    assert found == ["L3-2", "L3-1", "L3-0"]
    assert not page["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("first: -1", "BAD_INPUT"),
        ("last: -1", "BAD_INPUT"),
        ("first: 1001", "DOCUMENT_REFUSED"),
        ("first: 1000000", "DOCUMENT_REFUSED"),
        ('after: "nonsense"', "CURSOR_INVALID"),
        ('before: ""', "CURSOR_INVALID"),
    ],
)
async def test_a_window_that_cannot_be_is_refused_before_any_store_is_asked(world, arguments, code):
    answer = await world.ask(f"{{ licences({arguments}) {{ totalCount }} }}")
    assert (answer.status, answer.errors[0]["extensions"]["code"]) == (400, code)
    assert world.calls == []


async def test_a_refused_size_names_figure_and_limit(world):
    answer = await world.ask("{ licences(first: 1000000) { totalCount } }")
    assert answer.errors[0]["extensions"] | {"figure": 1000000, "limit": 1000} == answer.errors[0]["extensions"]


async def test_a_cursor_of_another_order_resource_or_hub_is_refused(world):
    place = (await cursors(world))[0]
    for asked in (
        f'{{ licences(after: "{place}") {{ totalCount }} }}',
        f'{{ licences(orderBy: {{licenceId: DESC}}, after: "{place}") {{ totalCount }} }}',
        f'{{ companies(after: "{place}") {{ totalCount }} }}',
        f'{{ licences(orderBy: {{licenceId: ASC}}, after: "{"A" + place[1:]}") {{ totalCount }} }}',
    ):
        answer = await world.ask(asked)
        assert (answer.status, answer.errors[0]["extensions"]["code"]) == (400, "CURSOR_INVALID")


async def test_no_key_stands_in_a_cursor_or_an_id(world):
    import base64

    data = await world.data("{ companies(first: 1) { edges { cursor node { id uscc } } } }")
    edge = data["companies"]["edges"][0]
    seen = base64.urlsafe_b64decode(edge["cursor"] + "==") + edge["node"]["id"].encode()
    assert edge["node"]["uscc"].encode() not in seen


def test_both_ends_of_a_window_are_judged_before_either_cut():
    rows = tuple({"_handle": str(n)} for n in range(3))
    page = cut(Window(3, 2, None, None), RowPage(rows, has_next=True, has_previous=False))
    assert ([row["_handle"] for row in page.rows], page.has_next, page.has_previous) == (["1", "2"], True, True)
