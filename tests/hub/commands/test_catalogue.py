"""`hub catalogue …`: what is published, and how it gets there; every fault a line, findings apart from faults."""

import tomllib

import pytest

from catalogue.base import shipped
from catalogue.snapshot import Snapshot
from hub.commands.drawing import mermaid

RESOURCE = """
[[resource]]
name = "elevator"
plural = "elevators"
title = "{title}"
code = "{code}"
provider = "11350000003590122P"
classification = {{ scheme = "theme", code = "307001", primary = true }}
abstract = "使用登记的电梯"
format = "电子表格"
open_attribute = "不开放"
cycle = "daily"
published_on = 2026-03-01
key = ["number"]
sharing = {{ type = "unconditional", method = "文件" }}
items.number = {{ title = "登记编号", type = "C20", sharing = "unconditional", level = 1 }}
"""
BROKEN = """
[[resource]]
name = "elevator"
colour = "red"
key = ["number"]
items.number = { title = "登记编号", type = "Q9", level = 9 }

[[binding]]
name = "nobody"
resource = "escalator"
system = "nowhere"
columns.number = "no"
"""


@pytest.fixture
def elevator(tmp_path):
    """Writes a descriptor of a resource; its path."""

    def write(title="电梯", code="307001/000001"):
        path = tmp_path / "elevator.toml"
        path.write_text(RESOURCE.format(title=title, code=code), encoding="utf-8")
        return path

    return write


def test_list_shows_every_resource_with_title_provider_and_bindings(bound):
    listed = [line.split("\t") for line in bound("catalogue", "list").out]
    assert [name for name, *_ in listed] == sorted(shipped().resources)
    assert [fed for name, *_, fed in listed if name == "matter"] == ["1"]
    assert {fed for name, *_, fed in listed if name != "matter"} == {"0"}


@pytest.mark.parametrize("name", ["matter", "hall_matter", "hall", "11350000003590122P", min(shipped().code_lists)])
def test_show_prints_an_entry_as_its_descriptor(bound, name):
    shown = bound("catalogue", "show", name)
    assert shown.code == 0
    ((entry,),) = tomllib.loads("\n".join(shown.out)).values()
    assert name in (entry.get("name"), entry.get("code"))


def test_what_is_not_published_cannot_be_shown(hub):
    unknown = hub("catalogue", "show", "elevator")
    assert (unknown.code, unknown.err) == (2, ["hub: nothing called elevator is published"])


def test_what_is_added_is_published_in_its_authors_name_and_again_is_nothing_new(hub, elevator, evidence):
    added = hub("catalogue", "add", elevator(), "--by", "林晓")
    assert (added.code, added.out) == (0, ["published as version 2"])
    assert "type Elevator implements" in "\n".join(hub("schema").out)
    entry = evidence()[-1]
    assert (entry["operation"], entry["operator"]) == ("catalogue published", "林晓")
    assert entry["detail"] == {"resources": "elevator"}
    assert hub("catalogue", "add", elevator()).out == ["nothing is new: version 2 stands"]


@pytest.fixture
def broken(tmp_path):
    """A file with several faults."""
    path = tmp_path / "broken.toml"
    path.write_text(BROKEN, encoding="utf-8")
    return path


def test_every_fault_of_every_file_is_a_line_and_nothing_is_published(hub, broken, tmp_path):
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    refused = hub("catalogue", "add", broken, tmp_path / "bytes.toml")
    assert (refused.code, refused.out) == (2, [])
    assert [line for line in refused.err if not line.startswith(("hub: broken.toml: ", "hub: bytes.toml: "))] == []
    for place in (
        "colour",
        "items.number.type",
        "items.number.level",
        "items.number.sharing",
        "binding.nobody",
        "bytes.toml",
    ):
        assert [line for line in refused.err if place in line], place
    assert hub("catalogue", "show", "elevator").code == 2


@pytest.mark.parametrize("command", ["add", "lint"])
def test_a_file_that_is_not_there_is_named(hub, command):
    missing = hub("catalogue", command, "nowhere.toml")
    assert missing.code == 2
    assert missing.err == ["hub: Invalid value for 'FILES...': File 'nowhere.toml' does not exist."]


def test_advice_is_printed_and_only_an_error_ends_with_1(hub, elevator, broken):
    assert hub("catalogue", "lint", elevator()).out == []
    advised = hub("catalogue", "lint", elevator(title="电梯系统"))
    assert (advised.code, len(advised.out)) == (0, 1)
    assert advised.out[0].startswith("warning: elevator: 电梯系统 names a system")
    wrong = hub("catalogue", "lint", elevator(code="３07001/000001"))
    assert wrong.code == 1
    assert [line for line in wrong.out if line.startswith("error: elevator: ")]
    assert hub("catalogue", "lint", broken).code == 2


def test_the_graph_has_a_box_for_every_resource_and_an_arrow_for_every_declared_link(hub, elevator):
    hub("catalogue", "add", elevator())
    drawn = hub("catalogue", "graph").out
    assert '    elevator["电梯<br>elevator"]' in drawn
    links = [link for resource in shipped().resources.values() for link in resource.links]
    for link in links:
        (arrow,) = [
            line for line in drawn if line.startswith(f"    {link.source} -- ") and f"--> {link.target}" in line
        ]
        assert link.name in arrow
    assert set(mermaid(Snapshot(1, shipped())).splitlines()) < set(drawn)
