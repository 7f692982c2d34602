"""Descriptors: what a file says is what is loaded, and what is loaded can be written down again."""

import tomllib
from pathlib import Path

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.check import accept
from catalogue.descriptor import DescriptorError, Text, dump, load, load_files, read
from catalogue.model import NOTHING, Canonical, DataType, Mask, SearchKind, SharingType, SubjectRef
from catalogue.rules import Compare, Either, Not, Op, Reached
from tests.catalogue import strategies

WHOLE = Path(__file__).parents[1] / "cases" / "descriptors" / "whole.toml"
PERMIT = load(WHOLE.read_text(encoding="utf-8"), "whole.toml").resources["permit"]
HEAD = """
[[resource]]
name = "a"
plural = "as"
title = "甲"
code = "1/1"
provider = "p"
abstract = "x"
format = "数据库"
sharing = "conditional"
open_attribute = "o"
cycle = "daily"
published_on = "2026-01-01"
"""


def only(catalogue):
    (entry,) = (
        *catalogue.departments.values(), *catalogue.systems.values(), *catalogue.code_lists.values(),
        *catalogue.resources.values(), *catalogue.bindings.values(),
    )  # fmt: skip
    return entry


@given(
    st.one_of(
        strategies.departments,
        strategies.systems,
        strategies.code_lists,
        strategies.bindings,
        strategies.resources(),
    )
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_down_is_read_back_the_same(entry):
    assert only(load(dump(entry), "written")) == entry


def test_a_rule_about_another_resource_is_written_and_read_with_that_resource_known():
    whole = load_files([WHOLE])
    text = dump(PERMIT, whole)
    assert load(text, "permit", whole).resources["permit"] == PERMIT
    with pytest.raises(DescriptorError, match="there is no resource company"):
        load(text, "permit", NOTHING)


def test_files_are_read_together_and_may_refer_to_each_other(tmp_path):
    text = WHOLE.read_text(encoding="utf-8")
    at = text.index('[[resource]]\nname = "permit"')
    (tmp_path / "a.toml").write_text(text[at:], encoding="utf-8")
    (tmp_path / "b.toml").write_text(text[:at], encoding="utf-8")
    assert load_files([tmp_path / "a.toml", tmp_path / "b.toml"]) == load_files([WHOLE])


def test_short_forms_say_what_they_are_short_for():
    assert (PERMIT.item("fee").type, PERMIT.item("fee").length, PERMIT.item("fee").scale) == (DataType.NUMBER, 10, 2)
    assert PERMIT.item("fee").sharing.type is SharingType.UNCONDITIONAL
    assert PERMIT.subjects[0].kinds["2"] == SubjectRef("person", "111")
    assert [(m.item, m.days) for m in PERMIT.moments] == [("valid_to", -30), ("released_at", 0)]
    assert load_files([WHOLE]).bindings["registry-permits"].columns[0].source == "ID"


def test_rules_are_typed_by_the_items_of_the_side_that_they_are_about():
    company = PERMIT.links[0]
    assert company.when == Compare("holder_kind", Op.EQ, "1")
    assert company.target_when == Compare("capital", Op.GTE, 500_000)
    assert PERMIT.visibility[0].hidden_when == Either((Not(Reached("released_at", 0)), Compare("fee", Op.GT, 9950)))


def test_a_variant_tells_how_the_rule_differs():
    (variant,) = PERMIT.item("holder_code").variants
    assert (variant.values, variant.sharing.type, variant.level, variant.mask) == (
        frozenset({"1"}), SharingType.UNCONDITIONAL, 1, None,
    )  # fmt: skip
    assert PERMIT.item("holder_code").mask is Mask.IDENTITY


CANONICAL = [
    ('key_item = { title = "t", type = "C40", sharing = "conditional" }', "key_item", Canonical.CODE),
    ('joined = { title = "t", type = "C40", sharing = "conditional" }', "joined", Canonical.CODE),
    ('who = { title = "t", type = "C40", sharing = "conditional" }', "who", Canonical.CODE),
    ('code = { title = "t", type = "C18", sharing = "conditional" }', "code", Canonical.CODE),
    ('place = { title = "t", type = "C6", sharing = "conditional", code_list = "division" }', "place", Canonical.DIVISION),
    ('name = { title = "t", type = "C40", sharing = "conditional" }', "name", None),
    ('coded = { title = "t", type = "C18", sharing = "conditional", code_list = "states" }', "coded", None),
    ('raw = { title = "t", type = "C18", sharing = "conditional", canonical = "none" }', "raw", None),
    ('number = { title = "t", type = "I", sharing = "conditional" }', "number", None),
    ('said = { title = "t", type = "C9", sharing = "conditional", canonical = "code" }', "said", Canonical.CODE),
]  # fmt: skip


@pytest.mark.parametrize(("line", "name", "form"), CANONICAL, ids=[case[1] for case in CANONICAL])
def test_keys_joins_subjects_and_codes_of_18_characters_are_canonical_unless_said_otherwise(line, name, form):
    text = f"""{HEAD}key = ["key_item", "number"]
[resource.items]
{line}
[resource.subjects]
who = "person"
[resource.links.up]
title = "上"
target = "a"
on = {{ joined = "key_item" }}
inverse = {{ name = "down", title = "下" }}
sharing = "conditional"
"""
    assert load(text, "f").resources["a"].item(name).canonical is form


def test_search_and_index_are_only_there_when_said():
    assert load_files([WHOLE]).resources["company"].item("name").search is SearchKind.TEXT
    assert PERMIT.item("number").search is None
    assert PERMIT.item("number").indexed is False


def test_a_file_that_is_missing_or_no_utf8_is_a_fault_beside_those_of_the_other_files(tmp_path):
    (tmp_path / "bytes.toml").write_bytes("名".encode("gb18030"))
    (tmp_path / "empty.toml").write_text("[[department]]\n")
    with pytest.raises(DescriptorError) as caught:
        load_files([tmp_path / "none.toml", tmp_path / "bytes.toml", tmp_path / "empty.toml"])
    assert [(fault.file, fault.rule) for fault in caught.value.faults] == [
        ("none.toml", "unreadable"),
        ("bytes.toml", "unreadable"),
        ("empty.toml", "missing-key"),
        ("empty.toml", "missing-key"),
    ]


def test_no_toml_says_line_and_column():
    with pytest.raises(DescriptorError, match=r"f\.toml: .*line 2, column 5\) \[toml\]"):
        load("[a]\nb = \n", "f.toml")


def test_a_file_nested_beyond_reason_is_a_fault():
    with pytest.raises(DescriptorError, match=r"\[toml\]"):
        load("a = " + "[" * 5000, "f")


KEYS = sorted({key for table in tomllib.loads(WHOLE.read_text("utf-8")).values() for entry in table for key in entry})
SCALARS = st.booleans() | st.integers() | st.floats() | st.dates() | st.sampled_from(["", "code", "C18", "甲", "a.b"])
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
)


@given(st.dictionaries(st.sampled_from(["department", "system", "code_list", "resource", "binding"]), ANYTHING))
@settings(max_examples=100, deadline=None)
def test_whatever_a_file_holds_reading_it_gives_entries_or_faults_and_never_breaks(values):
    try:
        accept(read([Text("f", tomlkit.dumps(values))], NOTHING))
    except DescriptorError as error:
        assert error.faults
