"""The reference pages are compared with the code: keys, rules, options, figures, scopes, commands; their examples run."""

import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import click
import pytest
from graphql import parse, validate

from auth.bearer import Principal
from auth.decide import decide, entry_of
from auth.grant_file import grants_from_toml
from auth.grants import activate
from auth.ports import Access, Client
from auth.purpose import parse_purpose
from auth.scopes import RESOURCE_SCOPES, SCOPES
from auth.stores.sqlite_audit import Pace
from catalogue import check, descriptor, lint, where
from catalogue.base import shipped
from catalogue.descriptor import Text, read
from catalogue.model import (
    NOTHING,
    Canonical,
    Cycle,
    DataType,
    Identifier,
    Identity,
    Mask,
    Mode,
    SearchKind,
    SharingType,
)
from catalogue.rules import Op
from catalogue.snapshot import Snapshot
from connectors.faults import WarningCode
from connectors.files import settings as files
from connectors.limits import LIMITS
from connectors.registry import CONNECTORS
from connectors.rest import settings as rest
from connectors.soap import settings as soap
from connectors.sql import settings as sql
from hub import cli
from hub.commands.context import ExitCode
from hub.control.ports import Condition
from hub.engine.operation import GapReason, Operation
from hub.pull import quarantine
from hub.pull.report import Outcome as PullOutcome
from hub.records.model import Operation as ChangeKind
from hub.schema.build import build
from hub.services import open_services, utc_now
from hub.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def block(text, language, number=0):
    """The fenced block of that language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)[number]


def rows(text, first):
    """The rows of the table whose head begins with that cell, as lists of cells."""
    lines = iter(text.splitlines())
    found = next(line for line in lines if line.startswith(f"| {first} |"))
    width, table = found.count("|") - 1, []
    assert next(lines).startswith("|---")
    for line in lines:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line[1:].rsplit("|", 1)[0].split("|")]
        assert len(cells) == width, line
        table.append(cells)
    return table


def ticked(text):
    return re.findall(r"`([^`]+)`", text)


def column(text, first):
    """The names in the first column of that table."""
    return [ticked(cells[0])[0] for cells in rows(text, first)]


@pytest.mark.parametrize("name", ["connectors.md", "access.md", "feeds.md"])
def test_every_figure_of_a_page_is_the_codes(name):
    for what, figure, place in rows(page(name), "limit"):
        module, _, constant = ticked(place)[0].rpartition(".")
        assert getattr(import_module(module), constant) == float(figure), what


@pytest.mark.parametrize("name", ["descriptors.md", "connectors.md", "access.md", "feeds.md", "cli.md"])
def test_every_link_of_a_page_leads_to_a_file(name):
    for target in re.findall(r"\]\(([^)#:]+)\)", page(name)):
        assert (DOCS / target).is_file(), target


# docs/descriptors.md

PROBE = """
[[department]]
qqqqqq = 1
[[system]]
qqqqqq = 1
[[code_list]]
qqqqqq = 1
[[binding]]
qqqqqq = 1
columns.x.qqqqqq = 1
[[resource]]
name = "r"
qqqqqq = 1
classification.qqqqqq = 1
sharing.qqqqqq = 1
items.x.qqqqqq = 1
items.x.variants = [{ qqqqqq = 1 }]
subjects.x.qqqqqq = 1
subjects.x.kinds.y.qqqqqq = 1
moments.x.qqqqqq = 1
visibility.x.qqqqqq = 1
links.x.qqqqqq = 1
links.x.inverse.qqqqqq = 1
form.qqqqqq = 1
"""
PLACES = {
    "department": "[[department]]",
    "system": "[[system]]",
    "code_list": "[[code_list]]",
    "binding": "[[binding]]",
    "columns.x": "columns.ITEM",
    "resource": "[[resource]]",
    "classification.0": "classification",
    "sharing": "sharing",
    "items.x": "items.NAME",
    "variants.0": "variants",
    "subjects.x": "subjects.ITEM",
    "kinds.y": "kinds.VALUE",
    "moments.x": "moments.NAME",
    "visibility.x": "visibility.NAME",
    "links.x": "links.NAME",
    "inverse": "inverse",
    "form": "form",
}


def keys_in_code():
    """Every table's keys, as the fault of an unknown key names them, and the required ones, as they are missed."""
    faults = read([Text("probe", PROBE)], NOTHING).faults
    known, missed = {}, {}
    for fault in faults:
        place, _, key = fault.place.rpartition(".")
        here = re.sub(r"\.(number 1|r)$", "", place)
        where_ = next((name for step, name in PLACES.items() if f".{here}".endswith(f".{step}")), None)
        if fault.rule == "unknown-key" and key == "qqqqqq":
            assert where_, str(fault)
            known[where_] = set(fault.message.partition("known are ")[2].split(", "))
        elif fault.rule in ("missing-key", "sharing-missing"):
            missed.setdefault(where_, set()).add(key)
    return known, missed


def test_the_keys_of_descriptors_are_those_that_the_code_reads():
    known, missed = keys_in_code()
    told = {ticked(cells[0])[0]: cells[1:] for cells in rows(page("descriptors.md"), "table")}
    assert {name: set(ticked(" ".join(cells))) for name, cells in told.items()} == known
    for name, required in missed.items():
        assert required <= set(ticked(told[name][0])), name
    for name, (required, _) in told.items():
        assert set(ticked(required)) - missed.get(name, set()) <= LATER.get(name, set()), name


#: Required, yet not missed by reading: `catalogue.check` or a rule of their own asks for them, or the probe has them.
LATER = {
    "[[resource]]": {"items", "key", "name", "sharing"},
    "subjects.ITEM": {"kind", "discriminator", "kinds"},
    "links.NAME": {"inverse"},
    "[[binding]]": {"columns"},
    "columns.ITEM": {"source", "constant"},
}


def test_every_rule_of_descriptors_is_on_its_page_and_no_other():
    text = re.sub(r"```.*?```|`[^`]*`", "", page("descriptors.md"), flags=re.DOTALL)
    prose = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    assert set(re.findall(r"\[([a-z]+(?:-[a-z]+)*)\](?!\()", prose)) == {
        *descriptor.RULES,
        *where.RULES,
        *check.RULES,
    }


def test_the_lint_rules_are_listed_with_their_severity():
    advice = page("descriptors.md").partition("## Advice")[2]
    for severity, start in (("error", "Errors: "), ("warning", "Warnings: ")):
        told = ticked(next(part for part in advice.split("\n\n") if part.startswith(start)).replace("`/`", ""))
        assert told == [name for name, (kind, _) in lint.RULES.items() if kind == severity]


@pytest.mark.parametrize(
    "words", [SharingType, Cycle, Mask, Canonical, SearchKind, Identifier, Mode, Identity, Op, DataType]
)
def test_every_word_that_a_descriptor_may_use_is_on_its_page(words):
    said = set(re.findall(r"[A-Za-z0-9_+]+", page("descriptors.md")))
    assert {word.value for word in words} <= said


@pytest.fixture
def elevators(tmp_path, monkeypatch, capsys):
    """The commands of the page's example, run in a store of its own; the store's settings and what was printed."""
    store = f"sqlite:///{tmp_path}"
    monkeypatch.chdir(DOCS.parent)
    monkeypatch.setenv("HUB_CATALOGUE", store)
    monkeypatch.setenv("HUB_RECORDS", store)
    for line in block(page("descriptors.md"), "sh").splitlines():
        program, *words = line.split()
        if program == "export":
            monkeypatch.setenv(*words[0].split("="))
        else:
            assert (program, cli.run(words)) == ("hub", ExitCode.FINE), capsys.readouterr()
    return Settings(catalogue=store, records=store), capsys.readouterr().out


async def answer_of(services, document):
    scopes = frozenset({"elevator:read"})
    await services.stores.access.save_client(Client("reader", "试用", "11350000003600335A", scopes, ()))
    await services.publication.confirm()
    principal = Principal("reader", "11350000003600335A", scopes, "t", utc_now().replace(year=2099))
    return await services.engine.answer(Operation(document, None, {}, principal, None, "reference"))


def test_the_example_of_descriptors_needs_no_advice():
    known = shipped()
    entries = check.accept(descriptor.read_files([DOCS / "examples/elevators/elevators.toml"], known), known)
    assert lint.lint(entries, known) == ()


async def test_the_example_of_descriptors_is_published_pulled_and_asked(elevators):
    settings, printed = elevators
    assert "read 5: 4 created" in printed
    assert "1 quarantined" in printed
    async with open_services(settings) as services:
        shown = await answer_of(
            services,
            """{
            elevators(orderBy: [{ number: ASC }]) { totalCount nodes {
                number ratedLoad ownerCode phone state { code name } inspectBy provenance { warnings { item code } } } }
            late: elevators(where: { overdue: true }) { nodes { number } }
        }""",
        )
    first, second, third = shown.data["elevators"]["nodes"]
    assert shown.data["elevators"]["totalCount"] == 3
    assert (first["ratedLoad"], first["inspectBy"], first["state"]["name"]) == ("1000.0", "2020-01-31", "在用")
    assert (first["ownerCode"], second["ownerCode"]) == ("91350100M000100Y43", None)
    assert (second["ratedLoad"], third["ratedLoad"]) == ("800.0", None)
    assert {"item": "rated_load", "code": "not_matched"} in third["provenance"]["warnings"]
    assert [node["number"] for node in shown.data["late"]["nodes"]] == ["梯11A0001"]
    assert {error["extensions"]["field"] for error in shown.errors} == {
        "elevators.nodes.ownerCode",
        "elevators.nodes.phone",
    }


# docs/connectors.md


def test_the_connectors_and_their_options_are_those_of_the_code():
    text = page("connectors.md")
    parts = {
        name: text.partition(f"## `{name}`: ")[2].partition("\n## ")[0] for name in re.findall(r"## `(\w+)`: ", text)
    }
    assert parts.keys() == CONNECTORS.keys()
    for name, known in (("files", files.OPTIONS), ("rest", rest.OPTIONS), ("soap", soap.OPTIONS), ("sql", sql.OPTIONS)):
        told = column(parts[name], "option")
        assert len(told) == len(set(told))
        assert set(told) == known
    said = {cells[0].strip("`"): cells[1] for cells in rows(parts["files"], "option")}
    assert set(re.findall(r"\.\w+", said["format"])) == files.FORMATS.keys()
    assert set(re.split(r", | or ", said["encoding"].partition(";")[0])) == files.ENCODINGS


def test_the_limits_of_every_system_are_those_of_the_code_and_no_connectors_own():
    limits = page("connectors.md").partition("## Limits of every system")[2].partition("\n## ")[0]
    assert {ticked(name)[0]: float(default) for name, _, default in rows(limits, "option")} == LIMITS
    for kind in CONNECTORS:
        assert not import_module(f"connectors.{kind}.settings").OPTIONS & LIMITS.keys()
    assert column(page("connectors.md"), "condition") == list(Condition)


def test_the_reasons_of_a_quarantine_and_the_ends_of_a_pull_are_those_of_the_code():
    reasons = {value for name, value in vars(quarantine).items() if name.isupper() and isinstance(value, str)}
    assert set(column(page("connectors.md"), "reason")) == reasons
    assert column(page("connectors.md"), "outcome") == list(PullOutcome)


def test_the_warnings_are_those_of_the_code_with_their_sentences():
    told = {ticked(code)[0]: sentence for code, sentence in rows(page("connectors.md"), "code")}
    assert told == {code.value: code.sentence for code in WarningCode}


# docs/access.md

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_the_scopes_are_those_of_the_code_with_their_sentences():
    told = {ticked(scope)[0]: sentence for scope, sentence, _ in rows(page("access.md"), "scope")}
    assert told == {**SCOPES, **{f"RESOURCE:{verb}": sentence for verb, sentence in RESOURCE_SCOPES.items()}}


def test_the_scopes_that_open_something_are_those_that_the_hub_asks_for():
    asked = {scope.strip("`") for scope, _, by in rows(page("access.md"), "scope") if by}
    sources = [
        path.read_text(encoding="utf-8") for part in ("auth", "hub") for path in (DOCS.parent / part).rglob("*.py")
    ]
    scopes = "\n".join(sources).replace((DOCS.parent / "auth/scopes.py").read_text(encoding="utf-8"), "")
    assert asked - {"RESOURCE:read"} == {scope for scope in SCOPES if f'"{scope}"' in scopes}
    assert 'f"{name}:write"' not in scopes


@pytest.fixture(scope="module")
def published():
    return Snapshot(1, shipped())


def test_the_grant_of_the_page_decides_as_the_page_says(published):
    text = page("access.md")
    (grant,) = [activate(asked) for asked in grants_from_toml(block(text, "toml"), "access.md", published)]
    client = Client("bidding", "试用", "11350000003590771U", frozenset({"legal_person:read"}), ())
    access = Access(1, {client.id: client}, {grant.id: grant})
    principal = Principal(client.id, client.department, client.scopes, "t", NOW)
    purpose = parse_purpose(re.search(r"Hub-Purpose: ([^']+)'", text)[1])
    assert (purpose.code, purpose.case, purpose.operator) == ("qualification", "2026-0042", "林晓")
    entry = entry_of(published, "legal_person")
    decisions = [decide(principal, declared, entry, access, NOW) for declared in (purpose, None)]
    for cell, *outcomes in rows(text, "item"):
        name, value = ticked(cell)[0], (re.findall(r"is (\d+)", cell) or [None])[0]
        for decision, told in zip(decisions, outcomes, strict=True):
            item = decision.item(name).for_value(value)
            assert " ".join(filter(None, (item.outcome, item.reason and item.reason.code))) == told, name
    assert [decision.quota for decision in decisions] == [10_000, None]


def test_the_pace_of_checkpoints_is_the_codes():
    assert f"every {Pace().entries:,} entries and {Pace().seconds:g} seconds" in page("access.md")


@pytest.mark.parametrize("name", ["access.md", "feeds.md"])
def test_every_question_of_a_page_fits_the_shipped_catalogue(name):
    core = build(Snapshot(1, shipped())).core
    assert validate(core, parse(block(page(name), "graphql"))) == []


# docs/feeds.md (its program runs in tests/walks/test_feeds_page.py)


def test_the_operations_reasons_and_arguments_of_feeds_are_those_of_the_code():
    text = page("feeds.md")
    assert column(text, "operation") == list(ChangeKind)
    assert column(text, "reason") == list(GapReason)
    sdl = (DOCS.parent / "schema.graphql").read_text(encoding="utf-8")
    subscription = re.search(r"  licenceChanges\((.*?)\): ", sdl, re.DOTALL)[1]
    told = re.search(r"`RESOURCEChanges\((.*?)\)`", text)[1].split(", ")
    assert set(re.findall(r"(\w+): ", subscription)) == set(told)


def test_the_events_of_feeds_have_the_fields_of_the_schema():
    sdl = (DOCS.parent / "schema.graphql").read_text(encoding="utf-8")
    for name, fields, _ in rows(page("feeds.md"), "event"):
        body = re.search(rf"\ntype {name.strip('`').replace('RESOURCE', 'Licence')}\b.*?{{(.*?)\n}}", sdl, re.DOTALL)[1]
        assert re.findall(r"\n  (\w+):", body) == ticked(fields), name


def test_the_close_codes_of_feeds_are_those_of_the_code():
    source = (DOCS.parent / "hub/api/websocket.py").read_text(encoding="utf-8").partition("class Session")[2]
    told = {code for code, _ in rows(page("feeds.md"), "close code")}
    assert told == set(re.findall(r"\b(1001|1013|44\d\d)\b", source))


# docs/cli.md


def commands(command, path=("hub",)):
    """Every command that does something, by its words, and the group that stands before them all."""
    if not isinstance(command, click.Group) or len(path) == 1:
        yield " ".join(path), command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))


def usage(words, command):
    """The words of a command with its arguments, as the page writes them."""
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    return " ".join(
        [words, *(argument.make_metavar(click.Context(command)).replace("...", "…") for argument in arguments)]
    )


def options(command):
    return {name for p in command.params if isinstance(p, click.Option) for name in p.opts}


def test_every_command_and_option_is_on_the_page_and_no_other():
    told = {ticked(words)[0]: said for words, said, _ in rows(page("cli.md"), "command")}
    known = {usage(words, command): command for words, command in commands(cli.hub)}
    assert told.keys() == known.keys()
    for words, command in known.items():
        said = {text.split()[0]: rest for text, rest in re.findall(r"`(--[^`]+)`([^`]*)", told[words])}
        assert said.keys() == options(command), words
        required = {p.opts[0] for p in command.params if isinstance(p, click.Option) and p.required}
        assert {name for name, rest in said.items() if "required" in rest} == required, words
        repeatable = {p.opts[0] for p in command.params if isinstance(p, click.Option) and p.multiple}
        assert {name for name, rest in said.items() if "repeatable" in rest} == repeatable, words


def test_the_exit_codes_are_those_of_the_code():
    assert {int(code) for code, *_ in rows(page("cli.md"), "code")} == {*ExitCode, cli.INTERRUPTED}


def test_wrong_usage_ends_with_the_pages_code_and_line(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["catalogue", "show"]) == ExitCode.WRONG
    assert capsys.readouterr().err.startswith("hub: ")
