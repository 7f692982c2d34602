import pytest
from graphql import GraphQLError

from hub.engine.documents import DocumentInvalid, Documents
from hub.engine.limits import Limits
from hub.engine.memory import Memory
from tests.hub.engine.catalogue import built


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{ company(uscc: ", "Syntax Error"),
        ("", "Syntax Error"),
        ("{ companyy { name } }", "Cannot query field 'companyy' on type 'Query'."),
        ('{ company(uscc: "x") { nam } }', "Cannot query field 'nam' on type 'Company'."),
        ('{ company(usc: "x") { name } }', "Unknown argument 'usc' on field 'Query.company'."),
        ("query ($x: CompanyWher) { companies(where: $x) { totalCount } }", "Unknown type 'CompanyWher'."),
        ("{ companies(orderBy: {name: ASC, staff: ASC}) { totalCount } }", "CompanyOrderBy"),
        ('{ companies(where: {established: {eq: "2020-02-30"}}) { totalCount } }', "2026-01-31"),
        ("{ persons { name } }", "Cannot query field 'persons' on type 'Query'."),
        ("{ companies(where: {representative: {some: {}}}) { totalCount } }", "unknown field 'representative'"),
    ],
)  # fmt: skip
async def test_a_document_that_breaks_the_rules_is_named_without_a_suggestion(world, text, said):
    answer = await world.ask(text)
    assert (answer.status, answer.data) == (400, None)
    assert all(error["extensions"]["code"] == "BAD_INPUT" for error in answer.errors)
    assert said in answer.errors[0]["message"]
    assert "Did you mean" not in str(answer.errors)
    assert all(error["extensions"]["requestId"] == "req-1" for error in answer.errors)


@pytest.mark.parametrize(
    ("declared", "variables"),
    [
        ("$k: String!", {}),
        ("$k: String!", {"k": None}),
        ("$k: String!", {"k": 7}),
        ("$k: String!", {"k": ["x"]}),
        ("$k: String!", {"k": {"eq": "x"}}),
    ],
)
async def test_variables_that_do_not_fit_are_named(world, declared, variables):
    answer = await world.ask(f"query ({declared}) {{ company(uscc: $k) {{ name }} }}", variables)
    assert (answer.status, answer.errors[0]["extensions"]["code"]) == (400, "BAD_INPUT")
    assert "$k" in answer.errors[0]["message"]
    assert world.calls == []


async def test_values_that_do_not_fit_their_item_are_named(world):
    for where, said in (
        ({"capital": {"eq": "1.2345678"}}, "at most 6 decimals"),
        ({"capital": {"eq": "1e20"}}, "2^53"),
        ({"staff": {"gt": 2**40}}, "32-bit"),
        ({"name": {"contains": "！"}}, "at least one letter"),
        ({"name": {"eq": None}}, "is null"),
        ({"name": None}, "is null"),
        ({"and": None}, "is null"),
        ({"licences": {"some": None}}, "is null"),
        ({"and": [None]}, "non-null"),
        ({"nobody": {"eq": 1}}, "nobody"),
    ):
        answer = await world.ask("query ($w: CompanyWhere) { companies(where: $w) { totalCount } }", {"w": where})
        assert (answer.status, answer.errors[0]["extensions"]["code"]) == (400, "BAD_INPUT"), where
        assert said in answer.errors[0]["message"], answer.errors[0]["message"]
        assert world.calls == []


async def test_a_very_deep_variable_ends_as_bad_input(world):
    where = {"name": {"eq": "x"}}
    for _ in range(5000):
        where = {"not": where}
    answer = await world.ask("query ($w: CompanyWhere) { companies(where: $w) { totalCount } }", {"w": where})
    assert answer.status == 400


def test_a_document_is_read_once_and_forgotten_when_others_need_the_room():
    documents = Documents(Limits(), remembered=100)
    first = documents.read("{ __typename }", built())
    assert documents.read("{ __typename }", built()) is first
    documents.read("{ a: __typename }" + " " * 90, built())
    assert documents.read("{ __typename }", built()) is not first


def test_a_refused_document_is_not_remembered():
    documents = Documents(Limits())
    for _ in range(2):
        with pytest.raises(DocumentInvalid) as refused:
            documents.read("{ nothing }", built())
        assert isinstance(refused.value.errors[0], GraphQLError)


def test_memory_forgets_the_least_lately_used_and_never_the_last():
    memory: Memory[str] = Memory(2)
    memory.keep("a", "A")
    memory.keep("b", "B")
    assert memory.get("a") == "A"
    memory.keep("c", "C")
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == ("A", None, "C")
    assert memory.keep("d", "D", weight=9) == "D"
    assert (memory.get("a"), memory.get("d")) == (None, "D")
