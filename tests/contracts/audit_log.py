"""What every AuditLog does, whatever it is stored in. A store's test module subclasses `AuditLogContract`."""

import asyncio
import dataclasses

import orjson
import pytest

from auth.audit import ChainedEntry, canonical
from auth.ports import AuditEntry, AuthStoreUnavailable
from auth.verify import Evidence, verify


def entry(name="r1", **fields):
    told = {
        "at": "2026-05-01T01:00:00.000Z",
        "request_id": name,
        "kind": "query",
        "client_id": "hall",
        "department": "11350100003604439X",
        "purpose": "licence-check",
        "case": "2026-17",
        "operator": "张三",
        "operation": "Company",
        "grants": ("g1",),
        "what": {"licence": ("name", "~holder_id")},
        "records": {"licence": ("aaaa", "bbbb")},
    }
    return AuditEntry(**{**told, **fields})


async def stored(log, chain=None):
    return [ChainedEntry(**row) async for row in log.entries(chain)]


def names(entries):
    return [orjson.loads(e.body)["request_id"] for e in entries]


class AuditLogContract:
    """Give the fixtures `open_log(chain)` (a coroutine; closed by the fixture), `signed()` (a coroutine: the signed
    checkpoints in order), `public` and `store_fails()` (a context manager within which every commit fails).
    """

    async def verdict(self, log, signed, public):
        return verify(Evidence(await stored(log), await signed()), public)

    async def test_an_appended_entry_is_there_as_it_was_written(self, open_log):
        log = await open_log("a")
        await log.append([entry()])
        (kept,) = await stored(log)
        assert kept.body == canonical(entry())
        assert (kept.chain, kept.number) == ("a", 1)

    async def test_entries_of_one_call_stand_side_by_side_in_their_order(self, open_log):
        log = await open_log("a")
        calls = [[entry(f"{call}.{n}") for n in range(3)] for call in range(10)]
        await asyncio.gather(*(log.append(call) for call in calls))
        kept = names(await stored(log))
        assert sorted(kept) == sorted(e.request_id for call in calls for e in call)
        assert all([n.rpartition(".")[2] for n in kept[i : i + 3]] == ["0", "1", "2"] for i in range(0, 30, 3))

    async def test_the_chain_holds_after_any_mix_of_calls(self, open_log, signed, public):
        log = await open_log("a")
        for size in (1, 7, 0, 40):
            await asyncio.gather(*(log.append([entry(f"{size}-{n}")]) for n in range(size)))
        await log.close()
        report = await self.verdict(log, signed, public)
        assert report.faults == ()
        assert (report.entries, report.chains, report.unsealed) == (48, 1, 0)

    async def test_two_processes_write_a_chain_each_and_both_hold(self, open_log, signed, public):
        first, second = await open_log("a"), await open_log("b")
        for n in range(5):
            await asyncio.gather(first.append([entry(f"a{n}")]), second.append([entry(f"b{n}")]))
        assert names(await stored(first, "b")) == names(await stored(second, "b")) == [f"b{n}" for n in range(5)]
        assert names(await stored(first)) == [f"{c}{n}" for c in "ab" for n in range(5)]
        await first.close()
        await second.close()
        report = await self.verdict(first, signed, public)
        assert (report.faults, report.entries, report.chains) == ((), 10, 2)

    async def test_a_chain_is_never_opened_twice(self, open_log):
        await open_log("a")
        with pytest.raises(AuthStoreUnavailable):
            await open_log("a")

    async def test_a_failing_store_fails_every_waiting_caller_and_the_chain_goes_on(
        self, open_log, signed, public, store_fails
    ):
        log = await open_log("a")
        await log.append([entry("before")])
        async with store_fails():
            calls = [log.append([entry(f"lost{n}")]) for n in range(8)]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {AuthStoreUnavailable}
        await log.append([entry("after")])
        assert names(await stored(log)) == ["before", "after"]
        await log.close()
        assert (await self.verdict(log, signed, public)).faults == ()

    async def test_a_caller_that_gives_up_waiting_takes_no_neighbour_with_it(self, open_log):
        log = await open_log("a")
        leaving = asyncio.ensure_future(log.append([entry("leaving")]))
        staying = asyncio.ensure_future(log.append([entry("staying")]))
        await asyncio.sleep(0)
        leaving.cancel()
        await staying
        assert "staying" in names(await stored(log))
        assert leaving.cancelled() or (await asyncio.gather(leaving, return_exceptions=True))

    async def test_an_entry_that_no_json_can_say_fails_its_own_caller_only(self, open_log):
        log = await open_log("a")
        good = asyncio.ensure_future(log.append([entry("good")]))
        with pytest.raises(TypeError):
            await log.append([entry("bad", counts={"licence": object()})])
        await good
        assert names(await stored(log)) == ["good"]

    async def test_a_closed_log_takes_no_more_and_may_be_closed_again(self, open_log):
        log = await open_log("a")
        await log.append([entry()])
        await log.close()
        await log.close()
        with pytest.raises(AuthStoreUnavailable):
            await log.append([entry()])

    async def test_closing_waits_for_what_was_appended_before(self, open_log, signed, public):
        log = await open_log("a")
        waiting = [asyncio.ensure_future(log.append([entry(f"r{n}")])) for n in range(20)]
        await asyncio.sleep(0)
        await log.close()
        await asyncio.gather(*waiting)
        report = await self.verdict(log, signed, public)
        assert (report.entries, report.unsealed, report.faults) == (20, 0, ())

    async def test_an_opened_chain_is_signed_before_it_has_entries(self, open_log, signed, public):
        log = await open_log("a")
        await log.append([entry()])
        report = await self.verdict(log, signed, public)
        assert (report.checkpoints, report.unsealed, report.faults) == (1, 1, ())

    async def test_long_lists_of_handles_are_kept_as_count_and_digest(self, open_log):
        log = await open_log("a")
        await log.append([entry(records={"licence": tuple(f"h{n}" for n in range(501)), "person": ("p",)})])
        (kept,) = await stored(log)
        body = orjson.loads(kept.body)
        assert body["records"] == {"person": ["p"]}
        assert body["detail"]["licence.records"] == "501"
        assert dataclasses.asdict(kept)["body"] == kept.body
