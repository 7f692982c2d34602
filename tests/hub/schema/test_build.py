"""The schema says what CONTRACT says, for every resource, and nothing that it cannot answer."""

from dataclasses import replace

import pytest
from graphql import GraphQLNonNull, get_named_type, is_object_type, print_type
from graphql.type import is_input_object_type, is_non_null_type

from catalogue.base import shipped
from catalogue.model import Catalogue, Identity, Mode
from catalogue.names import field_name, root_fields, type_name, type_names
from catalogue.reserved import ROOTS, TYPES
from catalogue.snapshot import Snapshot
from hub.schema.build import build
from tests.hub.engine.catalogue import COMPANIES, STEPS, built, snapshot

ALL = shipped()


@pytest.fixture(scope="module")
def everything():
    return build(Snapshot(1, ALL))


def type_of(name):
    return built().core.type_map[name]


def test_every_shipped_resource_has_its_type_and_root_fields(everything):
    query, subscription = everything.core.query_type, everything.core.subscription_type
    for resource in ALL.resources.values():
        one, many, by_key, changes, *_ = root_fields(resource.name, resource.plural)
        assert is_object_type(everything.core.type_map[type_name(resource.name)])
        assert {one, by_key} <= query.fields.keys()
        assert (many in query.fields) == (resource.mode is Mode.SYNCED)
        assert (changes in subscription.fields) == (resource.mode is Mode.SYNCED)


def test_every_item_and_link_is_nullable_and_described(everything):
    for resource in ALL.resources.values():
        fields = everything.core.type_map[type_name(resource.name)].fields
        links = everything.snapshot.links_of(resource.name)
        for name in [item.name for item in resource.items] + list(links):
            made = fields[field_name(name)]
            assert not is_non_null_type(made.type)
            assert made.description
        for item in resource.items:
            assert item.title in fields[field_name(item.name)].description
            assert item.unit in fields[field_name(item.name)].description


def test_generated_type_names_are_those_that_names_are_checked_against(everything):
    allowed = {name for resource in ALL.resources for name in type_names(resource)}
    fixed = set(build(Snapshot(1, Catalogue())).core.type_map) | {
        name for name in everything.core.type_map if name.endswith("Filter")
    }
    hand_written = {"Node", "Record", "Provenance", "RecordWarning", "Coded", "File", "PageInfo", "Verification"}
    hand_written |= {"Change", "Gap", "Caughtup", "ChangeOperation", "GapReason", "FeedStart", "Direction"}
    hand_written |= {"Date", "DateTime", "Decimal", "Long"}
    assert set(everything.core.type_map) - allowed - fixed - hand_written == {"Subscription", "Float"}


def test_a_connection_is_what_the_contract_says():
    assert list(type_of("CompanyConnection").fields) == ["nodes", "edges", "pageInfo", "totalCount"]
    assert list(type_of("CompanyEdge").fields) == ["cursor", "node"]
    assert isinstance(type_of("CompanyConnection").fields["pageInfo"].type, GraphQLNonNull)
    arguments = built().core.query_type.fields["companies"].args
    assert list(arguments) == ["where", "orderBy", "search", "first", "after", "last", "before"]
    assert all(argument.default_value is not None and not argument.default for argument in arguments.values())
    assert list(type_of("Person").fields["represents"].args) == list(arguments)


def test_a_live_resource_has_lookups_and_links_only():
    query = built().core.query_type
    assert {"person", "personsByKey"} <= query.fields.keys()
    assert "persons" not in query.fields
    assert [i.name for i in type_of("Person").interfaces] == ["Record"]
    assert [i.name for i in type_of("Company").interfaces] == ["Node", "Record"]
    link = type_of("Company").fields["representative"]
    assert str(link.type) == "[Person]"
    assert link.args == {}
    assert "representative" not in type_of("CompanyWhere").fields
    assert "PersonWhere" not in built().core.type_map
    assert "personChanges" not in built().core.subscription_type.fields


def test_a_filter_offers_what_its_type_allows():
    where = type_of("LicenceWhere").fields
    offered = {
        name: list(get_named_type(field.type).fields)
        for name, field in where.items()
        if is_input_object_type(get_named_type(field.type))
    }
    order = ["lt", "lte", "gt", "gte"]
    assert offered["licenceId"] == ["eq", "ne", "in", "notIn", *order, "prefix", "contains", "isNull"]
    assert offered["typeCode"] == ["eq", "ne", "in", "notIn", "prefix", "isNull"]
    assert offered["validTo"] == ["eq", "ne", "in", "notIn", *order, "isNull"]
    assert offered["current"] == ["eq", "ne", "isNull"]
    assert offered["holder"] == ["some", "none", "every"]
    assert str(where["expiring"].type) == "Boolean"
    assert {"and", "or", "not"} <= where.keys()


def test_a_subscription_filters_by_own_items_and_moments_alone():
    assert "holder" not in type_of("LicenceChangeWhere").fields
    assert {"validTo", "expiring", "and", "or", "not"} <= type_of("LicenceChangeWhere").fields.keys()
    assert list(built().core.subscription_type.fields["licenceChanges"].args) == ["where", "after", "from"]


def test_what_may_be_verified_is_claimed_by_type_and_answered_in_three_words():
    query = built().core.query_type.fields
    arguments = {name: str(argument.type) for name, argument in query["verifyPerson"].args.items()}
    assert arguments == {"idNumber": "String!", "claims": "PersonClaims!"}
    assert str(query["verifyPersons"].type) == "[PersonVerification]"
    assert {n: str(f.type) for n, f in type_of("PersonClaims").fields.items()} == {
        "name": "String",
        "birthDate": "Date",
    }
    assert {str(f.type) for f in type_of("PersonVerification").fields.values()} == {"Verification"}
    assert list(type_of("Verification").values) == ["MATCHES", "DIFFERS", "UNKNOWN"]
    assert {"verifyCompany", "verifyCompanies"} <= query.keys()
    assert not {"verifyStep", "verifySteps"} & query.keys()  # nothing of a step may be verified


def test_a_synced_record_has_a_history_of_changes():
    made = type_of("Company").fields["history"]
    assert (str(made.type), list(made.args)) == ("[CompanyChange]", ["first"])
    assert "history" not in type_of("Person").fields


def test_scalars_follow_the_data_types():
    assert {name: str(made.type) for name, made in type_of("Licence").fields.items()} | {
        "fee": "Decimal", "pages": "Long", "score": "Float", "current": "Boolean", "issuedAt": "DateTime",
        "validTo": "Date", "typeCode": "Coded", "licenceId": "String", "id": "ID!",
    } == {name: str(made.type) for name, made in type_of("Licence").fields.items()}  # fmt: skip
    assert str(type_of("Company").fields["capital"].type) == "Decimal"
    assert str(type_of("Company").fields["staff"].type) == "Int"
    assert str(type_of("Step").fields["seq"].type) == "Long"


def test_a_key_is_required_where_there_is_one_and_optional_where_one_of_several_must_be_whole():
    query = built().core.query_type.fields
    assert {n: str(a.type) for n, a in query["step"].args.items()} == {"processNo": "String!", "seq": "Long!"}
    assert {n: str(a.type) for n, a in query["company"].args.items()} == {
        "uscc": "String",
        "name": "String",
        "division": "String",
    }
    assert "uscc: String!" in print_type(type_of("CompanyKeyInput"))


def test_events_are_a_union_and_changes_implement_change():
    assert [t.name for t in type_of("CompanyEvent").types] == ["CompanyChange", "Gap", "Caughtup"]
    assert [i.name for i in type_of("CompanyChange").interfaces] == ["Change"]
    assert list(type_of("Change").fields) == ["cursor", "operation", "key", "at", "record"]
    assert list(type_of("Gap").fields) == ["from", "to", "reason"]


def test_an_order_names_one_item_a_term():
    assert type_of("CompanyOrderBy").is_one_of
    assert "scope" not in type_of("CompanyOrderBy").fields  # a memo
    assert "input CompanyOrderBy @oneOf {" in built().sdl


def test_search_is_offered_where_something_can_be_searched():
    assert "search" in built().core.query_type.fields["companies"].args
    assert "search" not in built().core.query_type.fields["steps"].args


def test_a_resource_named_by_binding_and_key_has_no_single_key_field():
    whole = snapshot().catalogue.with_(Catalogue(resources={"step": replace(STEPS, identity=Identity.BINDING_AND_KEY)}))
    query = build(Snapshot(9, whole)).core.query_type.fields
    assert "step" not in query
    assert "stepsByKey" not in query
    assert "steps" in query


def test_every_name_of_the_schema_itself_is_reserved():
    empty = build(Snapshot(0, Catalogue()))
    generated = {name for resource in snapshot().resources for name in type_names(resource)}
    fixed = {name for name in (*empty.core.type_map, *built().core.type_map) if not name.startswith("__")} - generated
    assert fixed <= TYPES
    assert set(empty.core.query_type.fields) <= ROOTS


def test_an_empty_catalogue_has_a_schema():
    made = build(Snapshot(0, Catalogue()))
    assert {"node", "nodes", "subject", "catalogue", "me"} == set(made.core.query_type.fields)
    assert made.core.subscription_type is None


def test_what_a_name_means_is_known_by_resource():
    meanings = built().meanings
    assert meanings.named["company"]["repId"] is COMPANIES.item("rep_id")
    assert meanings.named["company"]["licences"].target == "licence"
    assert meanings.named["licence"]["expiring"].days == -30
    assert meanings.records["Company"] == "company"
    assert built().record_type("company") is type_of("Company")
