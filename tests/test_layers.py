"""Imports go one way: hub → auth, connectors, catalogue; auth and connectors → catalogue; catalogue → none of ours."""

import ast
from pathlib import Path

import pytest

from catalogue.base import shipped

ROOT = Path(__file__).parent.parent
OURS = ["auth", "catalogue", "connectors", "hub"]
MAY_IMPORT = {
    "catalogue": {"catalogue"},
    "connectors": {"connectors", "catalogue"},
    "auth": {"auth", "catalogue"},
    "hub": set(OURS),
}
FILES = [path for package in OURS for path in sorted((ROOT / package).rglob("*.py"))]


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_imports_only_from_the_layers_below_it(path):
    package = path.relative_to(ROOT).parts[0]
    ours = {name for name in imported(path) if name.split(".")[0] in OURS}
    assert {name for name in ours if name.split(".")[0] not in MAY_IMPORT[package]} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_imports_are_not_used_so_that_the_layers_can_be_read(path):
    assert not [
        n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.ImportFrom) and n.level
    ]


def test_no_shipped_resource_is_named_in_code_outside_the_base_the_demo_and_tests():
    entries = shipped()
    names = {*entries.resources, *entries.departments, *entries.bindings, *entries.systems}
    names -= {"person"}  # also the natural person of an approval, and a subject kind
    guilty = []
    for path in FILES:
        if path.is_relative_to(ROOT / "hub/demo") or path.is_relative_to(ROOT / "catalogue/base"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in names:
                guilty.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.value}")
    assert guilty == []
