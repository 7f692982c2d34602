"""Evidence in memory: one spelling of an entry, chains, checkpoints, and what each kind of tampering looks like."""

import random
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import KeySet

from auth.audit import (
    NOTHING,
    Checkpoint,
    Forged,
    Head,
    bounded,
    canonical,
    chained,
    check_chain_id,
    digest_of,
    read_checkpoint,
    seal,
    sign_checkpoint,
)
from auth.keys import new_signing_key, public_key, read_signing_key, sign
from auth.ports import AuthStoreUnavailable
from auth.verify import Broken, Evidence, verify
from tests.contracts.audit_log import entry

RANDOM = random.Random(3).randbytes
KEY = read_signing_key(new_signing_key(RANDOM))
OTHER = read_signing_key(new_signing_key(RANDOM))
PUBLIC = KeySet([public_key(KEY)])
AT = "2026-05-01T01:00:00.000Z"


def chain(name="a", length=10, words="r"):
    return chained(name, Head(), [canonical(entry(f"{words}{n}")) for n in range(1, length + 1)])


def checkpoints(*stated, key=KEY):
    """Signed checkpoints in order, each over the heads given."""
    signed, previous = [], NOTHING
    for number, heads in enumerate(stated, start=1):
        signed.append(sign_checkpoint(Checkpoint(number, AT, "a", previous, heads), key))
        previous = digest_of(signed[-1])
    return signed


OPENED = {"a": Head()}


def judged(entries, *stated, held=()):
    return verify(Evidence(entries, checkpoints(*stated)), PUBLIC, held)


def only_fault(report):
    (fault,) = report.faults
    return fault.chain, fault.number, fault.broken


def rechained(entries, start):
    """The chain with every hash from `start` on computed anew: what a careful forger does."""
    head = entries[start - 2].head if start > 1 else Head()
    return entries[: start - 1] + chained(entries[0].chain, head, [e.body for e in entries[start - 1 :]])


def edited(one):
    return replace(one, body=one.body.replace("hall", "null"))


def test_an_entry_has_one_spelling_whatever_mapping_it_was_made_of():
    plain = entry(counts={"b": 2, "a": 1}, what={})
    other = entry(counts=MappingProxyType({"a": 1, "b": 2}), what=MappingProxyType({}))
    assert canonical(plain) == canonical(other)
    read = orjson.loads(canonical(plain))
    assert read == orjson.loads(orjson.dumps(asdict(plain)))
    assert list(read) == sorted(read)
    assert "张三" in canonical(plain)
    assert " " not in canonical(entry(operator=""))


@pytest.mark.parametrize("value", [object(), b"x", 2**70])
def test_an_entry_holds_nothing_that_json_cannot_say(value):
    with pytest.raises(TypeError):
        canonical(entry(counts={"licence": value}))


def test_up_to_500_handles_stand_in_the_entry_and_longer_lists_as_count_and_digest():
    short = tuple(f"h{n:03d}" for n in range(500))
    assert bounded(entry(records={"licence": short})).records["licence"] == short
    long = (*short, "h500")
    told = bounded(entry(records={"licence": long, "person": ("p",)}, detail={"quota": "7"}))
    assert told.records == {"person": ("p",)}
    digest = sha256("\n".join(long).encode()).hexdigest()
    assert told.detail == {"quota": "7", "licence.records": "501", "licence.digest": f"sha256:{digest}"}
    shuffled = random.Random(1).sample(long, len(long))
    assert bounded(entry(records={"licence": tuple(shuffled)})).detail["licence.digest"] == f"sha256:{digest}"
    assert bounded(told) is told


def test_the_hash_of_an_entry_can_be_computed_with_any_sha256_tool():
    first, second = chain(length=2)
    assert first.hash == sha256(f"{'0' * 64}\na\n1\n{first.body}".encode()).hexdigest()
    assert second.hash == sha256(f"{first.hash}\na\n2\n{second.body}".encode()).hexdigest()
    assert second.previous == first.hash


@pytest.mark.parametrize("name", ["", "a\nb", "a b", "名", "a" * 65])
def test_a_chain_id_cannot_blur_what_is_hashed(name):
    with pytest.raises(ValueError, match="chain"):
        check_chain_id(name)


def test_a_checkpoint_reads_back_and_only_by_the_key_that_signed_it():
    checkpoint = Checkpoint(1, AT, "a", NOTHING, {"a": Head(3, "f" * 64), "b": Head(1, "e" * 64)})
    signed = sign_checkpoint(checkpoint, KEY)
    assert read_checkpoint(signed, PUBLIC) == read_checkpoint(signed, public_key(KEY)) == checkpoint
    for forged in (sign_checkpoint(checkpoint, OTHER), signed[:-2], "x", "", signed.replace(".", "", 1)):
        with pytest.raises(Forged):
            read_checkpoint(forged, PUBLIC)


def test_what_the_key_signed_for_another_use_is_no_checkpoint():
    with pytest.raises(Forged, match="no checkpoint"):
        read_checkpoint(sign("at+jwt", b"{}", KEY), PUBLIC)


def test_whole_evidence_is_sound_and_counts_what_no_checkpoint_holds_yet():
    a, b = chain("a"), chain("b", 4)
    report = judged(a + b, {"a": Head(), "b": Head()}, {"a": a[5].head}, {"a": a[6].head, "b": b[3].head})
    assert report.sound
    assert (report.entries, report.chains, report.checkpoints, report.unsealed) == (14, 2, 3, 3)


def test_nothing_at_all_is_sound():
    assert verify(Evidence([], []), PUBLIC).sound


def test_an_edited_entry_is_named():
    whole = chain()
    report = judged([*whole[:4], edited(whole[4]), *whole[5:]], OPENED)
    assert only_fault(report) == ("a", 5, Broken.EDITED)
    assert report.entries == 10
    assert str(report.faults[0]) == "chain a, entry 5: edited: its content does not give its hash"


@pytest.mark.parametrize("number", [1, 5, 10])
def test_an_entry_edited_with_its_own_hash_made_to_fit_is_named(number):
    whole = chain()
    forged = edited(whole[number - 1])
    forged = replace(forged, hash=seal("a", number, forged.previous, forged.body))
    report = judged([*whole[: number - 1], forged, *whole[number:]], OPENED, {"a": whole[-1].head})
    assert only_fault(report) == ("a", number, Broken.EDITED)


def test_a_chain_rewritten_from_an_entry_on_is_found_at_the_first_signed_head():
    whole = chain()
    forged = rechained([*whole[:2], edited(whole[2]), *whole[3:]], 3)
    assert judged(forged, OPENED).sound, "nobody had signed it yet"
    stated = [{"a": whole[n].head} for n in (1, 4, 9)]
    report = judged(forged, OPENED, *stated)
    assert only_fault(report) == ("a", 5, Broken.EDITED)
    assert "rewritten" in report.faults[0].message


def test_a_later_checkpoint_over_a_rewritten_chain_does_not_heal_it():
    whole = chain()
    forged = rechained([*whole[:2], edited(whole[2]), *whole[3:]], 3)
    report = judged(forged, OPENED, {"a": whole[4].head}, {"a": forged[9].head})
    assert only_fault(report) == ("a", 5, Broken.EDITED)
    report = judged(forged, OPENED, {"a": whole[9].head}, {"a": forged[9].head})
    assert only_fault(report) == ("a", 10, Broken.EDITED)


def test_a_removed_entry_is_named():
    whole = chain()
    assert only_fault(judged(whole[:4] + whole[5:], OPENED)) == ("a", 5, Broken.REMOVED)
    assert only_fault(judged(whole[1:], OPENED)) == ("a", 1, Broken.REMOVED)


def test_an_entry_removed_with_the_rest_moved_up_is_found():
    whole = chain()
    moved = whole[:4] + [replace(e, number=e.number - 1) for e in whole[5:]]
    report = judged(moved, OPENED)
    assert only_fault(report) == ("a", 5, Broken.REORDERED)
    assert "written as entry 6" in report.faults[0].message
    headless = [replace(e, number=n, hash=seal("a", n, e.previous, e.body)) for n, e in enumerate(whole[1:], 1)]
    assert only_fault(judged(headless, OPENED)) == ("a", 1, Broken.REMOVED)


def test_swapped_entries_are_named_with_the_place_they_were_written_at():
    whole = chain()
    swapped = [*whole[:3], replace(whole[6], number=4), *whole[4:6], replace(whole[3], number=7), *whole[7:]]
    report = judged(swapped, OPENED)
    assert only_fault(report) == ("a", 4, Broken.REORDERED)
    assert "written as entry 7" in report.faults[0].message


def test_entries_out_of_order_are_reordered():
    whole = chain(length=3)
    assert only_fault(judged([whole[0], whole[1], whole[1], whole[2]], OPENED)) == ("a", 2, Broken.REORDERED)


def test_a_cut_tail_is_found_against_the_checkpoint():
    whole = chain()
    report = judged(whole[:7], OPENED, {"a": whole[8].head})
    assert only_fault(report) == ("a", 8, Broken.TRUNCATED)
    assert judged(whole[:9], OPENED, {"a": whole[8].head}).sound


def test_a_chain_that_is_gone_is_found_against_the_checkpoint():
    a, b = chain("a"), chain("b")
    report = judged(a, {"a": a[9].head, "b": b[9].head})
    assert only_fault(report) == ("b", 1, Broken.TRUNCATED)


def test_a_chain_that_no_checkpoint_knows_was_not_written_by_the_hub():
    report = judged(chain("a") + chain("z"), OPENED)
    assert only_fault(report) == ("z", 1, Broken.FORGED)


def test_each_chain_reports_its_own_first_fault():
    a, b = chain("a"), chain("b")
    report = judged(a[:2] + a[3:] + [*b[:3], edited(b[3]), *b[4:6], edited(b[6])], {"a": Head(), "b": Head()})
    assert [(f.chain, f.number, f.broken) for f in report.faults] == [
        ("a", 3, Broken.REMOVED),
        ("b", 4, Broken.EDITED),
    ]


def test_a_forged_a_removed_and_a_moved_checkpoint_are_found():
    whole = chain()
    stated = [OPENED, {"a": whole[2].head}, {"a": whole[5].head}]
    good = checkpoints(*stated)
    forged = checkpoints(*stated, key=OTHER)
    for signed, expected in [
        ([good[0], forged[1], good[2]], ("", 2, Broken.FORGED)),
        ([good[0], good[2]], ("", 2, Broken.REMOVED)),
        ([good[0], good[2], good[1]], ("", 2, Broken.REMOVED)),
        ([good[0], good[1], good[1]], ("", 3, Broken.REORDERED)),
        ([good[0], checkpoints(OPENED, {"a": whole[3].head})[1], good[2]], ("", 2, Broken.REORDERED)),
    ]:
        report = verify(Evidence(whole, signed), PUBLIC)
        assert only_fault(report) == expected
    assert str(report.faults[0]).startswith("checkpoint 2: reordered")


def test_entries_and_checkpoints_cut_off_together_show_against_a_checkpoint_kept_outside():
    whole = chain()
    kept = checkpoints(OPENED, {"a": whole[8].head})[1]
    assert judged(whole[:5], OPENED).sound
    assert only_fault(judged(whole[:5], OPENED, held=[kept])) == ("a", 6, Broken.TRUNCATED)
    forged = rechained([*whole[:2], edited(whole[2]), *whole[3:]], 3)
    assert only_fault(judged(forged, OPENED, {"a": forged[8].head}, held=[kept])) == ("a", 9, Broken.EDITED)
    assert judged(whole, OPENED, held=[kept]).sound


def test_a_forged_checkpoint_among_those_kept_outside_is_named():
    report = judged(chain(), OPENED, held=["x"])
    assert only_fault(report) == ("", 1, Broken.FORGED)
    assert "outside" in report.faults[0].message


def test_a_file_that_is_no_audit_file_cannot_be_read(tmp_path: Path):
    with pytest.raises(AuthStoreUnavailable, match=r"missing\.db"):
        verify(tmp_path / "missing.db", PUBLIC)
    (tmp_path / "text.db").write_text("not a database, but long enough to be looked at as if it were one" * 10)
    with pytest.raises(AuthStoreUnavailable, match=r"text\.db"):
        verify(tmp_path / "text.db", PUBLIC)


@given(st.data())
def test_no_change_of_any_sealed_entry_goes_unseen(data):
    whole = chain(length=6)
    victim = data.draw(st.integers(0, 5))
    column = data.draw(st.sampled_from(["number", "previous", "hash", "body", "drop", "double"]))
    if column == "drop":
        changed = whole[:victim] + whole[victim + 1 :]
    elif column == "double":
        changed = whole[: victim + 1] + whole[victim:]
    else:
        old = getattr(whole[victim], column)
        value = data.draw((st.integers(0, 9) if column == "number" else st.text()).filter(lambda v: v != old))
        changed = [*whole[:victim], replace(whole[victim], **{column: value}), *whole[victim + 1 :]]
    report = judged(changed, OPENED, {"a": whole[-1].head})
    assert not report.sound
    assert report.faults[0].number <= victim + 2
