"""Which media type a client gets, and what is not GraphQL over HTTP: pure parts of hub.api.http."""

import pytest

from hub.api.http import accepted, parse
from hub.errors import Code, HubError

GRAPHQL, JSON = "application/graphql-response+json", "application/json"


@pytest.mark.parametrize(
    ("header", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0, */*;q=0.1", JSON),
        ("text/html", None),
        (f"{JSON};q=0", None),
        ("text/html;q=x", None),
    ],
)
def test_the_media_type_is_the_best_one_that_the_client_takes(header, media):
    assert accepted(header) == media


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        (b"", Code.BAD_INPUT, "not JSON"),
        (b"{", Code.BAD_INPUT, "not JSON"),
        (b"1", Code.BAD_INPUT, "must be a JSON object"),
        (b"[{},{}]", Code.DOCUMENT_REFUSED, "a batch of 2 operations"),
        (b"{}", Code.BAD_INPUT, "`query`"),
        (b'{"query":" "}', Code.BAD_INPUT, "`query`"),
        (b'{"query":1}', Code.BAD_INPUT, "`query`"),
        (b'{"query":"{a}","variables":[]}', Code.BAD_INPUT, "`variables`"),
        (b'{"query":"{a}","operationName":3}', Code.BAD_INPUT, "`operationName`"),
        (b'{"query":"{a}","extensions":"x"}', Code.BAD_INPUT, "`extensions`"),
    ],
)
def test_a_body_that_is_no_question_is_refused_by_name(body, code, says):
    with pytest.raises(HubError, match=says) as caught:
        parse(body)
    assert caught.value.code is code


def test_a_question_keeps_its_members():
    document = parse('{"query":"query A { a }","operationName":"A","variables":{"名":1}}'.encode())
    assert (document.query, document.name, document.variables) == ("query A { a }", "A", {"名": 1})
