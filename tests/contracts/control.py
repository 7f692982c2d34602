"""The contract of `hub.control.ports`: every implementation of Control and PullLedger passes it.

To use it: subclass and give the fixtures `control`, `ledger`, `store_clock` (a callable that moves the store's clock on
by seconds) and `again` (a callable that gives a second, independently opened pair on the same store).
"""

import asyncio
from dataclasses import replace

import pytest

from hub.control.ports import BindingState, Commit, Condition, Quarantined, ResourceState, Run, SystemState
from hub.errors import Fenced

AT = "2026-01-01T00:00:00.000Z"
LATER = "2026-01-02T00:00:00.000Z"


def run(number=1, binding="b", **fields):
    return Run(f"{binding}:{number}", binding, AT, full=True, **fields)


def bad(position, of="b:1", binding="b", raw="x"):
    return Quarantined(of, binding, position, "key_missing", raw, AT)


class ControlContract:
    """Leases, fences, and the marks of the change protocol."""

    async def test_a_lease_is_refused_while_another_holder_has_it_and_given_once_it_expires(self, control, store_clock):
        first = await control.lease("r", "a", 10)
        assert await control.lease("r", "b", 10) is None
        store_clock(9)
        assert await control.lease("r", "b", 10) is None
        store_clock(1)
        second = await control.lease("r", "b", 10)
        assert second.fence > first.fence
        assert second.expires == first.expires + 10

    async def test_every_lease_has_a_higher_fence_also_after_release_and_for_the_same_holder(self, control):
        fences = []
        for holder in ("a", "a", "b", "a"):
            lease = await control.lease("r", holder, 10)
            fences.append(lease.fence)
            if holder == "b" or len(fences) == 2:
                await control.release(lease)
        assert fences == sorted(set(fences))

    async def test_leases_of_different_names_do_not_touch_each_other(self, control):
        assert await control.lease("r", "a", 10)
        assert await control.lease("s", "b", 10)
        assert await control.lease("binding:r", "b", 10)

    async def test_of_many_who_ask_at_once_one_gets_the_lease(self, control, again):
        other, _ = again()
        asked = [(control, other)[n % 2].lease("r", f"holder {n}", 10) for n in range(10)]
        assert sum(lease is not None for lease in await asyncio.gather(*asked)) == 1

    async def test_a_renewed_lease_lives_longer_and_a_lost_one_cannot_be_renewed(self, control, store_clock):
        lease = await control.lease("r", "a", 10)
        store_clock(8)
        lease = await control.renew(lease, 10)
        store_clock(8)
        assert await control.lease("r", "b", 10) is None
        store_clock(2)
        assert await control.lease("r", "b", 10)
        with pytest.raises(Fenced, match="a lost the lease of r"):
            await control.renew(lease, 10)

    async def test_an_expired_lease_that_nobody_took_can_still_be_renewed_and_commit(self, control, store_clock):
        lease = await control.lease("r", "a", 10)
        store_clock(100)
        await control.commit(lease, Commit(3))
        assert (await control.renew(lease, 10)).fence == lease.fence

    async def test_releasing_a_lost_lease_does_not_take_it_from_its_new_holder(self, control, store_clock):
        old = await control.lease("r", "a", 10)
        store_clock(10)
        await control.lease("r", "b", 10)
        await control.release(old)
        assert await control.lease("r", "c", 10) is None

    async def test_a_released_or_lost_lease_cannot_commit(self, control, store_clock):
        released = await control.lease("r", "a", 10)
        await control.release(released)
        with pytest.raises(Fenced):
            await control.commit(released, Commit(1))
        lost = await control.lease("r", "a", 10)
        store_clock(10)
        await control.lease("r", "b", 10)
        with pytest.raises(Fenced):
            await control.commit(lost, Commit(1, "b", "checkpoint"))
        assert (await control.state("r")).watermark == 0

    async def test_a_resource_never_written_has_the_default_state(self, control):
        assert await control.state("r") == ResourceState("r")
        assert await control.states() == {}

    async def test_a_commit_moves_watermark_checkpoint_and_moment_mark_together(self, control, ledger):
        lease = await control.lease("r", "a", 10)
        await control.commit(lease, Commit(5, "b", "page 1", AT))
        assert await control.state("r") == ResourceState("r", 1, lease.fence, 5, 0, AT)
        assert (await ledger.binding("b")).checkpoint == "page 1"

    async def test_a_refused_commit_moves_nothing(self, control, ledger):
        lease = await control.lease("r", "a", 10)
        await control.commit(lease, Commit(5, "b", "page 1", AT))
        await control.release(lease)
        with pytest.raises(Fenced):
            await control.commit(lease, Commit(9, "b", "page 2", LATER))
        assert await control.state("r") == ResourceState("r", 1, lease.fence, 5, 0, AT)
        assert (await ledger.binding("b")).checkpoint == "page 1"

    async def test_the_same_commit_again_changes_nothing(self, control):
        lease = await control.lease("r", "a", 10)
        for _ in range(2):
            await control.commit(lease, Commit(5, "b", "page 1", AT))
        assert (await control.state("r")).watermark == 5

    async def test_a_commit_without_binding_or_moment_mark_leaves_them(self, control, ledger):
        lease = await control.lease("r", "a", 10)
        await control.commit(lease, Commit(5, "b", "page 1", AT))
        await control.commit(lease, Commit(6))
        assert (await control.state("r")).moments_until == AT
        assert (await ledger.binding("b")).checkpoint == "page 1"

    async def test_a_checkpoint_of_none_means_from_the_beginning(self, control, ledger):
        lease = await control.lease("r", "a", 10)
        await control.commit(lease, Commit(5, "b", "page 1"))
        await control.commit(lease, Commit(5, "b", None))
        assert (await ledger.binding("b")).checkpoint is None

    async def test_watermark_and_moment_mark_never_move_back(self, control):
        lease = await control.lease("r", "a", 10)
        await control.commit(lease, Commit(5, moments_until=LATER))
        await control.commit(lease, Commit(5, moments_until=AT))
        with pytest.raises(ValueError, match="watermark stands at 5"):
            await control.commit(lease, Commit(4))
        assert await control.state("r") == ResourceState("r", 1, lease.fence, 5, 0, LATER)

    async def test_applied_never_moves_back_and_never_past_the_watermark(self, control):
        lease = await control.lease("r", "a", 10)
        await control.commit(lease, Commit(5))
        await control.applied(lease, 5)
        await control.applied(lease, 3)
        assert (await control.state("r")).applied == 5
        with pytest.raises(ValueError, match="not committed"):
            await control.applied(lease, 6)

    async def test_the_confirmation_sums_applied_over_all_resources(self, control):
        for name, seq in (("r", 5), ("s", 7), ("r", 6), ("r", 6)):
            lease = await control.lease(name, "a", 10)
            await control.commit(lease, Commit(seq))
            await control.applied(lease, seq)
        confirmed = await control.confirm()
        assert (confirmed.catalogue_version, confirmed.grants_version, confirmed.applied_sum) == (0, 0, 13)

    async def test_states_lists_every_resource_that_was_committed_to(self, control):
        for name in ("r", "s"):
            await control.commit(await control.lease(name, "a", 10), Commit(2))
        await control.lease("binding:b", "a", 10)
        states = await control.states()
        assert set(states) == {"r", "s"}
        assert states["r"] == await control.state("r")

    async def test_what_one_process_commits_another_sees_at_once(self, control, again):
        other, ledger = again()
        assert await other.state("r") == ResourceState("r")
        lease = await control.lease("r", "a", 10)
        await control.commit(lease, Commit(5, "b", "page 1"))
        assert (await other.state("r")).watermark == 5
        assert (await ledger.binding("b")).checkpoint == "page 1"
        assert await other.lease("r", "b", 10) is None


class LedgerContract:
    """Bindings, runs and quarantine."""

    async def test_a_binding_never_pulled_has_the_default_state(self, ledger):
        assert await ledger.binding("b") == BindingState("b")

    async def test_a_saved_binding_comes_back_and_its_checkpoint_moves_only_by_a_commit(self, control, ledger):
        saved = BindingState("b", None, ("代码", "名称"), AT, AT, "down", "paused by 张三", "b:1")
        await ledger.save_binding(saved)
        assert await ledger.binding("b") == saved
        await control.commit(await control.lease("r", "a", 10), Commit(1, "b", "page 1"))
        await ledger.save_binding(replace(saved, checkpoint="elsewhere", last_error=None))
        assert await ledger.binding("b") == replace(saved, checkpoint="page 1", last_error=None)

    async def test_every_binding_is_listed_by_name_in_one_go(self, control, ledger):
        assert await ledger.bindings() == {}
        await ledger.save_binding(BindingState("b", shape=("代码",)))
        await control.commit(await control.lease("r", "a", 10), Commit(1, "c", "page 1"))
        assert await ledger.bindings() == {
            "b": BindingState("b", shape=("代码",)), "c": BindingState("c", checkpoint="page 1"),
        }  # fmt: skip

    async def test_a_run_is_remembered_with_what_it_counted(self, ledger):
        await ledger.start(run())
        assert await ledger.runs("b", 5) == [run()]
        ended = run(ended=LATER, outcome="done", counts={"read": 3}, message="好")
        await ledger.finish(ended)
        assert await ledger.runs("b", 5) == [ended]

    async def test_the_latest_runs_come_first_and_of_every_binding_where_none_is_named(self, ledger):
        for made in (run(1), run(2), run(1, "c")):
            await ledger.start(made)
        assert [r.id for r in await ledger.runs("b", 5)] == ["b:2", "b:1"]
        assert [r.id for r in await ledger.runs(None, 2)] == ["c:1", "b:2"]

    async def test_a_run_that_never_ended_is_said_to_be_interrupted_when_the_next_begins(self, ledger):
        for made in (run(1), run(1, "c"), run(2)):
            await ledger.start(made)
        assert [r.outcome for r in await ledger.runs("b", 5)] == ["running", "interrupted"]
        assert [r.outcome for r in await ledger.runs("c", 5)] == ["running"]

    async def test_quarantined_rows_come_back_in_source_order_and_only_once(self, ledger):
        await ledger.start(run())
        rows = [bad("b.csv:10"), bad("b.csv:2", raw="王,,\n")]
        await ledger.quarantine(rows)
        await ledger.quarantine([*rows, bad("b.csv:11")])
        assert await ledger.quarantined("b:1", None, 9) == [*rows, bad("b.csv:11")]

    async def test_quarantine_is_asked_by_run_or_by_binding_latest_run_first(self, ledger):
        for made in (run(1), run(1, "c"), run(2)):
            await ledger.start(made)
        await ledger.quarantine([bad("1", "b:1"), bad("1", "c:1", "c"), bad("1", "b:2"), bad("2", "b:2")])
        assert [(q.run, q.position) for q in await ledger.quarantined(None, "b", 9)] == [
            ("b:2", "1"), ("b:2", "2"), ("b:1", "1"),
        ]  # fmt: skip
        assert len(await ledger.quarantined(None, None, 9)) == 4
        assert len(await ledger.quarantined(None, "b", 2)) == 2
        assert await ledger.quarantined("c:1", "b", 9) == []

    async def test_old_quarantine_is_forgotten_but_not_that_of_the_run_that_cleared_deletions(self, ledger):
        await ledger.save_binding(BindingState("b", cleared="b:1"))
        for number in range(60):
            await ledger.start(run(number))
            await ledger.quarantine([bad("1", f"b:{number}")])
            await ledger.finish(run(number, ended=AT, outcome="done"))
        kept = [q.run for q in await ledger.quarantined(None, "b", 100)]
        assert kept[0] == "b:59"
        assert kept[-1] == "b:1"
        assert len(kept) < 60


class UsedAddressesContract:
    """One-time addresses. Fixtures: `used`, `store_clock` as above, and `used_again`, which opens the store anew."""

    async def test_an_address_is_used_once(self, used):
        assert not await used.used("a")
        assert await used.use("a", 60)
        assert await used.used("a")
        assert not await used.use("a", 60)
        assert await used.use("b", 60)

    async def test_of_many_in_several_processes_exactly_one_uses_an_address(self, used, used_again):
        stores = [used, used_again(), used_again()]
        for address in ("a", "b", "c"):
            asked = [stores[n % 3].use(address, 60) for n in range(12)]
            assert sum(await asyncio.gather(*asked)) == 1

    async def test_another_process_sees_at_once_what_was_used(self, used, used_again):
        other = used_again()
        assert not await other.used("a")
        await used.use("a", 60)
        assert await other.used("a")

    async def test_a_used_address_is_remembered_for_its_time_and_then_forgotten(self, used, store_clock):
        await used.use("a", 60)
        store_clock(59)
        assert not await used.use("a", 60)
        store_clock(1)
        assert not await used.used("a")
        assert await used.use("a", 60)


class SystemLedgerContract:
    """The latest word about each system. Fixtures: `systems`, and `systems_again`, which opens the store anew."""

    async def test_nothing_is_known_of_a_system_before_the_first_word(self, systems):
        assert await systems.system_states() == {}

    async def test_since_stays_while_the_condition_does_and_moves_with_it(self, systems):
        times = [f"2026-01-0{day}T00:00:00.000Z" for day in range(1, 5)]
        words = [(Condition.DOWN, "SourceUnavailable"), (Condition.DOWN, "SourceMissing"), (Condition.UP, ""),
                 (Condition.LATE, "SourceTimeout")]  # fmt: skip
        kept = []
        for at, (condition, why) in zip(times, words, strict=True):
            await systems.note_system("police", condition, why, at)
            state = (await systems.system_states())["police"]
            assert (state.system, state.condition, state.why, state.checked_at) == ("police", condition, why, at)
            kept.append(state.since)
        assert kept == [times[0], times[0], times[2], times[3]]

    async def test_it_says_whether_the_condition_changed_and_takes_a_new_system_to_have_been_up(self, systems):
        said = [await systems.note_system("police", condition, "", AT)
                for condition in (Condition.UP, Condition.UP, Condition.DOWN, Condition.DOWN, Condition.UP)]  # fmt: skip
        assert said == [False, False, True, False, True]
        assert await systems.note_system("credit", Condition.FAULTY, "SourceBroken", AT)

    async def test_a_word_older_than_the_kept_one_is_not_kept(self, systems):
        await systems.note_system("police", Condition.UP, "", LATER)
        assert not await systems.note_system("police", Condition.DOWN, "SourceTimeout", AT)
        assert (await systems.system_states())["police"] == SystemState("police", Condition.UP, LATER, "", LATER)

    async def test_another_process_sees_every_system_at_once(self, systems, systems_again):
        other = systems_again()
        for name in ("police", "credit"):
            await systems.note_system(name, Condition.UP, "", AT)
        assert set(await other.system_states()) == {"police", "credit"}
