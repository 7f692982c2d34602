"""How a grant comes about and ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.grants import (
    Approval,
    Grant,
    GrantState,
    TransitionRefused,
    activate,
    approve,
    expired,
    refuse,
    request,
    revoke,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ASKED = Grant("g", "hall", "sheet", "opening", NOW + timedelta(days=1))


def approved(*said):
    grant = ASKED
    for person, role in said:
        grant = approve(grant, person, role, NOW)
    return grant


def test_a_grant_goes_from_request_over_two_approvals_into_force_and_ends_by_revocation():
    grant = approve(approve(request(ASKED), "李强", "provider", NOW), "王芳", "authority", NOW)
    assert grant.approvals == (Approval("李强", "provider", NOW), Approval("王芳", "authority", NOW))
    active = activate(grant)
    assert active == replace(grant, state=GrantState.ACTIVE)
    assert revoke(active, " 用途改变 ") == replace(active, state=GrantState.REVOKED, reason="用途改变")


@pytest.mark.parametrize(
    "said",
    [
        (),
        (("李强", "provider"),),
        (("李强", "provider"), ("李强", "authority"), ("李强", "applicant")),
        (("李强", "provider"), (" 李 强", "authority")),
        (("Li Qiang", "provider"), ("ＬＩ　ＱＩＡＮＧ", "authority")),
    ],
)
def test_fewer_than_two_natural_persons_put_nothing_in_force(said):
    with pytest.raises(TransitionRefused, match="at least 2 different"):
        activate(approved(*said))


def test_two_persons_in_one_role_are_two_persons():
    assert activate(approved(("李强", "provider"), ("王芳", "provider"))).state is GrantState.ACTIVE


@pytest.mark.parametrize(
    ("person", "role"), [("李强", "provider"), ("李 强", "provider"), ("", "authority"), ("王芳", " ")]
)
def test_an_approval_names_a_person_and_a_role_and_is_given_once(person, role):
    with pytest.raises(TransitionRefused):
        approve(approved(("李强", "provider")), person, role, NOW)


def test_a_request_carries_nobody_s_approval_and_no_reason():
    full = activate(approved(("李强", "provider"), ("王芳", "authority")))
    assert request(replace(full, reason="x")) == ASKED


def test_a_refusal_and_a_revocation_have_a_reason():
    assert refuse(ASKED, "无法律依据").reason == "无法律依据"
    assert refuse(ASKED, "无法律依据").state is GrantState.REFUSED
    for end, grant in ((refuse, ASKED), (revoke, replace(ASKED, state=GrantState.ACTIVE))):
        with pytest.raises(TransitionRefused, match="a reason is required"):
            end(grant, "  ")


STEPS = {
    "approve": (lambda g: approve(g, "赵敏", "authority", NOW), GrantState.REQUESTED),
    "activate": (activate, GrantState.REQUESTED),
    "refuse": (lambda g: refuse(g, "r"), GrantState.REQUESTED),
    "revoke": (lambda g: revoke(g, "r"), GrantState.ACTIVE),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", GrantState)
def test_each_step_starts_from_one_state_only(step, state):
    go, start = STEPS[step]
    grant = replace(approved(("李强", "provider"), ("王芳", "authority")), state=state)
    if state is start:
        go(grant)
    else:
        with pytest.raises(TransitionRefused, match=f"grant g is {state}: only one that is {start}"):
            go(grant)


def test_a_grant_ends_at_its_very_instant():
    assert not expired(ASKED, ASKED.until - timedelta(microseconds=1))
    assert expired(ASKED, ASKED.until)


steps = st.lists(
    st.tuples(st.sampled_from(["approve", "activate", "refuse", "revoke"]), st.sampled_from(["李强", " 李强", "王芳"])),
    max_size=12,
)


@given(steps)
def test_no_order_of_steps_brings_a_grant_into_force_without_two_persons_or_back_from_its_end(taken):
    grant, ended = ASKED, False
    for step, person in taken:
        before = grant
        try:
            grant = approve(grant, person, "provider", NOW) if step == "approve" else STEPS[step][0](grant)
        except TransitionRefused:
            continue
        assert not ended
        ended = grant.state in (GrantState.REFUSED, GrantState.REVOKED)
        if grant.state is GrantState.ACTIVE:
            assert {a.person.strip() for a in grant.approvals} == {"李强", "王芳"}
        assert before.approvals == grant.approvals[: len(before.approvals)]
