"""What a live system is asked for is read back as the value that was meant, whatever type and form its column has."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.model import Canonical, Column, DataType, Item, Sharing, SharingType
from connectors.convert import Declared, converter
from connectors.written import writer

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
OPEN = Sharing(SharingType.UNCONDITIONAL)


def item(kind, **fields):
    return Item("x", "x", DataType(kind), OPEN, **fields)


def column(**fields):
    return Column("x", "c", **fields)


@pytest.mark.parametrize(
    ("of", "how", "stored", "texts"),
    [
        (item("D"), column(), "2026-03-09", ("2026-03-09",)),
        (item("D"), column(formats=("%d.%m.%Y", "excel", "%Y%m%d")), "2026-03-09", ("09.03.2026", "20260309")),
        (item("T"), column(), "2026-03-09T16:00:00.000Z", ("2026-03-10 00:00:00", "2026-03-09T16:00:00.000Z")),
        (item("T"), column(), "2026-03-09T16:00:00.250Z", ("2026-03-10 00:00:00.250", "2026-03-09T16:00:00.250Z")),
        (item("T"), column(formats=("%Y/%m/%d %H:%M",)), "2026-03-09T16:05:00.000Z", ("2026/03/10 00:05",)),
        (item("Y", scale=6), column(), 1_500_000, ("1.500000",)),
        (item("N", scale=2), column(), -5, ("-0.05",)),
        (item("I"), column(), 12, ("12",)),
        (item("C"), column(codes={"男": "1", "M": "1", "女": "2"}), "1", ("男", "M", "1")),
        (item("C", canonical=Canonical.CODE), column(codes={"a": "x1"}), "X1", ("a", "X1", "x1")),
        (item("L"), column(), True, ("true", "1")),
        (item("L"), column(), False, ("false", "0")),
        (item("C"), column(), None, ("",)),
    ],
)
def test_a_value_is_written_in_each_way_that_the_binding_declares(of, how, stored, texts):
    assert writer(of, how, SHANGHAI)(stored) == texts


@given(st.datetimes(min_value=datetime(1992, 1, 1)), st.sampled_from([SHANGHAI, ZoneInfo("UTC")]))
def test_every_way_of_writing_a_time_is_read_as_the_same_time(at, zone):
    convert = converter(Declared(item("T"), column(), zone))
    stored = convert(at.isoformat())
    assert {convert(text) for text in writer(item("T"), column(), zone)(stored)} == {stored}


@given(st.dates(), st.sampled_from([(), ("%d.%m.%Y",), ("%Y年%m月%d日", "%Y/%m/%d")]))
def test_every_way_of_writing_a_date_is_read_as_the_same_date(day, formats):
    if day.year < 1000:  # strptime wants four digits and strftime writes fewer
        return
    convert = converter(Declared(item("D"), column(formats=formats), NEW_YORK))
    assert {convert(text) for text in writer(item("D"), column(formats=formats), NEW_YORK)(day.isoformat())} == {
        day.isoformat()
    }


@given(st.integers(-(2**53) + 1, 2**53 - 1), st.integers(0, 6), st.sampled_from("NY"))
def test_every_number_is_read_back_digit_by_digit(number, scale, kind):
    of = item(kind, scale=scale)
    (text,) = writer(of, column(), SHANGHAI)(number)
    assert converter(Declared(of, column(), SHANGHAI))(text) == number
