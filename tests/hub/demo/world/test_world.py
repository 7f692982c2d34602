"""The demo's world fits together, follows from its seed, and a small one is the beginning of a large one."""

from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.base import shipped
from catalogue.canonical import canonical
from catalogue.identifiers import citizen_number, credit_code, project_code
from hub.demo.world import World
from hub.demo.world.companies import SINGLE
from hub.demo.world.divisions import GONE
from hub.demo.world.frame import NEAR

#: The world's lists by the resources that they are of.
LISTS = {
    "person": "persons", "legal_person": "legal_persons", "credit_record": "credit_records", "licence": "licences",
    "matter": "matters", "flow_step": "flow_steps", "situation": "situations", "material": "materials",
    "form_field": "form_fields", "result_type": "result_types", "process": "processes",
    "process_step": "process_steps", "submitted_material": "submitted_materials", "geo_place": "geo_places",
    "economic_indicator": "economic_indicators",
}  # fmt: skip
#: Items that move with today, or with what today has made of a record.
DATED = (
    "_on",
    "_at",
    "_by",
    "_to",
    "valid_from",
    "period",
    "document_no",
    "record_id",
    "status",
    "number",
    "digest",
    "death_date",
)


def records(world, resource):
    return getattr(world, LISTS[resource])


def values(records, item):
    return {getattr(record, item) for record in records if getattr(record, item) is not None}


def test_scale_1_is_the_size_that_is_promised(today):
    world = World(1, today, 1)
    assert (world.size, len(world.geo_places), len(world.economic_indicators)) == (10_000, 1824, 2000)
    assert len(world.matters) == 300


def test_a_small_world_holds_two_persons_four_records_five_licences_and_three_cases_for_every_legal_person(world):
    assert [len(records(world, one)) for one in ("person", "credit_record", "licence", "process")] == [
        1000, 2000, 2500, 1500,
    ]  # fmt: skip
    assert len(world.process_steps) == 3000
    assert 1500 <= len(world.submitted_materials) <= 3000


@pytest.mark.parametrize("resource", LISTS)
def test_records_have_the_items_of_their_resource(world, resource):
    entry = next(one for one in shipped().resources.values() if one.name == resource)
    made = records(world, resource)[-1]
    assert [item.name for item in entry.items if not hasattr(made, item.name)] == []


@pytest.mark.parametrize("resource", LISTS)
def test_every_key_stands_once(world, resource):
    entry = shipped().resources[resource]
    for unique in (entry.key, *entry.unique):
        keys = Counter(tuple(getattr(one, item) for item in unique) for one in records(world, resource))
        assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("resource", LISTS)
def test_every_coded_value_is_of_the_shipped_list(world, resource):
    catalogue = shipped()
    for item in catalogue.resources[resource].items:
        if item.code_list is not None:
            codes = catalogue.code_lists[item.code_list].codes
            found = {canonical(item.canonical, code) for code in values(records(world, resource), item.name)}
            assert found - codes.keys() == set(), item.name


@pytest.mark.parametrize("resource", LISTS)
def test_no_value_is_longer_than_its_item(world, resource):
    for item in shipped().resources[resource].items:
        if item.length is not None and item.type.value == "C":
            assert max(map(len, map(str, values(records(world, resource), item.name))), default=0) <= item.length


def test_every_number_is_valid_but_that_of_the_one_bidder(world):
    wrong = [one.uscc for one in world.legal_persons if not credit_code(one.uscc).valid]
    assert wrong == [world.cast.stories.bidders[28]]
    assert [one for one in world.persons if not citizen_number(one.id_number).valid] == []
    assert [one for one in values(world.processes, "project_code") if not project_code(one).valid] == []
    for items in (values(world.matters, "department_code"), values(world.licences, "issuer_code")):
        assert [code for code in items if not credit_code(code).valid] == []


def test_every_subject_is_a_person_or_legal_person_of_the_world(world):
    known = {one.uscc: one.name for one in world.legal_persons} | {one.id_number: one.name for one in world.persons}
    for one in world.legal_persons:
        assert known[one.legal_rep_id] == one.legal_rep_name
    for one in world.licences:
        assert known[one.holder_code] == one.holder_name
    for one in world.credit_records:
        assert known[one.subject_code] == one.subject_name
    for one in world.processes:
        assert known[one.applicant_code] == one.applicant_name


def test_everything_that_a_record_names_is_there(world):
    cases, licences, matters, papers = (
        {getattr(one, key): one for one in records(world, resource)}
        for resource, key in (
            ("process", "process_no"), ("licence", "licence_id"), ("matter", "matter_code"), ("material", "material_code"),
        )
    )  # fmt: skip
    assert values(world.processes, "matter_code") <= matters.keys()
    assert values(world.processes, "parent_no") | values(world.licences, "process_no") <= cases.keys()
    assert values(world.process_steps, "process_no") == cases.keys() == values(world.submitted_materials, "process_no")
    assert values(world.processes, "result_licence") | values(world.licences, "previous_id") <= licences.keys()
    for used in world.submitted_materials:
        assert papers[used.material_code].matter_code == cases[used.process_no].matter_code
        if used.licence_id:
            assert licences[used.licence_id].holder_code == cases[used.process_no].applicant_code
    for one in (*world.materials, *world.flow_steps, *world.form_fields, *world.situations, *world.result_types):
        assert one.matter_code in matters


def test_a_case_and_the_licence_that_it_issued_name_each_other(world):
    licences = {one.licence_id: one for one in world.licences}
    issued = [one for one in world.processes if one.result_licence]
    assert len(issued) > 400
    for case in issued:
        licence = licences[case.result_licence]
        assert (licence.process_no, licence.holder_code) == (case.process_no, case.applicant_code)
        assert case.finished_at.date() == licence.issued_on
    assert len(values(world.licences, "process_no")) == len(issued)


def test_shared_items_that_spare_a_paper_or_fill_a_field_exist(world):
    resources = shipped().resources
    named = values(world.materials, "replaced_by") | values(world.form_fields, "filled_from")
    assert len(named) > 8
    for resource, _, item in (name.partition(".") for name in named):
        assert item in {one.name for one in resources[resource].items}


def test_places_lie_in_each_other_and_hold_the_companies_addresses(world):
    places = {one.place_code: one for one in world.geo_places}
    assert values(world.geo_places, "parent_code") <= places.keys()
    assert values(world.legal_persons, "address") <= values(world.geo_places, "full_address")
    assert not any(GONE in one.full_address for one in world.geo_places)
    assert all(len(one.parcel_code) == 28 for one in world.geo_places if one.parcel_code)


def test_the_newest_figures_of_every_kind_are_not_released_yet(world, today):
    waiting = [one for one in world.economic_indicators if one.released_at.date() > today]
    assert values(waiting, "indicator_code") == values(world.economic_indicators, "indicator_code")
    assert any(one.released_at.date() <= today for one in world.economic_indicators)


def test_dates_are_in_order(world, today):
    for one in world.legal_persons:
        assert one.established_on <= one.status_on <= today
    for case in world.processes:
        assert case.accepted_at <= case.promised_by
        assert case.finished_at is None or case.accepted_at <= case.finished_at
    for record in world.credit_records:
        assert record.decided_on <= (record.repaired_on or record.decided_on) <= today


def test_individual_businesses_and_people_as_holders_are_a_part_of_the_world(world):
    single = [one.subject_kind == SINGLE for one in world.legal_persons]
    assert 0.1 < sum(single) / len(single) < 0.3
    personal = [one.holder_kind == "111" for one in world.licences]
    assert 0.05 < sum(personal) / len(personal) < 0.15


def test_members_of_a_household_live_together(world):
    homes = {}
    for person in world.persons:
        homes.setdefault(person.household_no, []).append(person)
    assert max(map(len, homes.values())) == 3
    for members in homes.values():
        assert len({one.household_address for one in members}) == 1
        assert sum(one.head_relation == "02" for one in members) == 1


@cache
def made(today, days, scale):
    return World(7, today - timedelta(days=days), scale)


@settings(max_examples=5, deadline=None)
@given(st.sampled_from([0.011, 0.013, 0.015]), st.sampled_from([0, 40, 400]))
def test_a_small_world_is_the_beginning_of_a_large_one_on_any_day(today, scale, days):
    small, large = made(today, days, scale), made(today, 0, 0.016)
    for resource in LISTS:
        if resource == "economic_indicator":
            continue
        for one, same in zip(records(small, resource), records(large, resource), strict=False):
            assert _undated(one) == _undated(same)


def _undated(record):
    return {item: value for item, value in asdict(record).items() if not item.endswith(DATED)}


def test_the_same_seed_and_place_give_the_same_record(today, world):
    again = World(20261122, today, 0.5)
    assert again.licence(2000) == world.licences[2000]
    assert World(1, today, 0.05).licence(2000) != world.licences[2000]
    assert again.legal_person(400 + NEAR) == world.legal_persons[400 + NEAR]
