"""What no grant, token or combination of them can break, for random resources and grants."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from auth.bearer import Principal
from auth.decide import Outcome
from auth.grants import GrantState, Shown
from auth.ports import Purpose
from auth.purpose import DeclaredPurpose
from catalogue.model import Mask, SharingType, Variant, Visibility
from catalogue.rules import TRUE, Compare, Every, Not, Op
from tests.auth.sheet import CLIENT, CONDITIONAL, LATER, NEVER, NOW, OPEN, ROWS, P, ask, grant, item, resource

SHARINGS = st.sampled_from([OPEN, CONDITIONAL, NEVER])
items = st.builds(
    item, st.just("probe"), SHARINGS, mask=st.sampled_from([None, Mask.NAME]), verify=st.booleans(),
    varies_by=st.just("kind"),
    variants=st.lists(st.builds(
        Variant, st.sampled_from([frozenset("1"), frozenset("23")]), SHARINGS, st.just(2), st.sampled_from([None, Mask.PHONE])
    ), max_size=2).map(tuple),
)  # fmt: skip
entries = st.builds(
    lambda probe, kind, link: resource(item("no"), item("kind", kind), probe, item("elsewhere", CONDITIONAL), link=link),
    items, SHARINGS, SHARINGS,
)  # fmt: skip
grants = st.builds(
    grant,
    items=st.dictionaries(st.sampled_from(["probe", "kind", "no", "elsewhere"]), st.sampled_from(Shown)),
    verify=st.frozensets(st.sampled_from(["probe", "kind"])),
    links=st.frozensets(st.sampled_from(["leaf", "fruit"])),
    lookup=st.booleans(), statutory=st.booleans(), consent_required=st.booleans(),
    purpose=st.sampled_from(["p", "q"]), state=st.sampled_from(GrantState), until=st.sampled_from([NOW, LATER]),
    client_id=st.sampled_from(["c", "d"]), rows=st.sampled_from([TRUE, ROWS]),
)  # fmt: skip
purposes = st.sampled_from([None, P, DeclaredPurpose("q")])
QP = replace(CLIENT, purposes=(*CLIENT.purposes, Purpose("q", "巡查")))
BETTER = {Outcome.DENIED: 0, Outcome.MASKED: 1, Outcome.PLAIN: 2}
VALUES = (None, "1", "2", "3", "9")


def outcomes(decision):
    return [decision.items[name].for_value(value) for name in decision.items for value in VALUES]


@given(entries, grants, purposes)
def test_a_grant_takes_no_item_link_lookup_or_verification_away(entry, given_, purpose):
    without, with_ = (ask(entry, *found, purpose=purpose, client=QP) for found in ((), (given_,)))
    for before, after in zip(outcomes(without), outcomes(with_), strict=True):
        assert BETTER[before.outcome] <= BETTER[after.outcome]
        assert before.verify <= after.verify
    assert without.links <= with_.links
    assert without.lookup <= with_.lookup


@given(entries, st.lists(grants, max_size=2), purposes, st.frozensets(st.sampled_from(
    ["sheet:read", "sheet:write", "statutory:read", "audit:read", "access:approve", "*", "sheet:*", "probe:read"])), st.text())  # fmt: skip
def test_nothing_in_a_token_widens_what_the_client_has(entry, found, purpose, scopes, text):
    found = [replace(each, id=str(number)) for number, each in enumerate(found)]
    token = Principal("c", text, scopes | CLIENT.scopes, text, datetime.max.replace(tzinfo=UTC))
    assert ask(entry, *found, purpose=purpose, client=QP, principal=token) == ask(
        entry, *found, purpose=purpose, client=QP
    )


@given(entries, st.lists(grants, max_size=2), purposes)
def test_without_a_grant_in_force_no_conditional_rule_shows_anything_and_denied_ones_never_do(entry, found, purpose):
    found = [replace(each, id=str(number)) for number, each in enumerate(found)]
    decision = ask(entry, *found, purpose=purpose, client=QP)
    for each in entry.resource.items:
        rules = {None: each.sharing.type} | {v: r.sharing.type for r in each.variants for v in r.values}
        for value, rule in rules.items():
            shown = decision.item(each.name).for_value(value)
            if rule is SharingType.DENIED or (rule is SharingType.CONDITIONAL and decision.grant_id is None):
                assert (shown.outcome, shown.verify) == (Outcome.DENIED, False)
            assert (shown.outcome is Outcome.DENIED) == (shown.reason is not None)


@given(entries, st.lists(grants, max_size=2), purposes)
def test_what_is_hidden_or_outside_the_row_rule_stays_outside(entry, found, purpose):
    found = [replace(each, id=str(number)) for number, each in enumerate(found)]
    rule = (Visibility("repaired", "已修复", Compare("no", Op.EQ, "x")),)
    entry = replace(
        entry, resource=replace(entry.resource, items=(*entry.resource.items, item("state")), visibility=rule)
    )
    decision = ask(entry, *found, purpose=purpose, client=QP)
    parts = decision.rows.parts if isinstance(decision.rows, Every) else (decision.rows,)
    assert decision.refusal or decision.statutory or Not(rule[0].hidden_when) in parts
    in_force = {each.id: each for each in found}.get(decision.grant_id)
    assert not in_force or in_force.rows == TRUE or ROWS in parts
