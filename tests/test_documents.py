"""Documents are compared with the code: dependencies, settings, events, error codes."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from catalogue.base import shipped
from catalogue.snapshot import Snapshot
from hub import observe
from hub.commands.drawing import mermaid
from hub.commands.service import as_toml
from hub.errors import TABLE, Code
from hub.settings import MEANING, Settings

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def names(requirements):
    return {re.split(r"[\[<>=~ ]", text)[0] for text in requirements}


def test_every_dependency_is_explained_and_nothing_else_is():
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| ([a-z][a-z0-9-]+) \|", page, re.MULTILINE)) - {"package"}
    assert explained == names(PROJECT["dependencies"])
    for package in names(PROJECT["optional-dependencies"]["dev"]):
        assert re.search(rf"\b{package}\b", page), package


def test_the_lock_file_has_every_dependency_with_hashes_and_names_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    assert names([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]) <= locked
    assert "://" not in lock
    assert lock.count("--hash=sha256:") > len(locked)


def test_every_setting_has_a_meaning_and_every_meaning_a_setting():
    assert set(MEANING) == {field.name for field in fields(Settings)}


def test_every_error_code_has_its_row_in_the_table():
    assert set(TABLE) == set(Code)


def rows(page):
    """The cells of the page's one table, without its head."""
    lines = [line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    return [tuple(cell.strip().strip("`") for cell in line.strip("|").split(" | ")) for line in lines]


def test_the_page_of_errors_is_the_table_of_errors():
    assert rows("docs/errors.md") == [(code.value, str(kind.status), kind.advice) for code, kind in TABLE.items()]


def test_the_page_of_settings_is_the_table_of_settings():
    defaults = Settings()
    assert rows("docs/settings.md") == [(key, as_toml(getattr(defaults, key)), told) for key, told in MEANING.items()]


def code_blocks(page, language=".*"):
    pattern = rf"^```(?:{language})\n(.*?)^```"
    return re.findall(pattern, (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_page_of_the_catalogue_shows_it_as_it_is():
    assert code_blocks("docs/catalogue.md", "mermaid") == [mermaid(Snapshot(1, shipped())) + "\n"]


def test_both_readmes_show_the_same():
    assert code_blocks("README.md") == code_blocks("README.zh.md")


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=lambda p: p.name
)
def test_every_link_of_a_page_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_event_is_emitted_somewhere():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "hub").rglob("*.py")]
    assert [event.name for event in observe.Event if not any(f"Event.{event.name}" in text for text in sources)] == []


def test_what_the_packages_below_log_becomes_an_event():
    logging = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for package in ("auth", "catalogue", "connectors")
        for path in (ROOT / package).rglob("*.py")
        if "getLogger(__name__)" in path.read_text(encoding="utf-8")
    ]
    assert set(logging) == set(observe.BELOW)
