"""The contract of `auth.ports.AccessStore` and `KeyStore`: every implementation passes it.

To use it: subclass and give the fixtures `access`, `keys` and `again` (a callable that gives a second, independently
opened pair on the same store).
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from auth.grants import Approval, Grant, GrantConflict, GrantState, Shown
from auth.ports import Client, Purpose
from catalogue.rules import Compare, Either, Every, Not, Op, Reached

AT = datetime(2026, 1, 1, tzinfo=UTC)
ACTIVE, REVOKED = GrantState.ACTIVE, GrantState.REVOKED
CLIENT = Client(
    "hall", "办事大厅", "91350100M000100Y43", frozenset({"sheet:read", "feed:subscribe"}), ("ab" * 32, "cd" * 32),
    (Purpose("opening", "企业开办"), Purpose("relief", "低保核查")), AT,
)  # fmt: skip
RULE = Every((
    Compare("state", Op.IN, ("1", "2")), Not(Reached("valid_to", -30)),
    Either((Compare("fine", Op.GTE, 10_000), Compare("share", Op.LT, 0.5), Compare("kept", Op.EQ, True))),
    Compare("note", Op.IS_NULL, False),
))  # fmt: skip
GRANT = Grant(
    "g", "hall", "sheet", "opening", datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=8))),
    {"phone": Shown.MASKED, "name": Shown.PLAIN}, frozenset({"name"}), frozenset({"leaf"}), True, RULE, 500,
    statutory=True, consent_required=True, state=ACTIVE, approvals=(Approval("李强", "provider", AT),),
    reason="无", document="闽数函〔2026〕1号",
)  # fmt: skip


class AccessStoreContract:
    """Clients and grants, their version, and what was spent."""

    async def test_a_new_store_is_empty_at_version_zero(self, access):
        everything = await access.access()
        assert (await access.version(), everything.version) == (0, 0)
        assert (everything.clients, everything.grants) == ({}, {})

    async def test_what_was_saved_comes_back_whole_and_raises_the_version_by_one(self, access, again):
        await access.save_client(CLIENT)
        assert await access.version() == 1
        await access.save_grant(GRANT, expected=None)
        other, _ = again()
        everything = await other.access()
        assert everything.clients == {"hall": CLIENT}
        assert everything.grants == {"g": GRANT}
        assert everything.version == await other.version() == await access.version() == 2

    async def test_a_client_without_anything_optional_and_a_bare_grant_come_back_too(self, access):
        bare_client = Client("c", "", "", frozenset(), ())
        bare = Grant("h", "c", "sheet", "p", AT)
        await access.save_client(bare_client)
        await access.save_grant(bare, expected=None)
        everything = await access.access()
        assert (everything.clients["c"], everything.grants["h"]) == (bare_client, bare)

    async def test_a_client_is_replaced_and_may_be_marked_as_removed(self, access):
        await access.save_client(CLIENT)
        gone = replace(CLIENT, removed=True, scopes=frozenset())
        await access.save_client(gone)
        assert (await access.access()).clients == {"hall": gone}

    async def test_a_grant_is_replaced_only_where_the_expected_one_is_stored(self, access):
        await access.save_grant(GRANT, expected=None)
        revoked = replace(GRANT, state=REVOKED, reason="用途改变")
        for wrong in (None, revoked, replace(GRANT, quota=1)):
            with pytest.raises(GrantConflict):
                await access.save_grant(revoked, expected=wrong)
        with pytest.raises(GrantConflict):
            await access.save_grant(replace(GRANT, id="other", purpose="q"), expected=GRANT)
        assert (await access.version(), (await access.access()).grants) == (1, {"g": GRANT})
        await access.save_grant(revoked, expected=GRANT)
        assert (await access.version(), (await access.access()).grants) == (2, {"g": revoked})

    async def test_the_same_point_of_time_in_another_zone_is_the_same_grant(self, access):
        await access.save_grant(GRANT, expected=None)
        await access.save_grant(replace(GRANT, quota=1), expected=replace(GRANT, until=GRANT.until.astimezone(UTC)))

    async def test_at_most_one_grant_is_active_for_a_client_resource_and_purpose(self, access):
        await access.save_grant(GRANT, expected=None)
        second = replace(GRANT, id="h")
        with pytest.raises(GrantConflict):
            await access.save_grant(second, expected=None)
        requested = replace(second, state=GrantState.REQUESTED)
        await access.save_grant(requested, expected=None)
        with pytest.raises(GrantConflict):
            await access.save_grant(second, expected=requested)
        assert await access.version() == 2
        for number, other in enumerate(({"client_id": "x"}, {"resource": "x"}, {"purpose": "x"})):
            await access.save_grant(replace(GRANT, id=f"x{number}", **other), expected=None)
        await access.save_grant(replace(GRANT, state=REVOKED), expected=GRANT)
        await access.save_grant(second, expected=requested)
        assert (await access.access()).by_client["hall", "sheet", "opening"] == second

    async def test_of_many_who_change_a_grant_at_once_one_wins(self, access, again):
        other, _ = again()
        await access.save_grant(GRANT, expected=None)
        changes = [replace(GRANT, quota=number) for number in range(10)]
        asked = [(access, other)[n % 2].save_grant(each, expected=GRANT) for n, each in enumerate(changes)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        won = [change for change, result in zip(changes, results, strict=True) if result is None]
        assert len(won) == 1
        assert {type(result) for result in results} == {type(None), GrantConflict}
        assert (await other.access()).grants == {"g": won[0]}
        assert await other.version() == 2

    async def test_of_many_who_activate_a_grant_for_one_purpose_at_once_one_wins(self, access, again):
        other, _ = again()
        asked = [(access, other)[n % 2].save_grant(replace(GRANT, id=str(n)), expected=None) for n in range(10)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(result is None for result in results) == 1
        assert len((await access.access()).by_client) == 1

    async def test_everything_is_of_one_version_while_others_write(self, access, again):
        other, _ = again()

        async def write():
            for number in range(20):
                await access.save_client(replace(CLIENT, id=f"c{number}"))

        async def read():
            for _ in range(20):
                everything = await other.access()
                assert len(everything.clients) == everything.version

        await asyncio.gather(write(), read())

    async def test_records_are_counted_against_the_quota_of_the_day_and_never_beyond_it(self, access):
        assert await access.spent("g", "2026-05-01") == 0
        assert not await access.spend("g", "2026-05-01", 11, 10)
        assert await access.spend("g", "2026-05-01", 7, 10)
        assert not await access.spend("g", "2026-05-01", 4, 10)
        assert await access.spent("g", "2026-05-01") == 7
        assert await access.spend("g", "2026-05-01", 3, 10)
        assert await access.spend("g", "2026-05-01", 0, 10)
        assert not await access.spend("g", "2026-05-01", 1, 10)
        assert await access.spend("g", "2026-05-02", 10, 10)
        assert await access.spend("h", "2026-05-01", 10, 10)
        assert not await access.spend("i", "2026-05-01", 1, 0)
        assert [await access.spent(g, "2026-05-01") for g in "ghi"] == [10, 10, 0]

    async def test_spending_of_many_at_once_never_exceeds_the_quota(self, access, again):
        other, _ = again()
        results = await asyncio.gather(*[(access, other)[n % 2].spend("g", "2026-05-01", 3, 20) for n in range(20)])
        assert sum(results) == 6
        assert await access.spent("g", "2026-05-01") == 18

    async def test_spending_is_no_change_of_access_and_gives_nothing_back(self, access):
        await access.spend("g", "2026-05-01", 5, 20)
        assert await access.version() == 0
        with pytest.raises(ValueError, match="never fewer"):
            await access.spend("g", "2026-05-01", -5, 20)
        assert await access.spent("g", "2026-05-01") == 5


class KeyStoreContract:
    """Secrets that are made once."""

    async def test_the_first_secret_of_a_name_is_kept_for_all_later_ones(self, keys, again):
        assert await keys.key("handles", b"first") == b"first"
        assert await keys.key("handles", b"second") == b"first"
        assert await keys.key("cursors", b"\x00other") == b"\x00other"
        _, others = again()
        assert await others.key("handles", b"third") == b"first"

    async def test_of_many_who_start_at_once_all_get_the_same_secret(self, keys, again):
        _, others = again()
        found = await asyncio.gather(*[(keys, others)[n % 2].key("signing", bytes([n])) for n in range(10)])
        assert len(set(found)) == 1
