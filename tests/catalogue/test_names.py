"""Names: what may stand in a descriptor, and what GraphQL makes of it."""

import pytest

from catalogue.names import LONGEST, field_name, is_plain, is_snake, root_fields, type_name, type_names


@pytest.mark.parametrize(
    ("name", "field", "type_"),
    [
        ("licence", "licence", "Licence"),
        ("credit_record", "creditRecord", "CreditRecord"),
        ("line_1", "line1", "Line1"),
        ("a_b_c", "aBC", "ABC"),
        ("part_2nd", "part2nd", "Part2nd"),
    ],
)
def test_words_become_one_camel_case_name(name, field, type_):
    assert (field_name(name), type_name(name)) == (field, type_)


@pytest.mark.parametrize(
    "name", ["", "Licence", "1st", "_a", "a_", "a__b", "a-b", "a b", "许可", "a\n", "é", "x" * (LONGEST + 1)]
)
def test_a_name_is_words_of_small_letters_and_digits(name):
    assert not is_snake(name)


def test_systems_and_bindings_may_be_named_more_freely_but_for_colons_and_spaces():
    assert all(is_plain(name) for name in ("a", "A-1", "registry.permits", "x" * LONGEST))
    assert not any(is_plain(name) for name in ("", "hub:marks", "a b", "-a", "登记", "x" * (LONGEST + 1)))


def test_a_resource_brings_its_root_fields_and_types():
    assert root_fields("credit_record", "credit_records") == (
        "creditRecord", "creditRecords", "creditRecordsByKey", "creditRecordChanges", "verifyCreditRecord",
        "verifyCreditRecords",
    )  # fmt: skip
    assert {"CreditRecord", "CreditRecordConnection", "CreditRecordKeyInput", "CreditRecordEvent"} <= set(
        type_names("credit_record")
    )
