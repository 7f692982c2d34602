"""Scopes: which there are, and what each opens."""

import pytest

from auth.scopes import RESOURCE_SCOPES, SCOPES, known, required_for_resource, sentence

RESOURCES = {"sheet", "feed"}


def test_the_scopes_are_those_of_the_contract():
    assert set(SCOPES) == {
        "catalogue:read", "catalogue:write", "catalogue:review", "feed:subscribe", "access:request", "access:approve",
        "client:write", "pull:run", "audit:read", "statutory:read",
    }  # fmt: skip
    assert set(RESOURCE_SCOPES) == {"read", "write"}


@pytest.mark.parametrize("text", [*SCOPES.values(), *RESOURCE_SCOPES.values()])
def test_every_scope_is_told_in_one_sentence(text):
    assert text.endswith(".")
    assert text.count(". ") == 0


@pytest.mark.parametrize("scope", [*SCOPES, "sheet:read", "sheet:write", "feed:read", "feed:subscribe"])
def test_fixed_scopes_and_those_of_published_resources_exist(scope):
    assert known(scope, RESOURCES)
    assert sentence(scope, RESOURCES)


@pytest.mark.parametrize(
    "scope", ["", ":", "read", ":read", "sheet", "sheet:", "sheet:delete", "sheet:read ", "SHEET:read", "other:read",
              "sheet:*", "*", "sheet:read:read", "catalogue:delete"]
)  # fmt: skip
def test_nothing_else_exists(scope):
    assert not known(scope, RESOURCES)


def test_a_resource_is_read_with_its_own_scope():
    assert required_for_resource("sheet") == "sheet:read"
    assert sentence("sheet:read", RESOURCES) == RESOURCE_SCOPES["read"]
