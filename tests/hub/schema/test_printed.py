"""`schema.graphql` is what the shipped catalogue generates."""

from pathlib import Path

from graphql import build_schema, validate_schema

from hub.schema.print import shipped_sdl

ROOT = Path(__file__).parents[3]


def test_the_printed_schema_is_that_of_the_shipped_catalogue():
    printed = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    assert printed == shipped_sdl(), "run `python -m hub.schema.print > schema.graphql`"


def test_the_printed_schema_is_valid_by_itself():
    assert validate_schema(build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))) == []
