"""`hub client …` and `hub grant …`: who may come and what they may see, and what ends with what."""

import asyncio
from datetime import timedelta
from hashlib import sha256

import pytest
from joserfc.jwk import KeySet

from auth.bearer import Bearer, TokenRefused
from auth.grants import GrantState
from auth.keys import new_signing_key, read_signing_key
from auth.server.access_token import Issuer
from auth.stores.sqlite import SqliteAccess
from catalogue.stores.sqlite_file import SqliteFile
from hub.granting import REMOVED
from hub.services import utc_now

ADD = ("--title", "招投标资格审查", "--department", "11350000003590771U", "--scope", "legal_person:read")
GRANT = """
[[grants]]
client = "{client}"
resource = "{resource}"
purpose = "qualification"
until = {until}
{more}
approvals = [
    {{ person = "林晓", role = "applicant data officer", at = 2026-01-02T09:00:00 }},
    {{ person = "{second}", role = "provider", at = 2026-01-03T15:30:00 }},
]
"""


@pytest.fixture
def access(tmp_path):
    """Clients and grants as they stand in the store."""

    def read():
        file = SqliteFile(tmp_path / "data/control.db")
        try:
            return asyncio.run(SqliteAccess(file).access())
        finally:
            file.close()

    return read


@pytest.fixture
def approved(hub, tmp_path):
    """`approved(…)`: the outcome of approving a file with those grants."""

    def approve(*grants):
        said = {"client": "bidding", "resource": "legal_person", "until": "2099-12-31", "second": "陈志远", "more": ""}
        path = tmp_path / "grants.toml"
        path.write_text("".join(GRANT.format(**said | grant) for grant in grants or ({},)), encoding="utf-8")
        return hub("grant", "approve", path)

    return approve


@pytest.fixture
def bidding(hub):
    """A registered client; its secret."""
    (secret,) = hub("client", "add", "bidding", *ADD, "--purpose", "qualification=资格审查").out
    return secret


def test_a_client_is_added_with_a_secret_that_is_kept_only_as_its_hash(bidding, access, evidence, tmp_path):
    kept = access().clients["bidding"]
    assert len(bidding) == 43
    assert kept.secret_hashes == (sha256(bidding.encode()).hexdigest(),)
    assert [(p.code, p.title) for p in kept.purposes] == [("qualification", "资格审查")]
    assert bidding.encode() not in b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    assert [e["operation"] for e in evidence()] == ["client added"]
    assert evidence()[0]["operator"]


def test_every_fault_of_a_registration_is_named_at_once_and_nothing_is_kept(hub, access):
    refused = hub(
        "client", "add", "a:b", "--title", "x", "--department", "1135", "--scope", "wishes:read", "--scope", "hopes:read",
        "--purpose", "1=x", "--purpose", "p", "--purpose", "q=x", "--purpose", "q=y",
    )  # fmt: skip
    assert (refused.code, refused.out) == (2, [])
    for fault in ("'a:b'", "'1135'", "hopes:read", "wishes:read", "'1'", "'p'", "q is given 2 times"):
        assert [line for line in refused.err if fault in line], fault
    assert access().clients == {}


def test_a_client_is_added_once(hub, bidding):
    again = hub("client", "add", "bidding", *ADD)
    assert (again.code, again.err) == (2, ["hub: there is a client bidding already; see `hub client rotate`"])


def test_a_rotated_secret_leaves_the_last_one_valid_unless_it_is_ended(hub, bidding, access):
    (second,) = hub("client", "rotate", "bidding").out
    (third,) = hub("client", "rotate", "bidding").out
    hashes = [sha256(secret.encode()).hexdigest() for secret in (third, second)]
    assert access().clients["bidding"].secret_hashes == tuple(hashes)
    (last,) = hub("client", "rotate", "bidding", "--end-old").out
    assert access().clients["bidding"].secret_hashes == (sha256(last.encode()).hexdigest(),)


@pytest.mark.parametrize("command", [("client", "rotate"), ("client", "remove")])
def test_a_client_that_is_not_there_is_named(hub, command):
    assert hub(*command, "nobody").err == ["hub: there is no client nobody"]


def test_a_removed_client_loses_its_grants_and_gets_none_back_under_its_old_id(
    hub, bidding, approved, access, evidence
):
    assert approved().code == 0
    assert hub("client", "remove", "bidding").out == ["bidding is removed"]
    (ended,) = access().grants.values()
    assert (ended.state, ended.reason) == (GrantState.REVOKED, REMOVED)
    assert access().clients["bidding"].secret_hashes == ()
    assert hub("client", "list").out[0].endswith("\tremoved")
    assert hub("client", "add", "bidding", *ADD).code == 0
    assert access().by_client == {}
    operations = ["client added", "grant activated", "grant revoked", "client removed", "client added"]
    assert [entry["operation"] for entry in evidence()] == operations
    assert evidence()[2]["detail"] == {"reason": REMOVED}


def test_a_token_of_an_earlier_client_of_the_same_id_opens_nothing(hub, bidding, access):
    key = read_signing_key(new_signing_key(lambda size: b"k" * size))
    issuer, bearer = (
        Issuer("http://127.0.0.1:1", key, lambda size: b"j" * size),
        Bearer(KeySet([key]), "http://127.0.0.1:1", "http://127.0.0.1:1"),
    )
    now = utc_now()
    scopes = frozenset({"legal_person:read"})
    old, new = (issuer.sign("bidding", scopes, now + timedelta(seconds=seconds)) for seconds in (-5, 0))
    assert bearer.principal(new, access(), now).client_id == "bidding"
    with pytest.raises(TokenRefused, match="not registered any more"):
        bearer.principal(old, access(), now)


def test_clients_are_listed_with_their_scopes(hub, bidding):
    (line,) = hub("client", "list").out
    assert line.split("\t") == ["bidding", "招投标资格审查", "11350000003590771U", "legal_person:read"]


def test_a_grant_is_put_in_force_listed_and_revoked(hub, bidding, approved, access, evidence):
    name = "bidding.legal_person.qualification"
    assert approved().out == [f"{name}: active until 2099-12-31 00:00+0800"]
    assert evidence()[-1]["detail"] == {"approved": "林晓 (applicant data officer), 陈志远 (provider)"}
    assert hub("grant", "list").out[0].split("\t")[:2] == [name, "active"]
    assert hub("grant", "revoke", name, "--reason", "审查结束").code == 0
    assert (access().grants[name].state, access().grants[name].reason) == (GrantState.REVOKED, "审查结束")
    assert hub("grant", "revoke", name, "--reason", "again").err == [
        f"hub: grant {name} is revoked: only one that is active can be revoked"
    ]


def test_one_natural_person_does_not_count_twice(bidding, approved, access):
    refused = approved({"second": "林 晓"})
    assert (refused.code, len(refused.err)) == (2, 1)
    assert "1 natural person(s) approved it, at least 2 different ones must" in refused.err[0]
    assert access().grants == {}


def test_where_one_grant_of_a_file_is_wrong_none_is_put_in_force(hub, bidding, approved, access, evidence):
    refused = approved(
        {}, {"resource": "licence", "client": "nobody"}, {"resource": "matter", "until": "2020-01-01", "second": "林晓"}
    )
    assert refused.code == 2
    assert sorted(line.partition(": ")[2] for line in refused.err) == [
        "grant bidding.matter.qualification: 1 natural person(s) approved it, at least 2 different ones must",
        "grant bidding.matter.qualification: `until` has passed",
        "grant nobody.licence.qualification: there is no client nobody",
    ]
    assert access().grants == {}
    assert [entry["operation"] for entry in evidence()] == ["client added"]


def test_a_removed_client_is_granted_nothing(hub, bidding, approved):
    hub("client", "remove", "bidding")
    assert approved().err == ["hub: grant bidding.legal_person.qualification: there is no client bidding"]


def test_a_grant_does_not_take_anothers_id_nor_anothers_place(bidding, approved):
    approved()
    taken = approved({"resource": "licence", "more": 'id = "bidding.legal_person.qualification"'})
    assert taken.err == [
        "hub: grant bidding.legal_person.qualification: the id is that of bidding legal_person qualification"
    ]
    second = approved({"more": 'id = "second"'})
    assert second.err == [
        (
            "hub: grant second: bidding.legal_person.qualification is active for bidding legal_person qualification; "
            "revoke it first"
        )
    ]


def test_every_fault_of_a_grant_file_is_a_line(bidding, approved):
    refused = approved({"more": 'items = { colour = "plain" }\nlinks = ["nowhere"]\nquota = -1'})
    assert refused.code == 2
    for place in ("items.colour", "links.nowhere", "quota"):
        assert [line for line in refused.err if f"grants.1.{place}" in line], place


def test_a_grant_file_that_is_no_text_is_named(hub, tmp_path):
    (tmp_path / "grants.toml").write_bytes(b"\xff")
    refused = hub("grant", "approve", tmp_path / "grants.toml")
    assert (refused.code, len(refused.err)) == (2, 1)
    assert "grants.toml: 'utf-8' codec" in refused.err[0]


def test_a_grant_that_is_not_there_cannot_be_revoked(hub):
    assert hub("grant", "revoke", "g", "--reason", "r").err == ["hub: there is no grant g"]
