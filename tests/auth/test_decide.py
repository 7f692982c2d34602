"""Who may see what: the truth table, and what a decision says beside outcomes."""

import itertools
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from auth.decide import ItemDecision, Outcome
from auth.grants import GrantState, Shown
from auth.purpose import DeclaredPurpose
from catalogue.model import Mask, Sharing, SharingType, Variant, Visibility
from catalogue.rules import FALSE, TRUE, Compare, Every, Not, Op, Reached, both
from tests.auth.sheet import (
    CLIENT,
    CONDITIONAL,
    HIDDEN_WHEN,
    LATER,
    NEVER,
    NOW,
    OPEN,
    PRINCIPAL,
    ROWS,
    P,
    ask,
    grant,
    item,
    resource,
)

TABLE = tomllib.loads((Path(__file__).parents[1] / "cases/decide.toml").read_text(encoding="utf-8"))


def rows_of(table):
    axes = TABLE[table]["axes"]
    for values in itertools.product(*axes.values()):
        yield SimpleNamespace(**dict(zip(axes, values, strict=True)))


def meets(row, case):
    return all(
        getattr(case, axis) in (wanted if isinstance(wanted, list) else [wanted])
        for axis, wanted in row.items()
        if axis not in ("outcome", "code")
    )


def expected(table, case):
    return next((row["outcome"], row.get("code")) for row in TABLE[table]["rows"] if meets(row, case))


FULL = {"verify": frozenset({"probe"}), "links": frozenset({"leaf", "fruit"}), "lookup": True}
MASKED = {"items": {"probe": Shown.MASKED}} | FULL
STANDINGS = {
    "none": None,
    "masked": MASKED,
    "plain": MASKED | {"items": {"probe": Shown.PLAIN}},
    "elsewhere": {"items": {"elsewhere": Shown.PLAIN}},
    "expired": MASKED | {"until": NOW},
    "revoked": MASKED | {"state": GrantState.REVOKED},
    "refused": MASKED | {"state": GrantState.REFUSED},
    "requested": MASKED | {"state": GrantState.REQUESTED},
    "other_purpose": MASKED | {"purpose": "q"},
    "consent": MASKED | {"consent_required": True},
    "other_client": MASKED | {"client_id": "d"},
    "unfit": MASKED | {"rows": Compare("gone", Op.EQ, "1")},
}
PURPOSES = {"none": None, "declared": P, "unknown": DeclaredPurpose("x")}


def judged(case, entry, **more):
    """decide() for what a case says about scope, purpose and standing."""
    standing = STANDINGS[case.standing]
    grants = () if standing is None else (grant(**(standing | more)),)
    client, principal = CLIENT, PRINCIPAL
    if case.scope == "not_in_token":
        principal = replace(PRINCIPAL, scopes=frozenset({"other:read", "sheet:write"}))
    elif case.scope == "client_lost_it":
        client = replace(CLIENT, scopes=frozenset())
    elif case.scope == "client_removed":
        client = replace(CLIENT, removed=True)
    elif case.scope == "client_unknown":
        principal = replace(PRINCIPAL, client_id="nobody")
    return ask(entry, *grants, purpose=PURPOSES[case.purpose], principal=principal, client=client)


def said(outcome, reason):
    return outcome, reason.code if reason else None


@pytest.mark.parametrize("table", TABLE)
def test_every_combination_of_a_table_meets_exactly_one_row(table):
    for case in rows_of(table):
        found = [row for row in TABLE[table]["rows"] if meets(row, case)]
        assert len(found) == 1, (case, found)


@pytest.mark.parametrize("table", TABLE)
def test_every_row_of_a_table_is_met_and_names_only_its_axes(table):
    axes = set(TABLE[table]["axes"]) | {"outcome", "code"}
    for row in TABLE[table]["rows"]:
        assert set(row) <= axes, row
        assert any(meets(row, case) for case in rows_of(table)), row


def test_reading_an_item_gives_what_the_table_says():
    for case in rows_of("read"):
        rule = {"sharing": Sharing(SharingType(case.sharing)), "mask": Mask.NAME if case.mask == "yes" else None}
        entry = resource(item("no"), item("kind"), item("elsewhere", CONDITIONAL), varied(case.place, rule))
        found = judged(case, entry).item("probe").for_value("1" if case.place == "variant" else "2")
        assert said(found.outcome, found.reason) == expected("read", case), case
        assert (found.mask is not None) == (found.outcome is Outcome.MASKED)


def varied(place, rule):
    """The item under test, with the rule as its own or as a variant's, and another rule in the other place."""
    different = {"sharing": NEVER if rule["sharing"] is OPEN else OPEN, "mask": None}
    own, variant = (rule, different) if place == "own" else (different, rule)
    return item("probe", **own, varies_by="kind", variants=(Variant(frozenset({"1"}), level=2, **variant),))


def test_an_item_whose_discriminator_is_hidden_looks_the_same_for_each_of_its_values():
    rules = {"plain": (OPEN, None), "masked": (OPEN, Mask.NAME), "denied": (NEVER, None)}
    for case in rows_of("hidden"):
        (own, mask), (other, other_mask) = rules[case.own], rules[case.variant]
        variants = (Variant(frozenset({"1"}), other, 2, other_mask),)
        probe = item("probe", own, mask=mask, varies_by="kind", variants=variants)
        found = ask(resource(item("no"), item("kind", NEVER), probe)).item("probe")
        assert (found.varies_by, found.by_value) == (None, {})
        assert said(found.outcome, found.reason) == expected("hidden", case), case


def test_verifying_an_item_is_allowed_as_the_table_says():
    for case in rows_of("verify"):
        probe = item("probe", Sharing(SharingType(case.sharing)), verify=case.verify == "yes")
        found = judged(case, resource(item("no"), item("elsewhere", CONDITIONAL), probe)).item("probe")
        assert ("yes" if found.verify else "no") == expected("verify", case)[0], case


def test_a_link_is_followed_as_the_table_says():
    for case in rows_of("link"):
        entry = resource(item("no"), item("probe", CONDITIONAL), link=Sharing(SharingType(case.sharing)))
        name = "leaf" if case.side == "declared" else "fruit"
        decision = judged(case, entry)
        found = "followed" if name in decision.links else "denied"
        assert said(found, decision.link_reasons.get(name)) == expected("link", case), case


def test_a_whole_key_is_asked_by_as_the_table_says():
    for case in rows_of("lookup"):
        entry = resource(item("no"), item("probe", NEVER), item("elsewhere", CONDITIONAL))
        decision = judged(case, entry)
        key = ("no",) if case.key == "plain" else ("no", "probe")
        outcome, code = expected("lookup", case)
        assert decision.may_ask_by(key) == (outcome != "refused"), case
        assert decision.lookup == (outcome == "by_right"), case
        assert decision.lookup == (decision.lookup_reason is None)
        assert code is None or decision.lookup_reason.code == code, case


def test_an_answer_is_about_the_records_that_the_table_says():
    wanted = {
        "no record": FALSE, "every record": TRUE, "granted": ROWS, "visible": Not(HIDDEN_WHEN),
        "granted and visible": both(ROWS, Not(HIDDEN_WHEN)),
    }  # fmt: skip
    entry = resource(item("no"), item("state", NEVER), visibility=(Visibility("repaired", "已修复", HIDDEN_WHEN),))
    for case in rows_of("rows"):
        client = CLIENT if case.statutory_scope == "yes" else replace(CLIENT, scopes=frozenset({"sheet:read"}))
        more = {"rows": ROWS if case.rule == "yes" else TRUE, "statutory": case.statutory == "yes"}
        standing = STANDINGS[case.standing]
        grants = () if standing is None else (grant(**(standing | more)),)
        scopes = frozenset({"statutory:read"}) if case.scope == "not_in_token" else PRINCIPAL.scopes
        decision = ask(entry, *grants, purpose=PURPOSES[case.purpose], client=client,
                       principal=replace(PRINCIPAL, scopes=scopes))  # fmt: skip
        assert decision.rows == wanted[expected("rows", case)[0]], case


def test_a_resource_is_refused_as_a_whole_as_the_table_says():
    for case in rows_of("refusal"):
        probe = item("probe", CONDITIONAL, mask=Mask.NAME)
        entry = resource(item("no", CONDITIONAL), probe, item("elsewhere", OPEN if case.open == "yes" else NEVER))
        decision = judged(case, entry)
        assert said("refused" if decision.refusal else "asked", decision.refusal) == expected("refusal", case), case


def test_a_refused_resource_gives_nothing_anywhere_for_that_one_reason():
    decision = ask(resource(item("no"), item("kind", CONDITIONAL)), grant(**FULL), purpose=PURPOSES["unknown"])
    assert {(i.outcome, i.verify, i.reason) for i in decision.items.values()} == {
        (Outcome.DENIED, False, decision.refusal)
    }
    assert decision.rows == FALSE
    assert not decision.links
    assert not decision.may_ask_by(())
    assert set(decision.link_reasons.values()) == {decision.lookup_reason} == {decision.refusal}
    assert (decision.grant_id, decision.until, decision.quota) == (None, None, None)


def test_every_reason_names_item_resource_and_department():
    entry = resource(item("no"), item("phone", CONDITIONAL), item("note", NEVER), link=CONDITIONAL)
    decision = ask(entry)
    assert decision.item("phone").reason.message == (
        "item phone of sheet (市场监管局) is shared conditionally: no grant in force covers it for the purpose p."
    )
    assert decision.item("note").reason.message == "item note of sheet (市场监管局) is not shared (不予)."
    assert decision.link_reasons["leaf"].message.startswith("link leaf of sheet (市场监管局)")
    assert decision.lookup_reason.message.startswith("lookup by key or subject of sheet (市场监管局)")
    assert ask(entry, purpose=PURPOSES["unknown"]).refusal.message == (
        "sheet (市场监管局): the client has no purpose x."
    )


def test_a_purpose_that_only_a_grant_names_may_be_declared_until_the_grant_is_revoked():
    entry = resource(item("no"), item("probe", CONDITIONAL))
    named = grant(purpose="q", **MASKED)
    q = DeclaredPurpose("q", "案号", "张三")
    assert ask(entry, named, purpose=q).item("probe").plain
    assert ask(entry, replace(named, state=GrantState.REVOKED), purpose=q).refusal.code == "NOT_GRANTED"


def test_an_unconditional_item_needs_no_purpose_and_its_rows_are_then_those_of_everybody():
    entry = resource(item("no"), item("state"), visibility=(Visibility("repaired", "已修复", HIDDEN_WHEN),))
    limited = grant(rows=ROWS)
    assert ask(entry, limited, purpose=None).rows == Not(HIDDEN_WHEN)
    assert ask(entry, limited).rows == both(ROWS, Not(HIDDEN_WHEN))
    assert ask(entry, limited, purpose=None).item("no").plain


def test_a_decision_says_until_when_it_holds_and_ends_there():
    entry = resource(item("no"), item("probe", CONDITIONAL))
    held = grant(**MASKED, quota=5)
    decision = ask(entry, held)
    assert (decision.grant_id, decision.until, decision.quota) == ("g", LATER, 5)
    assert decision.valid_until == LATER
    assert ask(entry, held, now=LATER - timedelta(microseconds=1)).item("probe").plain
    assert ask(entry, held, now=LATER).item("probe").reason.code == "GRANT_EXPIRED"
    assert ask(entry, held, now=LATER).valid_until is None
    undeclared = ask(entry, held, purpose=None)
    assert (undeclared.until, undeclared.valid_until) == (None, LATER)
    assert ask(entry).valid_until is None


def test_an_item_that_looks_the_same_for_every_value_does_not_vary():
    probe = item("probe", CONDITIONAL, varies_by="kind", variants=(Variant(frozenset({"1"}), OPEN, 1),))
    entry = resource(item("no"), item("kind"), probe)
    assert ask(entry).item("probe").by_value.keys() == {"1"}
    assert ask(entry, grant(**MASKED)).item("probe") == ItemDecision(Outcome.PLAIN)
    assert not ask(entry).item("probe").plain


def test_a_masked_discriminator_hides_the_variants_too():
    probe = item("probe", CONDITIONAL, varies_by="kind", variants=(Variant(frozenset({"1"}), OPEN, 1),))
    assert ask(resource(item("no"), item("kind", mask=Mask.NAME), probe)).item("probe").outcome is Outcome.DENIED


def test_the_class_knows_outcomes_and_shapes_but_no_literal_grant_time_or_purpose():
    entry = resource(item("no"), item("probe", CONDITIONAL, mask=Mask.NAME), item("state"), link=CONDITIONAL)
    held = grant(**MASKED, rows=Every((Compare("state", Op.EQ, "1"), Reached("state", 3))))
    one = ask(entry, held)
    same = ask(
        entry,
        replace(held, id="h", purpose="q", quota=3, until=LATER + timedelta(1), rows=Every((
            Compare("state", Op.EQ, "2"), Reached("state", 9)))),
        purpose=DeclaredPurpose("q", "案", "人"),
    )  # fmt: skip
    assert one.decision_class == same.decision_class
    assert hash(one.decision_class) == hash(same.decision_class)
    others = [
        replace(held, items={"probe": Shown.PLAIN}), replace(held, items={}), replace(held, links=frozenset()),
        replace(held, lookup=False), replace(held, rows=TRUE), replace(held, rows=Compare("state", Op.EQ, None)),
        replace(held, rows=Compare("state", Op.NE, "1")), replace(held, rows=Not(held.rows)),
        replace(held, rows=Compare("state", Op.IN, ("1",))), replace(held, rows=Compare("state", Op.IN, ("1", "2"))),
        replace(held, rows=Compare("state", Op.IS_NULL, True)), replace(held, rows=Compare("state", Op.IS_NULL, False)),
    ]  # fmt: skip
    classes = {ask(entry, other).decision_class for other in others} | {one.decision_class}
    assert len(classes) == len(others) + 1


def test_a_refusal_has_a_class_of_its_own():
    entry = resource(item("probe", CONDITIONAL), link=CONDITIONAL)
    refused = ask(entry)
    assert refused.refusal
    assert refused.decision_class != ask(entry, grant(rows=refused.rows)).decision_class


def test_a_refusal_that_a_purpose_or_consent_would_lift_holds_as_long_as_the_grant_it_tells_of():
    entry = resource(item("probe", CONDITIONAL))
    assert ask(entry, grant(**MASKED), purpose=None).valid_until == LATER
    assert ask(entry, grant(**MASKED, consent_required=True)).valid_until == LATER
    assert ask(entry, grant(**MASKED, consent_required=True), now=LATER).refusal.code == "GRANT_EXPIRED"


def test_two_masks_of_one_item_are_kept_apart_by_its_discriminator():
    variant = Variant(frozenset({"1"}), CONDITIONAL, 3, Mask.IDENTITY)
    probe = item("probe", CONDITIONAL, mask=Mask.NAME, varies_by="kind", variants=(variant,))
    decided = ask(resource(item("no"), item("kind"), probe), grant(**MASKED)).item("probe")
    assert [decided.for_value(value).mask for value in ("1", "2")] == [Mask.IDENTITY, Mask.NAME]


def test_an_item_with_a_variant_that_is_never_shared_is_not_verified_where_the_discriminator_is_hidden():
    variant = Variant(frozenset({"1"}), NEVER, 3)
    probe = item("probe", CONDITIONAL, verify=True, varies_by="kind", variants=(variant,))
    seen, hidden = (
        ask(resource(item("no"), item("kind", kind), probe), grant(verify=frozenset({"probe"}))).item("probe")
        for kind in (OPEN, NEVER)
    )
    assert (seen.for_value("1").verify, seen.for_value("2").verify) == (False, True)
    assert not hidden.verify
