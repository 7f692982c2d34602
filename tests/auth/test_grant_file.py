"""Grant files: what they say, every fault at once, and the file that a grant would be read from again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.grant_file import GrantFileError, grant_to_toml, grants_from_toml
from auth.grants import Approval, Grant, GrantState, Shown
from catalogue.model import (
    Catalogue,
    Cycle,
    DataType,
    Item,
    Link,
    Mask,
    Moment,
    Resource,
    Sharing,
    SharingType,
    Variant,
)
from catalogue.rules import SHANGHAI, TRUE, Compare, Either, Every, Not, Op, Reached
from catalogue.snapshot import Snapshot

OPEN, CONDITIONAL, NEVER = (Sharing(each) for each in SharingType)


def item(name, sharing=CONDITIONAL, type_=DataType.TEXT, **more):
    return Item(name, name, type_, sharing, **more)


def resource(name, *items, **more):
    return Resource(
        name, f"{name}s", "表", "307/1", (), "11350000003591037R", "", "数据库", OPEN, "", Cycle.DAILY, "2026-01-01",
        items, (items[0].name,), **more,
    )  # fmt: skip


OTHER = resource("other", item("no"))
SHEET = resource(
    "sheet",
    item("no", OPEN), item("phone", mask=Mask.PHONE), item("name", verify=True), item("note", NEVER, verify=True),
    item("code", NEVER, variants=(Variant(frozenset("1"), CONDITIONAL, 3, Mask.LAST4),), varies_by="state"), item("state", OPEN),
    item("fine", type_=DataType.MONEY, scale=6), item("valid_to", type_=DataType.DATE),
    links=(
        Link("leaf", "叶", "sheet", "other", (("no", "no"),), "root", "根", CONDITIONAL),
        Link("tomb", "墓", "sheet", "other", (("no", "no"),), "grave", "坟", NEVER),
    ),
    moments=(Moment("expiring", "将到期", "valid_to", -30),),
)  # fmt: skip
SNAPSHOT = Snapshot(1, Catalogue(resources={"sheet": SHEET, "other": OTHER}))

FILE = """
[[grants]]
client = "hall"
resource = "sheet"
purpose = "opening"
until = 2027-01-01T00:00:00+08:00
lookup = true
quota = 500
document = "闽数函〔2026〕1号"
links = ["leaf"]
verify = ["name"]
[grants.items]
phone = "masked"
name = "plain"
code = "masked"
[grants.rows]
state = { in = ["1", "2"] }
fine = { gte = "0.5" }
expiring = false
[[grants.approvals]]
person = "李强"
role = "provider"
at = 2026-01-05T09:00:00+08:00
[[grants.approvals]]
person = "王芳"
role = "authority"
at = 2026-01-06

[[grants]]
id = "wide"
client = "archive"
resource = "other"
purpose = "keeping"
until = 2027-01-01
statutory = true
consent_required = true
quota = 0
"""


def faults_of(text):
    with pytest.raises(GrantFileError) as caught:
        grants_from_toml(text, "g.toml", SNAPSHOT)
    assert str(caught.value).splitlines() == [str(fault) for fault in caught.value.faults]
    return {(fault.place, fault.rule) for fault in caught.value.faults}


def test_a_file_gives_requested_grants_with_all_they_say():
    first, second = grants_from_toml(FILE, "g.toml", SNAPSHOT)
    east = timezone(timedelta(hours=8))
    assert first == Grant(
        "hall.sheet.opening", "hall", "sheet", "opening", datetime(2027, 1, 1, tzinfo=east),
        {"phone": Shown.MASKED, "name": Shown.PLAIN, "code": Shown.MASKED}, frozenset({"name"}), frozenset({"leaf"}),
        lookup=True, quota=500, document="闽数函〔2026〕1号", state=GrantState.REQUESTED,
        rows=Every((Compare("state", Op.IN, ("1", "2")), Compare("fine", Op.GTE, 500_000), Not(Reached("valid_to", -30)))),
        approvals=(
            Approval("李强", "provider", datetime(2026, 1, 5, 9, tzinfo=east)),
            Approval("王芳", "authority", datetime(2026, 1, 6, tzinfo=SHANGHAI)),
        ),
    )  # fmt: skip
    assert (second.id, second.statutory, second.consent_required, second.quota) == ("wide", True, True, 0)
    assert second.until == datetime(2026, 12, 31, 16, tzinfo=UTC)


BROKEN = """
colour = "red"
[[grants]]
client = 5
resource = "sheet"
purpose = "1st"
until = "soon"
quota = -1
lookup = "yes"
size = 3
links = ["leaf", "twig", "tomb"]
verify = ["phone", "nothing", "note"]
[grants.items]
phone = "blurred"
note = "plain"
gone = "masked"
name = "masked"
[grants.rows]
state = { like = "1" }
leaf = { some = {} }
[[grants.approvals]]
person = ""
role = "provider"
[[grants]]
resource = "missing"
statutory = 1
"""


def test_every_fault_of_a_file_is_reported_at_once_with_place_and_rule():
    assert faults_of(BROKEN) == {
        ("colour", "unknown-key"),
        ("grants.1.client", "type"),
        ("grants.1.purpose", "purpose"),
        ("grants.1.until", "type"),
        ("grants.1.quota", "quota"),
        ("grants.1.lookup", "type"),
        ("grants.1.size", "unknown-key"),
        ("grants.1.links.twig", "unknown-link"),
        ("grants.1.links.tomb", "link-denied"),
        ("grants.1.items.name", "no-mask"),
        ("grants.1.verify.phone", "not-verifiable"),
        ("grants.1.verify.nothing", "unknown-item"),
        ("grants.1.verify.note", "item-denied"),
        ("grants.1.items.phone", "shown"),
        ("grants.1.items.note", "item-denied"),
        ("grants.1.items.gone", "unknown-item"),
        ("grants.1.rows.state.like", "rule-operator"),
        ("grants.1.rows.leaf", "rule-name"),
        ("grants.1.approvals.1.person", "type"),
        ("grants.1.approvals.1.at", "missing"),
        ("grants.2.resource", "unknown-resource"),
        ("grants.2.client", "missing"),
        ("grants.2.purpose", "missing"),
        ("grants.2.until", "missing"),
        ("grants.2.statutory", "type"),
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", ("", "grants")),
        ("grants = []", ("", "grants")),
        ("grants = 3", ("", "grants")),
        ("grants = [3]", ("grants.1", "type")),
        ("[[grants]\n", ("", "toml")),
        (FILE.replace('client = "hall"', 'client = ""'), ("grants.1.client", "type")),
        (FILE.replace('links = ["leaf"]', "links = [true]"), ("grants.1.links.True", "unknown-link")),
        (FILE.replace('verify = ["name"]', "verify = [3]"), ("grants.1.verify.3", "unknown-item")),
        (FILE.replace("quota = 500", "quota = true"), ("grants.1.quota", "type")),
        (FILE + FILE.replace("wide", "wider"), ("", "twice")),
        (FILE + FILE.replace('"keeping"', '"k"').replace('"opening"', '"o"'), ("", "twice")),
    ],
)
def test_one_fault_is_named(text, fault):
    assert fault in faults_of(text)


def test_faults_name_the_file_and_stand_one_a_line():
    with pytest.raises(
        GrantFileError, match=r"^g\.toml: grants\.1\.resource: sheets is not published \[unknown-resource\]$"
    ):
        grants_from_toml(FILE.replace('resource = "sheet"', 'resource = "sheets"'), "g.toml", SNAPSHOT)


def test_a_file_without_an_offset_means_the_time_of_asia_shanghai():
    text = FILE.replace("2027-01-01T00:00:00+08:00", "2027-01-01T00:00:00")
    assert grants_from_toml(text, "g.toml", SNAPSHOT) == grants_from_toml(FILE, "g.toml", SNAPSHOT)


def test_the_written_file_of_each_grant_gives_it_again():
    for grant in grants_from_toml(FILE, "g.toml", SNAPSHOT):
        text = grant_to_toml(grant, SNAPSHOT.resources[grant.resource])
        assert grants_from_toml(text, "g.toml", SNAPSHOT) == (grant,)


grants = st.builds(
    Grant, st.just("g"), st.just("hall"), st.just("sheet"), st.just("opening"),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(lambda t: t.replace(microsecond=0)),
    items=st.fixed_dictionaries({}, optional={
        "no": st.just(Shown.PLAIN), "phone": st.sampled_from(Shown),
        "name": st.just(Shown.PLAIN), "code": st.sampled_from(Shown),
    }),
    verify=st.sampled_from([frozenset(), frozenset({"name"})]), links=st.sampled_from([frozenset(), frozenset({"leaf"})]),
    lookup=st.booleans(), quota=st.none() | st.integers(0, 10**9), statutory=st.booleans(), consent_required=st.booleans(),
    rows=st.sampled_from([TRUE, Reached("valid_to", -30), Either((Compare("fine", Op.LT, 1), Not(Compare("no", Op.EQ, "'")))),
                          Compare("state", Op.NOT_IN, ()), Compare("phone", Op.IS_NULL, True)]),
    document=st.text(st.characters(blacklist_categories=("Cs",))),
)  # fmt: skip


@given(grants)
def test_any_grant_is_written_so_that_it_is_read_again_as_a_request(grant):
    active = replace(grant, state=GrantState.ACTIVE)
    assert grants_from_toml(grant_to_toml(active, SHEET), "g.toml", SNAPSHOT) == (grant,)
