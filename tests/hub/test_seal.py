"""What the hub sealed comes back unchanged or not at all."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.seal import Seal, SealBroken

KEY = bytes(32)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20), lambda x: st.lists(x, max_size=4)
)


@given(VALUES)
def test_a_sealed_value_opens_to_itself_and_may_stand_in_a_url(value):
    text = Seal(KEY, "page").close(value)
    assert Seal(KEY, "page").open(text) == value
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(VALUES, st.data())
def test_a_token_with_one_bit_changed_does_not_open(value, data):
    raw = bytearray(base64.urlsafe_b64decode(Seal(KEY, "page").close(value) + "=="))
    place = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[place // 8] ^= 1 << place % 8
    with pytest.raises(SealBroken):
        Seal(KEY, "page").open(base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode())


@given(st.text(max_size=60))
def test_any_other_text_does_not_open(text):
    with pytest.raises(SealBroken):
        Seal(KEY, "page").open(text)


def test_a_token_of_another_use_or_another_hub_does_not_open():
    text = Seal(KEY, "page").close(1)
    for other in (Seal(KEY, "feed"), Seal(bytes(31) + b"1", "page")):
        with pytest.raises(SealBroken):
            other.open(text)
