"""Addresses: sealed, for one hub and use, gone when their time is over; whatever is altered opens nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.bearer import Principal
from catalogue.base import shipped
from catalogue.model import Binding, Catalogue, Mode, System
from catalogue.snapshot import Snapshot
from hub.engine.operation import Operation
from hub.files.address import Addresses, AddressRefused, FilePlace, Minter, Ticket
from hub.seal import Seal

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
TICKET = Ticket(
    resource="licence", handle="h", item="file_digest", digest="sha256:" + "9f" * 32, client="desk",
    scope="licence:read", purpose="check", case="案-1", operator="林晓", grant="g", asked="r",
    expires=int((NOW + timedelta(seconds=300)).timestamp()), id="1",
)  # fmt: skip
KEY = b"k" * 32
SHIPPED = shipped()
ADDRESSES = Addresses(KEY, "https://hub.test", lambda n: b"r" * n)


def token(ticket=TICKET):
    return ADDRESSES.url(ticket).removeprefix("https://hub.test/files/")


def test_an_address_says_what_was_put_into_it():
    assert ADDRESSES.open(token(), NOW) == TICKET


def test_an_address_opens_until_its_last_second_is_over():
    assert ADDRESSES.open(token(), NOW + timedelta(seconds=299.9))
    with pytest.raises(AddressRefused, match="expired") as caught:
        ADDRESSES.open(token(), NOW + timedelta(seconds=300))
    assert caught.value.status == 410


@given(st.data())
def test_an_altered_address_opens_nothing(data):
    good = token()
    place = data.draw(st.integers(0, len(good) - 2))  # the last character may carry bits that mean nothing
    other = data.draw(st.sampled_from("ABCDEFabcdef0123456789-_").filter(lambda c: c != good[place]))
    with pytest.raises(AddressRefused) as caught:
        ADDRESSES.open(good[:place] + other + good[place + 1 :], NOW)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "foreign",
    [
        Addresses(b"x" * 32, "https://hub.test", bytes).url(TICKET),
        Seal(KEY, "page").close(["licence"]),
        Seal(KEY, "file").close(["of", "another", "version"]),
    ],
)
def test_what_another_hub_or_another_use_sealed_opens_nothing(foreign):
    with pytest.raises(AddressRefused):
        ADDRESSES.open(foreign.rpartition("/")[2], NOW)


@given(st.text(max_size=40))
def test_any_text_is_refused_alike(text):
    with pytest.raises(AddressRefused, match="no file at this address"):
        ADDRESSES.open(text, NOW)


def minter(mode, **options):
    binding = Binding("b", "licence", "office", ())
    system = System("office", "", "", "files", options)
    resource = replace(SHIPPED.resources["licence"], mode=mode)
    entries = Catalogue(systems={"office": system}, bindings={"b": binding}, resources={"licence": resource})
    asked = Operation("", None, {}, Principal("desk", "", frozenset(), "t", NOW), None, "r")
    return Minter(ADDRESSES, Snapshot(1, entries), asked, NOW, lambda _: None)


@pytest.mark.parametrize(
    ("mode", "binding", "options", "given_"),
    [
        (Mode.SYNCED, "b", {"blobs": "blobs"}, True),
        (Mode.SYNCED, "b", {}, False),
        (Mode.LIVE, "b", {"blobs": "blobs"}, False),
        (Mode.SYNCED, "hub:marks", {"blobs": "blobs"}, False),
    ],
)
def test_an_address_is_made_where_the_records_source_gives_files_and_the_record_is_found_again(
    mode, binding, options, given_
):
    place = FilePlace("licence", "h", "file_digest", binding, TICKET.digest)
    made = minter(mode, **options)
    assert (made.url(place) is not None, made.expires(place) is not None) == (given_, given_)
