from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.codes import (
    CYCLE_TITLES,
    DATA_TYPE_TITLES,
    METHODS,
    NATIONAL,
    SHARING_TITLES,
    CodeProfile,
    Format,
    Method,
    due,
    methods,
    period,
)
from catalogue.model import Cycle, DataType, SharingType
from catalogue.rules import SHANGHAI

NEVER_LATE = {Cycle.IRREGULAR, Cycle.ON_DEMAND}
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def shanghai(*parts):
    return datetime(*parts, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("code", "levels", "sequence"),
    [
        ("3/1", ("3",), "1"),
        ("307/12", ("3", "07"), "12"),
        ("307021/000001", ("3", "07", "021"), "000001"),
        ("3070210045/6", ("3", "07", "021", "0045"), "6"),
    ],
)
def test_a_resource_code_is_a_classification_and_a_sequence(code, levels, sequence):
    parsed = NATIONAL.parse(code)
    assert (parsed.levels, parsed.sequence) == (levels, sequence)
    assert f"{parsed.classification}/{parsed.sequence}" == code


@pytest.mark.parametrize(
    "code",
    [
        "",
        "/",
        "307021",
        "307021/",
        "/1",
        "30/1",
        "3070/1",
        "30702/1",
        "A07021/1",
        "307021/A",
        "307021／1",
        "307021 /1",
        "3/1/2",
        "٣/1",
    ],
)
def test_a_code_that_is_cut_short_or_holds_no_digits_is_refused(code):
    with pytest.raises(ValueError, match="code"):
        NATIONAL.parse(code)


def test_a_province_may_make_its_codes_in_another_way():
    local = CodeProfile(widths=(2, 2), separator="-")
    assert local.parse("330106-7").levels == ("33", "01", "06")
    with pytest.raises(ValueError, match="2, 2 digits"):
        local.parse("330-7")


@pytest.mark.parametrize(
    ("titles", "members"),
    [(SHARING_TITLES, SharingType), (CYCLE_TITLES, Cycle), (DATA_TYPE_TITLES, DataType), (METHODS, Format)],
)
def test_every_member_has_an_entry_and_no_two_have_one_name(titles, members):
    assert set(titles) == set(members)
    assert titles is METHODS or len(set(titles.values())) == len(titles)


@pytest.mark.parametrize(
    ("format_", "shared_by", "not_by"),
    [
        (Format.SPREADSHEET, Method.FILE, Method.TABLE),
        (Format.FILE, Method.MAIL, Method.INTERFACE),
        (Format.DATABASE, Method.TABLE, Method.FILE),
        (Format.DATABASE, Method.INTERFACE, Method.FILE),
        (Format.SERVICE, Method.INTERFACE, Method.DISK),
    ],
)
def test_files_are_shared_as_files_and_databases_as_tables_or_interfaces(format_, shared_by, not_by):
    assert shared_by in METHODS[format_]
    assert not_by not in METHODS[format_]


def test_a_sharing_method_may_list_several():
    assert methods("接口、库表") == methods("接口/库表") == methods(" 接口, 库表 ") == ("接口", "库表")
    assert methods("") == ()


@pytest.mark.parametrize(
    ("cycle", "as_of", "late_from"),
    [
        (Cycle.DAILY, shanghai(2026, 2, 28, 23, 59), shanghai(2026, 3, 2)),
        (Cycle.DAILY, shanghai(2026, 3, 1), shanghai(2026, 3, 3)),
        (Cycle.WEEKLY, shanghai(2026, 3, 8, 12), shanghai(2026, 3, 16)),
        (Cycle.WEEKLY, shanghai(2026, 3, 9), shanghai(2026, 3, 23)),
        (Cycle.MONTHLY, shanghai(2026, 5, 31, 23), shanghai(2026, 7, 1)),
        (Cycle.MONTHLY, shanghai(2026, 11, 1), shanghai(2027, 1, 1)),
        (Cycle.QUARTERLY, shanghai(2026, 3, 31), shanghai(2026, 7, 1)),
        (Cycle.HALF_YEARLY, shanghai(2026, 7, 1), shanghai(2027, 7, 1)),
        (Cycle.YEARLY, shanghai(2026, 1, 1), shanghai(2028, 1, 1)),
        (Cycle.DAILY, datetime(2026, 2, 28, 16, 0, tzinfo=UTC), shanghai(2026, 3, 3)),
        (Cycle.REAL_TIME, shanghai(2026, 3, 1, 8, 0), shanghai(2026, 3, 1, 8, 5)),
    ],
)
def test_a_resource_is_late_when_a_calendar_period_passed_without_an_update(cycle, as_of, late_from):
    assert due(cycle, as_of) == late_from


@given(st.sampled_from(Cycle), moments)
def test_only_irregular_and_on_demand_resources_are_never_late(cycle, as_of):
    assert (due(cycle, as_of) is None) == (period(cycle) is None) == (cycle in NEVER_LATE)


@given(st.sampled_from(sorted(set(Cycle) - NEVER_LATE)), moments, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_source_asked_every_period_is_never_late_and_newer_data_never_due_earlier(cycle, as_of, later):
    assert due(cycle, as_of) > as_of + period(cycle)
    assert due(cycle, as_of + later) >= due(cycle, as_of)
