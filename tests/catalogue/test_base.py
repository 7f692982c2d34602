"""The shipped catalogue says what the design asks of it, and stands up to our own checks."""

import re
import tomllib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from catalogue.base import shipped
from catalogue.canonical import canonical
from catalogue.check import check
from catalogue.descriptor import dump, load
from catalogue.identifiers import credit_code
from catalogue.lint import Severity, lint
from catalogue.model import Canonical, Item, Mode, Resource, SearchKind, SharingType, Variant
from catalogue.rules import SHANGHAI, holds
from catalogue.snapshot import Snapshot

SHIPPED = shipped()
SNAPSHOT = Snapshot(1, SHIPPED)
ITEMS = tomllib.loads((Path(__file__).parents[1] / "cases" / "shipped.toml").read_text(encoding="utf-8"))
LETTERS = {SharingType.UNCONDITIONAL: "U", SharingType.CONDITIONAL: "C", SharingType.DENIED: "N"}
LINKS = """
legal_person.representative person.represents
legal_person.credit_records credit_record.legal_person
person.credit_records credit_record.person
legal_person.licences licence.holder_legal_person
person.licences licence.holder_person
legal_person.processes process.applicant_legal_person
person.processes process.applicant_person
person.household person.household
process.matter matter.processes
process.steps process_step.process
process.materials submitted_material.process
submitted_material.licence licence.uses
process.result_record licence.issuing_process
process.lead_process process.parallel_processes
matter.materials material.matter
matter.flow_steps flow_step.matter
matter.situations situation.matter
matter.form_fields form_field.matter
matter.results result_type.matter
licence.previous licence.next
legal_person.division geo_place.legal_persons
economic_indicator.division geo_place.indicators
""".split("\n")[1:-1]


def said(resource: Resource, name: str) -> str:
    """The item in the notation of shipped.toml."""
    item = resource.item(name)
    flags = {
        "K": name in resource.key,
        "S": any(subject.item == name for subject in resource.subjects),
        "#": item.code_list is not None,
        "v": item.verify,
    }
    size = f"{item.type}{item.length or ''}" + (f",{item.scale}" if item.scale else "")
    words = [size, rule_of(item), *(flag for flag, stands in flags.items() if stands), item.mask or ""]
    for variant in item.variants:
        words += ["|", *sorted(variant.values), rule_of(variant), variant.mask or ""]
    return " ".join(filter(None, words))


def rule_of(rule: Item | Variant) -> str:
    return f"{LETTERS[rule.sharing.type]}{rule.level}"


def test_the_checks_find_no_fault_and_lint_no_error():
    assert check(SHIPPED) == ()
    assert [str(found) for found in lint(SHIPPED) if found.severity is Severity.ERROR] == []


def test_no_resource_is_missing_and_none_is_more():
    assert SHIPPED.resources.keys() == ITEMS.keys()


@pytest.mark.parametrize("name", ITEMS)
def test_a_resource_has_the_items_that_the_design_names_each_with_its_type_sharing_and_mask(name):
    resource = SHIPPED.resources[name]
    assert {item.name: said(resource, item.name) for item in resource.items} == ITEMS[name]


def test_every_link_of_the_design_is_there_from_both_sides_and_no_other():
    expected = {end for line in LINKS for end in line.split()}
    assert {f"{name}.{end}" for name in SHIPPED.resources for end in SNAPSHOT.links_of(name)} == expected
    for line in LINKS:
        one, other = (end.split(".") for end in line.split())
        assert SNAPSHOT.links_of(one[0])[one[1]].target == other[0]
        assert SNAPSHOT.links_of(other[0])[other[1]].target == one[0]


def test_a_column_of_several_kinds_is_linked_under_a_condition_that_covers_its_kinds_once():
    for name, discriminator in (("credit_record", "subject_kind"), ("licence", "holder_kind"), ("process", "applicant_kind")):  # fmt: skip
        resource = SHIPPED.resources[name]
        column = next(s for s in resource.subjects if s.discriminator)
        for value, ref in column.kinds.items():
            followed = {
                link.target
                for link in resource.links
                if link.on[0][0] == column.item and holds(link.when, {discriminator: value}, datetime.now(SHANGHAI))
            }
            assert followed == {ref.kind}


def test_a_natural_persons_number_or_name_is_masked_where_a_legal_persons_is_open():
    licence = SHIPPED.resources["licence"]
    for name in ("holder_code", "holder_name"):
        (variant,) = licence.item(name).variants
        assert variant.values == {"001"}
        assert variant.sharing.type is SharingType.UNCONDITIONAL
        assert licence.item(name).sharing.type is SharingType.CONDITIONAL
        assert licence.item(name).mask is not None


def test_what_is_sensitive_is_never_unconditional():
    for resource in SHIPPED.resources.values():
        for item in resource.items:
            for rule in (item, *item.variants):
                assert rule.level == 1 or rule.sharing.type is not SharingType.UNCONDITIONAL, item.name


def test_people_are_asked_for_and_never_kept():
    person = SHIPPED.resources["person"]
    assert person.mode is Mode.LIVE
    assert person.lookups == (("id_number",), ("household_no",))
    assert {name for name, r in SHIPPED.resources.items() if r.mode is Mode.LIVE} == {"person"}


@pytest.mark.parametrize(
    ("resource", "row", "when", "hidden"),
    [
        ("credit_record", {"state": "1", "publicity_to": "2026-06-30"}, "2026-06-29T23:59:59+08:00", False),
        ("credit_record", {"state": "1", "publicity_to": "2026-06-30"}, "2026-06-30T00:00:00+08:00", True),
        ("credit_record", {"state": "4", "publicity_to": None}, "2026-01-01T00:00:00+08:00", True),
        ("credit_record", {"state": "2", "publicity_to": None}, "2026-01-01T00:00:00+08:00", False),
        ("economic_indicator", {"released_at": "2026-01-17T02:00:00.000Z"}, "2026-01-17T09:59:59+08:00", True),
        ("economic_indicator", {"released_at": "2026-01-17T02:00:00.000Z"}, "2026-01-17T10:00:00+08:00", False),
        ("economic_indicator", {"released_at": None}, "2026-01-17T10:00:00+08:00", True),
    ],
)
def test_repaired_records_ended_publicity_and_embargoed_figures_are_hidden(resource, row, when, hidden):
    rules = SHIPPED.resources[resource].visibility
    assert any(holds(rule.hidden_when, row, datetime.fromisoformat(when)) for rule in rules) is hidden


def test_the_moments_of_the_design_are_there():
    moments = {(r.name, m.name): (m.item, m.days) for r in SHIPPED.resources.values() for m in r.moments}
    assert moments["licence", "expiring"] == ("valid_to", -30)
    assert moments["licence", "expired"] == ("valid_to", 0)
    assert moments["process", "overdue"] == ("promised_by", 0)
    assert moments["credit_record", "publicity_ended"] == ("publicity_to", 0)
    assert moments["economic_indicator", "released"] == ("released_at", 0)


def test_every_title_is_chinese_and_no_title_stands_twice_in_a_resource():
    for resource in SHIPPED.resources.values():
        titles = [resource.title, resource.abstract, *(m.title for m in resource.moments)]
        titles += [item.title for item in resource.items] + [v.title for v in resource.visibility]
        titles += [end.title for end in SNAPSHOT.links_of(resource.name).values()]
        assert all(re.search("[\u4e00-\u9fff]", title) for title in titles)
        assert len({item.title for item in resource.items}) == len(resource.items)


def test_code_lists_hold_the_standards_codes_in_the_form_that_their_items_are_compared_in():
    lists = SHIPPED.code_lists
    assert (len(lists["ethnicity"].codes), lists["ethnicity"].codes["56"]) == (56, "基诺族")
    assert lists["sex"].codes == {"0": "未知的性别", "1": "男性", "2": "女性", "9": "未说明的性别"}
    assert lists["currency"].codes["CNY"] == "人民币元"
    assert len([code for code in lists["division"].codes if code.endswith("0000000000")]) == 34
    assert lists["division"].codes[canonical(Canonical.DIVISION, "350100")] == "福州市"
    assert len([code for code in lists["industry"].codes if len(code) == 1]) == 20
    assert len([code for code in lists["industry"].codes if len(code) == 3]) == 97
    for item in (item for resource in SHIPPED.resources.values() for item in resource.items if item.code_list):
        codes = lists[item.code_list].codes
        assert all(canonical(item.canonical, code) == code for code in codes), item.name
        assert item.canonical is Canonical.DIVISION or all(len(code) <= item.length for code in codes), item.name


def test_every_code_list_is_used():
    used = {item.code_list for resource in SHIPPED.resources.values() for item in resource.items}
    assert SHIPPED.code_lists.keys() == used - {None}


def test_providers_are_departments_with_codes_that_hold():
    assert {r.provider for r in SHIPPED.resources.values()} == SHIPPED.departments.keys()
    assert all(credit_code(code).valid for code in SHIPPED.departments)


def test_names_titles_and_addresses_are_searched_as_text_and_numbers_as_codes():
    searched = {(r.name, item.name): item.search for r in SHIPPED.resources.values() for item in r.items if item.search}
    assert searched["legal_person", "name"] is SearchKind.TEXT
    assert searched["legal_person", "uscc"] is SearchKind.CODE
    assert searched["geo_place", "full_address"] is SearchKind.TEXT
    assert not any(resource == "person" for resource, _ in searched)


def test_a_shipped_entry_written_down_and_changed_can_stand_in_its_place():
    licence = replace(SHIPPED.resources["licence"], title="电子证照")
    newer = load(dump(licence, SHIPPED), "licence.toml", SHIPPED)
    assert newer.resources["licence"] == licence
    assert check(SHIPPED.with_(newer)) == ()
