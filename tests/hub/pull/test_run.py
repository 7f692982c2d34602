"""Walk 2 on real CSV files and the embedded stores: what a pull creates, changes, deletes, sets aside and refuses."""

from dataclasses import replace

import pytest

from catalogue.model import Identity
from hub.control.ports import BindingState
from hub.errors import StoreUnavailable
from hub.pull.guards import with_drift_accepted
from hub.pull.model import Step, after
from hub.pull.report import Outcome
from hub.records.model import Operation
from tests.hub.pull.office import HEAD, Hub, binding_to, licence, replayed, row


async def test_a_first_pull_creates_every_record_and_the_log_says_so(hub):
    hub.send(row("A1", amount="1.50"), row("a2"))
    tally = await hub.pull()
    assert tally.good, tally.message
    assert await hub.values("amount") == [("A1", 150), ("A2", None)]
    assert await hub.told() == [("CREATED", "A1"), ("CREATED", "A2")]
    assert replayed(await hub.changes()) == {i.handle: i for i in (await hub.images()).values()}


async def test_only_what_differs_becomes_a_change(hub):
    hub.send(row("A1"), row("A2"), row("A3"))
    await hub.pull()
    hub.after(hours=1)
    hub.send(row("A1"), row("A2", name="改名"), row("A4"))
    tally = await hub.pull()
    assert (await hub.told())[3:] == [("UPDATED", "A2"), ("CREATED", "A4"), ("DELETED", "A3")]
    assert tally.counts() == {
        "read": 3, "created": 1, "updated": 1, "deleted": 1, "moment": 0, "unchanged": 1, "missing": 1, "quarantined": 0,
    }  # fmt: skip
    assert replayed(await hub.changes()) == {i.handle: i for i in (await hub.images()).values()}


async def test_an_unchanged_source_makes_no_change_however_often_it_is_read(hub):
    hub.send(row("A1", amount="3.00", valid_to="2027-01-01", public_from="2026-01-01 08:00:00"), row("A2"))
    await hub.pull()
    for full in (True, True, False):
        hub.after(days=1)
        tally = await hub.pull(full=full)
        assert tally.operations.total() == 0
    assert len(await hub.changes()) == 2


async def test_other_spellings_of_the_same_key_are_the_same_record(hub):
    hub.send(row("AB1"))
    await hub.pull()
    hub.send(row(" ａｂ1 ", name="许可证AB1"))
    await hub.pull()
    assert list(await hub.images()) == ["AB1"]


async def test_more_rows_than_a_batch_arrive_in_source_order(hub):
    codes = [f"A{n:04d}" for n in range(1203)]
    hub.send(*map(row, codes))
    assert (await hub.pull()).read == 1203
    assert [code for _, code in await hub.told()] == codes


async def test_a_bad_row_is_set_aside_with_its_place_and_reason_and_the_rest_arrives(hub):
    hub.send(row("A1"), row(""), row("A2", valid_to="31 Feb"), row("A1", name="again"))
    tally = await hub.pull()
    assert tally.good
    assert await hub.values("name", "valid_to") == [("A1", "许可证A1", None), ("A2", "许可证A2", None)]
    set_aside = await hub.stores.ledger.quarantined(tally.run, None, 10)
    assert [(q.position.split(":")[-1], q.reason) for q in set_aside] == [
        ("3", "key_unusable: key item code is missing"), ("5", "key_twice"),
    ]  # fmt: skip
    assert '"again"' in set_aside[1].raw
    assert tally.quarantined.total() == 2
    assert tally.warnings == {"not_a_date": 1}
    assert (await hub.images())["A2"].warnings[0].item == "valid_to"


async def test_a_line_that_cannot_be_read_is_set_aside_too(hub):
    hub.send_text(",".join(HEAD) + "\nA1,x,,,,,,\nA2,too,few\nA3,x,,,,,,\n")
    tally = await hub.pull()
    assert sorted(await hub.images()) == ["A1", "A3"]
    assert [reason.split(":")[0] for reason in tally.quarantined] == ["unreadable"]


async def test_the_same_key_from_a_second_binding_is_set_aside(hub):
    other = binding_to(hub.folder, "county_csv")
    hub.others = (other,)
    hub.send(row("A1"))
    hub.send(row("A1", name="县局"), row("B1"), name="county_csv")
    await hub.pull()
    tally = await hub.pull(other)
    assert await hub.values("name") == [("A1", "许可证A1"), ("B1", "许可证B1")]
    assert tally.quarantined == {"key_of_another_binding: licences_csv": 1}
    assert len(await hub.stores.ledger.quarantined(None, "county_csv", 10)) == 1


async def test_where_the_binding_is_part_of_the_identity_both_keep_their_record(hub):
    other = binding_to(hub.folder, "county_csv")
    hub.others, hub.resource = (other,), licence(identity=Identity.BINDING_AND_KEY)
    hub.send(row("A1"))
    hub.send(row("A1"), name="county_csv")
    await hub.pull()
    assert (await hub.pull(other)).good
    assert hub.handle("A1") != hub.handle("A1", "county_csv")
    assert len(await hub.changes()) == 2


async def test_a_binding_deletes_only_its_own_records(hub):
    other = binding_to(hub.folder, "county_csv", delete_share=1.0)
    hub.others = (other,)
    hub.send(row("A1"))
    hub.send(row("B1"), row("B2"), name="county_csv")
    await hub.pull()
    await hub.pull(other)
    hub.send(row("C1"), name="county_csv")
    await hub.pull(other)
    assert sorted(await hub.images()) == ["A1", "C1"]


async def test_records_of_a_binding_that_is_gone_are_taken_over_by_the_one_that_sends_them(hub):
    hub.send(row("A1"))
    await hub.pull()
    hub.binding = binding_to(hub.folder, "renamed")
    hub.send(row("A1"), name="renamed")
    assert (await hub.pull()).operations == {Operation.UPDATED: 1}
    assert (await hub.images())["A1"].binding == "renamed"


async def test_too_many_missing_records_wait_for_a_persons_word(hub):
    hub.send(*[row(f"A{n}") for n in range(10)])
    await hub.pull()
    hub.send(row("A0"), row("A1", name="改名"))
    tally = await hub.pull()
    assert tally.outcome is Outcome.GUARDED
    assert "8 of 10 records are missing" in tally.message
    assert len(await hub.images()) == 10
    assert (await hub.told())[-1] == ("UPDATED", "A1")
    assert "8 of 10" in (await hub.ledger.binding("licences_csv")).last_error
    assert (await hub.pull()).outcome is Outcome.GUARDED  # it stays loud
    assert (await hub.pull(allow_delete=True)).good
    assert sorted(await hub.images()) == ["A0", "A1"]
    assert (await hub.ledger.binding("licences_csv")).last_error is None


async def test_an_empty_file_deletes_nothing(hub):
    hub.send(row("A1"), row("A2"))
    await hub.pull()
    hub.send()
    assert (await hub.pull()).outcome is Outcome.GUARDED
    assert len(await hub.images()) == 2


async def test_a_record_whose_row_became_unreadable_is_not_deleted_on_suspicion(hub):
    hub.send(row(""), *[row(f"A{n}") for n in range(9)])
    await hub.pull()
    hub.send(row(""), row("", name="许可证A0"), *[row(f"A{n}") for n in range(1, 9)])
    tally = await hub.pull()
    assert tally.outcome is Outcome.GUARDED
    assert "1 rows whose key cannot be read" in tally.message
    assert len(await hub.images()) == 9
    hub.send(row(""), *[row(f"A{n}") for n in range(1, 9)])  # the bad row that was always there hides nothing
    assert (await hub.pull()).good
    assert len(await hub.images()) == 8


async def test_a_row_that_stands_twice_still_stands_for_its_record(hub):
    hub.send(row("A1"), row("A2"))
    await hub.pull()
    hub.send(row("A1"), row("A2"), row("A2"))
    assert (await hub.pull()).operations.total() == 0


async def test_a_binding_that_is_not_complete_never_deletes(hub):
    hub.binding = replace(hub.binding, complete=False)
    hub.send(row("A1"), row("A2"))
    await hub.pull()
    hub.send(row("A1", name="改名"))
    assert (await hub.pull(full=True, allow_delete=True)).good
    assert await hub.values("name") == [("A1", "改名"), ("A2", "许可证A2")]


async def test_in_a_source_of_changes_a_later_row_is_the_newer_one(hub):
    hub.binding = replace(hub.binding, complete=False)
    hub.send(row("A1", name="一"), row("A2"), row("A1", name="二"))
    assert (await hub.pull()).good
    assert await hub.told() == [("CREATED", "A1"), ("CREATED", "A2"), ("UPDATED", "A1")]
    assert (await hub.images())["A1"].values["name"] == "二"


async def test_a_changed_shape_stops_the_binding_loudly_and_leaves_its_data(hub):
    hub.send(row("A1"))
    await hub.pull()
    hub.send(row("A1", name="改名"), head=[*HEAD, "备注"])
    tally = await hub.pull()
    assert tally.outcome is Outcome.DRIFTED
    assert "new: 备注" in tally.message
    state = await hub.ledger.binding("licences_csv")
    assert state.paused.startswith("drift: ")
    assert state.last_error == tally.message
    assert await hub.values("name") == [("A1", "许可证A1")]


async def test_columns_in_another_order_are_the_same_shape(hub):
    hub.send(row("A1"))
    await hub.pull()
    hub.send(row("A1", name="改名"), head=tuple(reversed(HEAD)))
    assert (await hub.pull()).operations == {Operation.UPDATED: 1}


async def test_a_binding_stopped_by_drift_goes_on_when_the_shape_is_back_or_a_person_accepts_it(hub):
    wider = [*HEAD, "备注"]
    hub.send(row("A1"))
    await hub.pull()
    hub.send(row("A1"), head=wider)
    await hub.pull()
    hub.send(row("A1", name="二"))
    assert (await hub.pull()).good
    assert (await hub.ledger.binding("licences_csv")).paused is None
    hub.send(row("A1", name="三"), head=wider)
    assert (await hub.pull()).outcome is Outcome.DRIFTED
    await hub.ledger.save_binding(with_drift_accepted(await hub.ledger.binding("licences_csv")))
    assert (await hub.pull()).good
    assert await hub.values("name") == [("A1", "三")]


async def test_a_column_that_the_binding_reads_and_that_is_gone_is_drift_too(hub):
    hub.send(row("A1"))
    await hub.pull()
    hub.send(row("A1"), head=[name for name in HEAD if name != "amount"])
    assert (await hub.pull()).outcome is Outcome.DRIFTED
    assert len(await hub.images()) == 1


async def test_a_department_that_is_down_at_the_start_costs_nothing_and_is_remembered(hub):
    tally = await hub.pull()
    assert tally.outcome is Outcome.UNAVAILABLE
    assert tally.retryable
    state = await hub.ledger.binding("licences_csv")
    assert "licences_csv.csv" in state.last_error
    assert state.last_success is None
    [run] = await hub.ledger.runs("licences_csv", 5)
    assert (run.outcome, run.message) == ("unavailable", tally.message)
    hub.send(row("A1"))
    assert (await hub.pull()).good
    assert (await hub.ledger.binding("licences_csv")).last_error is None


async def test_bytes_that_are_not_the_declared_encoding_stop_the_pull_and_delete_nothing(hub):
    hub.send(*[row(f"A{n}") for n in range(20)])
    await hub.pull()
    text = "\n".join([",".join(HEAD), *(f"A{n},许可证,,,,,," for n in range(20))])
    (hub.folder / "licences_csv.csv").write_bytes(text.encode("gb18030"))
    tally = await hub.pull()
    assert tally.outcome is Outcome.BROKEN
    assert not tally.retryable
    assert len(await hub.images()) == 20


async def test_a_binding_that_cannot_be_followed_is_misconfigured(hub):
    hub.send(row("A1"))
    hub.binding = replace(hub.binding, options={**hub.binding.options, "encoding": "ebcdic"})
    assert (await hub.pull()).outcome is Outcome.MISCONFIGURED


async def test_a_binding_that_a_person_paused_is_left_alone(hub):
    hub.send(row("A1"))
    await hub.ledger.save_binding(BindingState("licences_csv", paused="张三: 系统升级"))
    tally = await hub.pull()
    assert (tally.outcome, tally.message) == (Outcome.PAUSED, "张三: 系统升级")
    assert await hub.images() == {}


async def test_one_binding_is_pulled_by_one_worker_at_a_time(hub):
    hub.send(row("A1"))
    held = await hub.control.lease("binding:licences_csv", "another", 60)
    hub.worker = replace(hub.worker, patience=0.0)
    tally = await hub.pull()
    assert tally.outcome is Outcome.BUSY
    assert tally.retryable
    await hub.control.release(held)
    assert (await hub.pull()).good


async def test_a_dry_run_counts_and_writes_nothing(hub):
    hub.send(row("A1"), row("A2"), row("A3"))
    await hub.pull()
    before = await hub.changes(), await hub.ledger.runs(None, 10), await hub.ledger.binding("licences_csv")
    hub.send(row("A1"), row("A2", name="改名"), row("A4"), row(""))
    tally = await hub.pull(dry_run=True, allow_delete=True)
    assert tally.good
    assert tally.operations == {Operation.CREATED: 1, Operation.UPDATED: 1, Operation.DELETED: 1}
    assert (tally.unchanged, tally.missing, tally.quarantined.total()) == (1, 1, 1)
    assert before == (await hub.changes(), await hub.ledger.runs(None, 10), await hub.ledger.binding("licences_csv"))
    assert await hub.control.lease("binding:licences_csv", "another", 1)


async def test_a_dry_run_before_the_first_pull_works_too(hub):
    hub.send(row("A1"))
    assert (await hub.pull(dry_run=True)).operations == {Operation.CREATED: 1}
    assert await hub.control.states() == {}


async def test_a_dry_run_tells_that_the_guard_would_hold(hub):
    hub.send(*[row(f"A{n}") for n in range(10)])
    await hub.pull()
    hub.send(row("A0"))
    tally = await hub.pull(dry_run=True)
    assert (tally.outcome, tally.missing) == (Outcome.GUARDED, 9)


async def test_the_run_and_the_binding_remember_how_the_pull_went(hub):
    hub.send(row("A1"))
    tally = await hub.pull()
    [run] = await hub.ledger.runs("licences_csv", 5)
    assert (run.id, run.outcome, run.full, run.counts["created"]) == (tally.run, "done", True, 1)
    state = await hub.ledger.binding("licences_csv")
    assert state.last_success == state.last_full == "2026-03-01T08:00:00.000Z"
    assert state.cleared == tally.run
    assert sorted(state.shape) == sorted(HEAD)


async def test_the_report_reads_as_sentences_with_every_count(hub):
    hub.send(row("A1", amount="many"), row("A1"), row(""))
    text = "\n".join((await hub.pull()).lines())
    assert "licence from licences_csv: done" in text
    assert "read 3: 1 created, 0 updated, 0 unchanged, 0 deleted, 2 quarantined" in text
    assert "quarantined: key_twice 1, key_unusable: key item code is missing 1" in text
    assert "warnings: not_a_number 1" in text
    assert "records/s, peak memory" in text


async def test_every_step_is_announced_in_order_and_nothing_else(hub):
    hub.send(row("A1"), row(""))
    names = []
    await hub.pull(reached=names.append)
    first = list(dict.fromkeys(names))
    assert first[:8] == [name for step in list(Step)[:4] for name in (str(step), after(step))]
    assert set(first) == {name for step in Step for name in (str(step), after(step))}


async def test_on_a_full_disk_nothing_committed_is_lost_and_the_next_pull_goes_on(tmp_path):
    small = Hub(tmp_path, records_pages=60)
    small.send(*[row(f"A{n:04d}", name="名" * 100) for n in range(3000)])
    with pytest.raises(StoreUnavailable, match="full"):
        await small.pull()
    small.close()
    hub = Hub(tmp_path)
    assert (await hub.pull()).good
    assert [code for _, code in await hub.told()] == [f"A{n:04d}" for n in range(3000)]
    assert replayed(await hub.changes()) == {i.handle: i for i in (await hub.images()).values()}
    assert [r.outcome for r in await hub.ledger.runs(None, 5)] == ["done", "interrupted"]
    hub.close()
