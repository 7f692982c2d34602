"""Broken descriptors: every case of tests/cases/descriptors/broken.toml gets exactly the faults that it names."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from catalogue import descriptor, reserved, where
from catalogue.check import RULES, accept, check
from catalogue.descriptor import DescriptorError, Text, read
from catalogue.model import NOTHING
from catalogue.names import root_fields, type_names
from catalogue.snapshot import Snapshot
from hub.schema.build import build

CASES = Path(__file__).parents[1] / "cases" / "descriptors"
WHOLE = (CASES / "whole.toml").read_text(encoding="utf-8")
BROKEN = tomllib.loads((CASES / "broken.toml").read_text(encoding="utf-8"))["case"]


def changed(case):
    text = WHOLE
    for old, new in case["change"]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def faults_of(text, known=NOTHING):
    try:
        accept(read([Text("f.toml", text)], known), known)
    except DescriptorError as error:
        return error.faults
    return ()


def test_the_catalogue_that_the_cases_change_has_no_fault():
    assert faults_of(WHOLE) == ()


@pytest.mark.parametrize("case", BROKEN, ids=[case["about"] for case in BROKEN])
def test_a_broken_descriptor_gets_exactly_its_faults_all_at_once(case):
    found = faults_of(changed(case))
    assert {f"{fault.place} {fault.rule}" for fault in found} == set(case["faults"])
    assert {fault.file for fault in found} == {"f.toml"}


def test_every_rule_is_broken_by_a_case():
    broken = {fault.split()[-1] for case in BROKEN for fault in case["faults"]}
    assert {*RULES, *descriptor.RULES, *where.RULES} - broken == {"unreadable", "column-twice", "link-items"}


def test_what_toml_cannot_say_is_checked_of_entries_that_come_another_way():
    entries = read([Text("f.toml", WHOLE)], NOTHING).sound()
    permit, binding = entries.resources["permit"], entries.bindings["registry-permits"]
    nowhere = replace(permit.links[1], on=())
    doubled = replace(binding, columns=(*binding.columns, binding.columns[0]))
    broken = entries.with_(
        replace(NOTHING, resources={"permit": replace(permit, links=(nowhere,))}, bindings={binding.name: doubled})
    )
    assert [f"{f.place} {f.rule}" for f in check(broken)] == [
        "resource.permit.links.parent.on link-items",
        "binding.registry-permits.columns.permit_id column-twice",
    ]


def test_entries_are_checked_among_what_is_known_and_faults_name_the_file_of_each():
    known = read([Text("published", WHOLE)], NOTHING).sound()
    newer = '[[code_list]]\nname = "permit_state"\ntitle = "状态"\nversion = "2"\ncodes = { A = "有效" }\n'
    (fault,) = faults_of(newer, known)
    assert (fault.file, fault.place, fault.rule) == ("", "binding.registry-permits.columns.state", "code-unknown")
    assert str(fault) == (
        "binding.registry-permits.columns.state: the code list permit_state has no code B [code-unknown]"
    )


def test_the_error_of_a_file_has_one_line_a_fault_with_file_place_and_rule():
    with pytest.raises(DescriptorError) as caught:
        accept(read([Text("f.toml", WHOLE.replace('type = "M"', 'type = "X"'))], NOTHING))
    assert str(caught.value) == (
        "f.toml: resource.permit.items.content.type: X is no data type such as C18, N18,6, D, T, I or M [data-type]"
    )


def test_every_name_that_the_schema_has_for_itself_is_reserved():
    entries = read([Text("f.toml", WHOLE)], NOTHING).sound()
    core = build(Snapshot(1, entries)).core
    generated = {name for resource in entries.resources for name in type_names(resource)}
    assert {name for name in core.type_map if not name.startswith("__")} - generated <= reserved.TYPES
    fields = {name for r in entries.resources.values() for name in root_fields(r.name, r.plural)}
    assert {*core.query_type.fields, *core.subscription_type.fields} - fields <= reserved.ROOTS
    own = {field for resource in entries.resources for field in core.type_map[resource.capitalize()].fields}
    assert {"id", "provenance"} <= own & reserved.MEMBERS
