"""An answer never depends on values that the client may not see (invariant 7), whatever is asked."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub.engine.catalogue import COMPANIES
from tests.hub.engine.world import ANNA, BERT, company, opened

SEEN = ["uscc", "name", "capital", "established", "staff", "scope", "status { code name }", "division { code }", "id"]
HIDDEN = ["phone", "repId", "secret"]
OPERANDS = {
    "phone": ["13800138000", "13899998000"],
    "repId": [ANNA, BERT],
    "secret": ["秘密", "另"],
    "staff": [0, 3],
    "name": ["福州第3贸易有限公司", "x"],
    "capital": ["4.5", "0"],
    "status": ["1", "2"],
}
ORDERS = ["phone", "repId", "secret", "staff", "name", "status", "capital"]


def compared(name):
    ops = st.sampled_from(["eq", "ne", "in", "isNull"])

    def made(op, value):
        operand = True if op == "isNull" else [value] if op == "in" else value
        return {name: {op: operand}}

    return st.builds(made, ops, st.sampled_from(OPERANDS[name]))


CONDITIONS = st.recursive(
    st.sampled_from(sorted(OPERANDS)).flatmap(compared),
    lambda inner: st.one_of(
        st.builds(lambda a, b: {"or": [a, b]}, inner, inner),
        st.builds(lambda a: {"not": a}, inner),
        st.builds(lambda a: {"licences": {"some": {"holder": {"none": a}}}}, inner),
    ),
    max_leaves=4,
)
QUESTIONS = st.fixed_dictionaries(
    {
        "fields": st.lists(st.sampled_from(SEEN + HIDDEN), min_size=1, max_size=6, unique=True),
        "where": st.none() | CONDITIONS,
        "order": st.lists(st.sampled_from(ORDERS), max_size=2, unique=True),
        "first": st.integers(0, 4),
    }
)


def hidden(number):
    """The same company to everyone who sees it plain or masked, with other values where nobody may look."""
    return company(number, phone=f"138{number}9999000"[:7] + "8000", rep_id=BERT, secret=f"别的{number}")


async def answers(questions):
    async with AsyncExitStack() as stack:
        worlds = []
        for make in (company, hidden):
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            world = await stack.enter_async_context(opened(Path(folder)))
            await world.put(COMPANIES, "market:company", [make(n) for n in range(6)])
            worlds.append(world)
        for question in questions:
            text = f"""query ($w: CompanyWhere, $o: [CompanyOrderBy!], $n: Int) {{
              companies(where: $w, orderBy: $o, first: $n) {{
                totalCount nodes {{ {" ".join(question["fields"])} }} edges {{ cursor }} pageInfo {{ hasNextPage endCursor }}
              }} }}"""
            order = [{name: "DESC"} for name in question["order"]]
            variables = {"w": question["where"], "o": order, "n": question["first"]}
            yield [await world.ask(text, variables) for world in worlds]


@settings(max_examples=4, deadline=None)
@given(st.lists(QUESTIONS, min_size=15, max_size=25))
def test_two_hubs_that_differ_only_in_hidden_values_answer_alike(questions):
    async def compare():
        async for one, other in answers(questions):
            assert (one.status, one.data, one.errors) == (other.status, other.data, other.errors)

    asyncio.run(compare())


async def test_the_two_hubs_do_differ_for_whoever_may_see(world):
    from auth.grants import Shown

    world.grant("company", items={"rep_id": Shown.PLAIN})
    await world.put(COMPANIES, "market:company", [hidden(3)])
    data = await world.data('{ company(uscc: "91350100M000100003") { repId } }')
    assert data["company"] == {"repId": BERT}
