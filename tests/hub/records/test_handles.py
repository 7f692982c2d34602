"""Handles name records and subjects without telling their keys."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.model import (
    Cycle,
    DataType,
    Identity,
    Item,
    Resource,
    Sharing,
    SharingType,
)
from hub.records.handles import Handles, tag

OPEN = Sharing(SharingType.UNCONDITIONAL)
STEP = Resource(
    name="process_step", plural="process_steps", title="办理环节", code="307/1", classification=(), provider="",
    abstract="", format="数据库", sharing=OPEN, open_attribute="", cycle=Cycle.DAILY, published_on="2026-01-01",
    items=(Item("process_no", "办件编号", DataType.TEXT, OPEN), Item("seq", "序号", DataType.INTEGER, OPEN)),
    key=("process_no", "seq"),
)  # fmt: skip
SECRET = bytes(range(32))
KEYS = st.tuples(st.text(st.characters(codec="utf-8"), max_size=12), st.integers(-(2**53), 2**53))


def test_a_handle_is_22_characters_that_fit_into_a_url():
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", Handles(SECRET).of(STEP, ("P1", 1), "hall"))


def test_a_handle_is_the_same_in_every_process():
    assert Handles(SECRET).of(STEP, ("P1", 1), "hall") == "iCYVpHBhLpy1uekNd_LSMg"
    assert Handles(SECRET).subject("person", "111", "11010519491231002X") == "8Qg9bRZ25bYLmpabvQ9JYg"


def test_another_secret_gives_another_handle():
    assert Handles(SECRET).of(STEP, ("P1", 1), "hall") != Handles(bytes(32)).of(STEP, ("P1", 1), "hall")


def test_the_binding_enters_only_where_the_identity_says_so():
    handles, shared = Handles(SECRET), replace(STEP, identity=Identity.BINDING_AND_KEY)
    assert handles.of(STEP, ("P1", 1), "a") == handles.of(STEP, ("P1", 1), "b")
    assert handles.of(shared, ("P1", 1), "a") != handles.of(shared, ("P1", 1), "b")


def test_the_same_key_in_another_resource_has_another_handle():
    handles = Handles(SECRET)
    assert handles.of(STEP, ("P1", 1), "") != handles.of(replace(STEP, name="flow_step"), ("P1", 1), "")


def test_a_subject_of_another_kind_or_identity_type_has_another_hash():
    handles = Handles(SECRET)
    code = "110105194912310021"
    found = {handles.subject("legal_person", "", code), handles.subject("person", "111", code)}
    assert len(found | {handles.subject("person", "414", code)}) == 3


@given(KEYS, KEYS)
def test_two_keys_share_a_handle_only_if_they_are_equal(one, other):
    handles = Handles(SECRET)
    assert (handles.of(STEP, one, "") == handles.of(STEP, other, "")) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"), [(("ab", "c"), ("a", "bc")), (("1",), (1,)), (("a,b",), ("a", "b")), (("",), ())]
)
def test_parts_of_a_key_do_not_run_into_each_other(one, other):
    assert Handles(SECRET).of(STEP, one, "") != Handles(SECRET).of(STEP, other, "")


@pytest.mark.parametrize("secret", [b"", b"short", bytes(65)])
def test_a_secret_that_would_not_keep_a_secret_is_refused(secret):
    with pytest.raises(ValueError, match="not 16 to 64"):
        Handles(secret)


def test_a_tag_is_short_stable_and_no_secret():
    assert tag("credit_record") == "unR7_a8t"
    assert len({tag(f"resource_{n}") for n in range(5000)}) == 5000
