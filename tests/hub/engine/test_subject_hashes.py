"""One subject, one hash: whichever shipped resource a record stands in, and also where it is read live."""

import pytest

from catalogue.base import shipped
from catalogue.model import Binding, Column, DataType, Identifier
from connectors.source import SourceRow
from hub.engine.audit_entry import subjects_of
from hub.pull.images import Imager
from tests.hub.engine.world import ANNA, HANDLES

SHIPPED = shipped()
USCC = "91350100M000100Y43"
PERMIT = "810000199408230021"
COLUMNS = [(resource, column) for resource in SHIPPED.resources.values() for column in resource.subjects]


def key_of(item):
    """A text that can be the key item's value."""
    return USCC if item.identifier is Identifier.CREDIT_CODE else "2026-01-01" if item.type is DataType.DATE else "1"


def hashes(resource, column, value, code):
    """The hashes of a record of the resource whose subject item holds the code."""
    texts = {name: key_of(resource.item(name)) for name in resource.key}
    texts |= {column.item: code} | ({column.discriminator: value} if column.discriminator else {})
    binding = Binding("b", resource.name, "s", tuple(Column(name, name) for name in texts))
    image = Imager(resource, binding, SHIPPED.code_lists, HANDLES).offer(SourceRow(texts, "row 1"), "").image
    pulled = {subject for subject, item in image.subjects if item == column.item}
    assert pulled <= subjects_of(resource, [image.values], HANDLES).keys()
    return pulled


@pytest.mark.parametrize(
    ("kind", "id_type", "code", "resources"),
    [
        ("person", "111", ANNA, {"person", "legal_person", "licence", "credit_record", "process"}),
        ("person", "910", PERMIT, {"person", "legal_person", "licence", "credit_record"}),
        ("person", "414", "E12345678", {"person", "legal_person", "licence", "credit_record"}),
        ("legal_person", "", USCC, {"legal_person", "licence", "credit_record", "process"}),
    ],
    ids=["citizen", "residence permit", "passport", "legal person"],
)
def test_a_subject_has_one_hash_in_all_resources_that_name_it(kind, id_type, code, resources):
    found = {
        (resource.name, frozenset(hashes(resource, column, value, code)))
        for resource, column in COLUMNS
        for value, ref in column.refs
        if (ref.kind, ref.id_type) == (kind, id_type)
    }
    assert {name for name, _ in found} == resources
    assert {hashed for _, hashed in found} == {frozenset({HANDLES.subject(kind, id_type, code)})}
