"""Hostile documents are refused before they are validated, and soon: MEASURES' list and a few more."""

import time

import pytest
from graphql import get_introspection_query

from hub.engine.limits import Limits, judge_text
from hub.errors import HubError

COMPANY = '{ company(uscc: "x") '
HOSTILE = {
    "a megabyte of comment": "#" + "x" * 1_000_000 + "\n{ __typename }",
    "a megabyte of string": '{ company(uscc: "' + "x" * 1_000_000 + '") { name } }',
    "fragments that fan out twice a level": '{ company(uscc: "x") { ...f0 } }'
    + "".join(
        f"fragment f{n} on Company {{ ...f{n + 1} licences {{ nodes {{ holder {{ ...f{n + 1} }} }} }} }}"
        for n in range(22)
    )
    + "fragment f22 on Company { name }",
    "ten thousand aliases": COMPANY + "{" + " ".join(f"a{n}: name" for n in range(10_000)) + "} }",
    "three thousand repeated fields": COMPANY + "{" + "name " * 3000 + "} }",
    "ten thousand directives": COMPANY + "{ name " + "@skip(if: true) " * 3000 + "} }",
    "many overlapping inline fragments": COMPANY
    + "{"
    + "".join("... on Company {" + " ".join(f"a{m}: name" for m in range(30)) + "}" for _ in range(40))
    + "} }",
    "depth of three thousand": "{ company " * 3000 + "}" * 3000,
    "depth through links": COMPANY + "{ licences { nodes { holder " * 10 + "{ name }" + "} } }" * 10 + "}",
    "a thousand aliased root fields": "{" + " ".join(f"a{n}: __typename" for n in range(90)) + "}",
    "a deep list of values": "{ companies(where: " + "{and: [" * 70 + "]}" * 70 + ") { totalCount } }",
    "many fragments": "{ __typename }" + "".join(f"fragment f{n} on Company {{ name }}" for n in range(200)),
    "many operations": "".join(f"query q{n} {{ __typename }}" for n in range(50)),
    "one name a hundred times and more": COMPANY + "{" + "name " * 120 + "} }",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_document_is_refused_with_its_figure_and_the_limit(world, text):
    answer = await world.ask(text)
    assert (answer.status, answer.data) == (400, None)
    extensions = answer.errors[0]["extensions"]
    assert extensions["code"] == "DOCUMENT_REFUSED"
    assert extensions["figure"] > extensions["limit"]
    assert str(extensions["limit"]) in answer.errors[0]["message"]
    assert world.calls == []


async def test_fragments_that_fan_out_without_end_or_in_a_circle_are_refused_soon(world):
    doubling = (
        '{ company(uscc: "x") { ...f0 } }'
        + "".join(f"fragment f{n} on Company {{ ...f{n + 1} ... on Company {{ ...f{n + 1} }} }}" for n in range(90))
        + "fragment f90 on Company { name }"
    )
    circle = '{ company(uscc: "x") { ...a } } fragment a on Company { ...b } fragment b on Company { ...a name }'
    started = time.process_time()
    assert (await world.ask(doubling)).errors[0]["extensions"]["code"] == "DOCUMENT_REFUSED"
    assert (await world.ask(circle)).errors[0]["extensions"]["code"] == "BAD_INPUT"
    assert time.process_time() - started < 5  # exponential work would not end at all


async def test_a_question_that_could_read_too_much_is_refused_before_it_reads(world):
    asked = "{ companies(first: 1000) { nodes { licences(first: 1000) { nodes { licenceId } } } } }"
    answer = await world.ask(asked)
    extensions = answer.errors[0]["extensions"]
    assert (extensions["code"], extensions["figure"], extensions["limit"]) == ("DOCUMENT_REFUSED", 1_001_000, 50_000)
    assert world.calls == []


async def test_conditions_are_bounded_in_number_depth_lists_and_links(world):
    deep = {"name": {"eq": "x"}}
    for _ in range(30):
        deep = {"not": deep}
    wide = {"or": [{"staff": {"eq": n}} for n in range(300)]}
    listed = {"staff": {"in": list(range(1500))}}
    linked = {"or": [{"licences": {"some": {}}} for _ in range(20)]}
    for where in (deep, wide, listed, linked):
        answer = await world.ask("query ($w: CompanyWhere) { companies(where: $w) { totalCount } }", {"w": where})
        assert answer.errors[0]["extensions"]["code"] == "DOCUMENT_REFUSED"
        assert world.calls == []


async def test_more_keys_and_ids_than_five_hundred_are_refused(world):
    keys = [{"uscc": str(n)} for n in range(501)]
    answer = await world.ask("query ($k: [CompanyKeyInput!]!) { companiesByKey(values: $k) { name } }", {"k": keys})
    assert answer.errors[0]["extensions"]["figure"] == 501
    answer = await world.ask("query ($k: [ID!]!) { nodes(ids: $k) { id } }", {"k": [k["uscc"] for k in keys]})
    assert answer.errors[0]["extensions"]["figure"] == 501


async def test_the_usual_introspection_query_passes(world):
    data = await world.data(get_introspection_query(input_value_deprecation=True))
    assert {"Company", "CompanyWhere"} <= {made["name"] for made in data["__schema"]["types"]}


def test_strings_and_comments_are_one_token_each():
    text = '{ a(x: "{[(@ # \\" ") b(y: """ { " @ """) } # { @ {\n'
    judge_text(text, Limits(tokens=14, nesting=2, directives=0))
    with pytest.raises(HubError, match="14 tokens, the limit is 13"):
        judge_text(text, Limits(tokens=13))
