"""The cast's stories hold as `cast.toml` tells them, and nobody else of the world plays in them."""

import hashlib
from datetime import timedelta

from catalogue.identifiers import credit_code
from hub.demo.world import World
from hub.demo.world.frame import CAST_ROOM

IN_EXISTENCE, REVOKED, CANCELLED = "1", "2", "3"


def by(records, item):
    found = {}
    for one in records:
        found.setdefault(getattr(one, item), []).append(one)
    return found


def test_the_applicant_represents_three_companies_one_in_existence_one_revoked_one_cancelled(world, today):
    represented = by(world.legal_persons, "legal_rep_id")[world.cast.stories.applicant]
    assert [one.status for one in represented] == [IN_EXISTENCE, REVOKED, CANCELLED]
    assert [(today - one.status_on).days for one in represented[1:]] == [400, 1826]
    records = by(world.credit_records, "subject_code")[represented[0].uscc]
    assert [(one.kind, one.severity, one.state) for one in records] == [("10", "3", "1"), ("02", "2", "4")]
    assert all(one.publicity_to > today for one in records)
    assert {one.id_number for one in world.persons} >= {world.cast.stories.applicant}


def test_some_papers_for_opening_a_company_are_spared_and_some_remain(world):
    (matter,) = (one for one in world.matters if one.name == "公司设立登记")
    papers = by(world.materials, "matter_code")[matter.matter_code]
    assert [one.name for one in papers if one.replaced_by is None] == ["住所使用证明", "公司章程"]
    assert [one.licence_type_code for one in papers if one.licence_type_code] == ["SPJY"]
    assert any(one.filled_from is None for one in by(world.form_fields, "matter_code")[matter.matter_code])


def test_of_thirty_bidders_twenty_six_are_sound(world):
    stories, companies = world.cast.stories, {one.uscc: one for one in world.legal_persons}
    bidders = [companies.get(code) for code in stories.bidders]
    assert len(bidders) == 30
    assert [one is None for one in bidders].index(True) == 29
    sound = [one for one in bidders[:29] if one.status == IN_EXISTENCE and credit_code(one.uscc).valid]
    assert sound == bidders[:26]
    assert (bidders[26].status, bidders[27].status) == (CANCELLED, REVOKED)
    assert max(one.status_on for one in bidders[26:28]) < stories.bid_on
    assert (credit_code(bidders[28].uscc).valid, credit_code(stories.bidders[29]).valid) == (False, True)


def test_two_bidders_have_one_representative_and_two_one_address(world):
    companies = {one.uscc: one for one in world.legal_persons}
    bidders = [companies[code] for code in world.cast.stories.bidders[:29]]
    for item, expected in (("legal_rep_id", (12, 20)), ("address", (6, 14))):
        shared = [group for group in by(bidders, item).values() if len(group) > 1]
        assert shared == [[bidders[number - 1] for number in expected]]


def test_serious_penalties_of_bidders_are_in_force_disputed_repaired_revoked_or_old(world, today):
    records = by(world.credit_records, "subject_code")
    serious = [
        (number, one.state, (today - one.decided_on).days)
        for number, code in enumerate(world.cast.stories.bidders, 1)
        for one in records.get(code, ())
        if one.severity == "3"
    ]
    assert serious == [(7, "1", 310), (8, "2", 150), (9, "4", 500), (10, "3", 400), (11, "1", 1150)]


def test_twelve_bidders_hold_a_qualification_eleven_on_the_bids_day(world):
    stories, held = world.cast.stories, by(world.licences, "holder_code")
    mine = [one for code in stories.bidders for one in held.get(code, ()) if one.kind == "3"]
    assert {one.type_code for one in mine} == {"JZQY"}
    assert [one.valid_to > stories.bid_on for one in mine] == [number != 4 for number in range(1, 13)]


def test_the_household_is_head_spouse_with_a_shop_and_a_case_and_child(world, today):
    head, spouse, child = by(world.persons, "household_no")[world.cast.stories.household_no]
    assert [one.head_relation for one in (head, spouse, child)] == ["02", "10", "20"]
    assert {one.life_status for one in (head, spouse, child)} == {"1"}
    assert (head.marital_status, (today - child.birth_date).days < 18 * 365) == ("20", True)
    (shop,) = by(world.legal_persons, "legal_rep_id")[spouse.id_number]
    assert shop.status == IN_EXISTENCE
    assert [one.status for one in by(world.licences, "holder_code")[head.id_number]] == ["01"]
    assert [one.state for one in by(world.processes, "applicant_code")[spouse.id_number]] == ["03"]
    assert child.id_number not in by(world.processes, "applicant_code")


def test_licences_of_the_issuer_expire_as_told(world, today):
    stories, companies = world.cast.stories, {one.uscc: one for one in world.legal_persons}
    mine = [one for one in world.licences if one.issuer_code == stories.expiring_issuer]
    assert {one.type_code for one in mine} == {stories.expiring_type}
    expiring = [one for one in mine if one.valid_to and one.valid_to - timedelta(days=30) <= today < one.valid_to]
    alone = [one for one in expiring if one.status == "01" and companies[one.holder_code].status == IN_EXISTENCE]
    uses = {one.licence_id: one.process_no for one in world.submitted_materials if one.licence_id}
    cases = {one.process_no: one for one in world.processes}
    (renewing,) = [one for one in alone if one.licence_id in uses]
    assert cases[uses[renewing.licence_id]].state == "03"
    assert len(alone) - 1 == 24
    assert [one for one in mine if one.valid_to == today + timedelta(days=31)] != []
    assert sum(one.valid_to is None for one in mine) == 1
    (new,) = [one for one in mine if one.previous_id]
    (old,) = [one for one in mine if one.licence_id == new.previous_id]
    assert (old.status, new.status, old in expiring) == ("05", "01", True)
    assert [one for one in expiring if companies[one.holder_code].status == CANCELLED] != []


def test_three_carriers_hold_road_transport_licences_in_force(world):
    held = by(world.licences, "holder_code")
    assert [[(one.type_code, one.status) for one in held[code]] for code in world.cast.stories.carriers] == [
        [("DLYS", "01")]
    ] * 3
    assert not by(world.credit_records, "subject_code").keys() & set(world.cast.stories.carriers)


def test_the_cast_stands_first_and_nobody_else_plays_in_its_stories(world, today):
    cast, other = world.cast, World(1, today, 0.02)
    for name in ("persons", "legal_persons", "licences", "credit_records", "processes"):
        mine = getattr(cast, name)
        assert tuple(getattr(world, name)[: len(mine)]) == mine
    assert [one.uscc for one in other.cast.legal_persons] == [one.uscc for one in cast.legal_persons]
    assert len(cast.legal_persons) <= CAST_ROOM
    cast_of = {one.uscc for one in cast.legal_persons} | {one.id_number for one in cast.persons}
    others = (
        *world.licences[len(cast.licences) :], *world.credit_records[len(cast.credit_records) :],
        *world.processes[len(cast.processes) :],
    )  # fmt: skip
    subject = {"licence_id": "holder_code", "record_id": "subject_code", "process_no": "applicant_code"}
    found = {getattr(one, next(item for key, item in subject.items() if hasattr(one, key))) for one in others}
    assert found & cast_of == set()


def test_every_licence_of_the_cast_has_a_file_that_its_digest_names(world):
    files = world.cast.files
    assert {one.file_digest for one in world.cast.licences} == files.keys()
    for name, content in files.items():
        assert name == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert content.startswith(b"%PDF-1.4\n")
        assert content.endswith(b"%%EOF\n")
        assert len(content) < 4000
