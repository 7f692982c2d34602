"""Does the evidence hold? Reads chains and checkpoints back and names the first broken entry of each. Needs no server.

`hub audit verify` runs it on an audit file, or on one that somebody keeps: the file and a public key are enough. What
nobody can see in the file alone, entries and checkpoints cut off its end together, is seen against checkpoints that
were kept outside (`held`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from pathlib import Path

from joserfc.jwk import ECKey, KeySet

from auth.audit import NOTHING, ChainedEntry, Checkpoint, Forged, Head, digest_of, read_checkpoint, seal
from auth.ports import AuthStoreUnavailable

NEIGHBOURHOOD = 10_000
CONTRADICTED = ""
# Cast: whoever edits a file may also have changed its column types.
ENTRIES = """
    SELECT CAST(chain AS TEXT), CAST(number AS INTEGER), CAST(previous AS TEXT), CAST(hash AS TEXT), CAST(body AS TEXT)
    FROM entries ORDER BY entries.chain, entries.number
"""
CHECKPOINTS = "SELECT CAST(signed AS TEXT) FROM checkpoints ORDER BY number"


class Broken(StrEnum):
    """What is wrong with an entry (or, where `chain` is empty, with a checkpoint)."""

    EDITED = "edited"
    REMOVED = "removed"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first broken place of one chain. `chain` is empty for the checkpoints, `number` is then the checkpoint's."""

    chain: str
    number: int
    broken: Broken
    message: str

    def __str__(self) -> str:
        place = f"chain {self.chain}, entry {self.number}" if self.chain else f"checkpoint {self.number}"
        return f"{place}: {self.broken}: {self.message}"


@dataclass(frozen=True, slots=True)
class Report:
    """What was read, and the first fault of every chain. `unsealed` counts entries after the last checkpoint that knows
    their chain: nothing is wrong with them, but only the hash chain holds them yet.
    """

    entries: int
    chains: int
    checkpoints: int
    unsealed: int
    faults: tuple[Fault, ...] = ()

    @property
    def sound(self) -> bool:
        """No fault at all."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class Evidence:
    """Entries ordered by chain and number, and signed checkpoints in their order."""

    entries: Iterable[ChainedEntry]
    checkpoints: Sequence[str]


def verify(source: Path | Evidence, keys: ECKey | KeySet, held: Sequence[str] = ()) -> Report:
    """Everything that is wrong, chain by chain. `keys` are public; `held` are signed checkpoints kept elsewhere.

    AuthStoreUnavailable where the file cannot be read at all.
    """
    if isinstance(source, Path):
        with _opened(source) as evidence:
            return _judge(evidence, keys, held)
    return _judge(source, keys, held)


def _judge(evidence: Evidence, keys: ECKey | KeySet, held: Sequence[str]) -> Report:
    stated = _Stated()
    faults = [*_judge_checkpoints(evidence.checkpoints, keys, stated), *_judge_held(held, keys, stated)]
    absent = set(stated.heads)
    entries = unsealed = chains = 0
    for chain, members in groupby(evidence.entries, lambda entry: entry.chain):
        walk = _Walk(chain, stated.heads.get(chain))
        faults += filter(None, [walk.through(members)])
        chains, entries, unsealed = chains + 1, entries + walk.count, unsealed + walk.unsealed
        absent.discard(chain)
    faults += [_cut(chain, 0, stated.last(chain)) for chain in sorted(absent) if stated.last(chain)]
    return Report(entries, chains, len(evidence.checkpoints), unsealed, tuple(faults))


@dataclass(slots=True)
class _Stated:
    """Every head that checkpoints state, by chain and number. All are kept: a hub signs what it finds in the file, so a
    later statement does not vouch for what an earlier one fixed.
    """

    heads: dict[str, dict[int, str]] = field(default_factory=dict)

    def add(self, checkpoint: Checkpoint) -> None:
        for chain, head in checkpoint.heads.items():
            known = self.heads.setdefault(chain, {}).setdefault(head.number, head.hash)
            if known != head.hash:
                self.heads[chain][head.number] = CONTRADICTED

    def last(self, chain: str) -> int:
        return max(self.heads.get(chain, {0: NOTHING}))


@dataclass(slots=True)
class _Walk:
    """Along one chain, entry by entry, up to its first fault; the rest is only counted."""

    chain: str
    stated: Mapping[int, str] | None
    head: Head = field(default_factory=Head)
    count: int = 0

    def through(self, entries: Iterable[ChainedEntry]) -> Fault | None:
        fault = None if self.stated else Fault(self.chain, 1, Broken.FORGED, "no checkpoint knows of this chain")
        for entry in entries:
            fault = fault or self._step(entry)
            self.head = entry.head
            self.count += 1
        if not fault and self.head.number < self._last:
            return _cut(self.chain, self.head.number, self._last)
        return fault

    @property
    def unsealed(self) -> int:
        return max(0, self.head.number - self._last)

    @property
    def _last(self) -> int:
        return max(self.stated or {0: NOTHING})

    def _step(self, entry: ChainedEntry) -> Fault | None:
        expected = self.head.number + 1
        if entry.number > expected:
            return self._broken(expected, Broken.REMOVED, f"the entries up to {entry.number - 1} are not there")
        if entry.number < expected:
            return self._broken(entry.number, Broken.REORDERED, f"it stands where entry {expected} should")
        if seal(self.chain, entry.number, entry.previous, entry.body) != entry.hash:
            return self._content(entry)
        if entry.previous != self.head.hash:
            return self._loose(expected)
        if (self.stated or {}).get(entry.number, entry.hash) != entry.hash:
            return self._broken(entry.number, Broken.EDITED, "its hash is not the signed one: the chain was rewritten")
        return None

    def _loose(self, number: int) -> Fault:
        """Both entries are whole, but the second was not chained to this first one."""
        if number == 1:
            return self._broken(1, Broken.REMOVED, "the chain does not begin with it")
        return self._broken(number - 1, Broken.EDITED, f"entry {number} was chained to another one in its place")

    def _content(self, entry: ChainedEntry) -> Fault:
        """The hash does not fit: is it another place's entry, or another content?"""
        near = range(max(1, entry.number - NEIGHBOURHOOD), entry.number + NEIGHBOURHOOD)
        written = next((n for n in near if seal(self.chain, n, entry.previous, entry.body) == entry.hash), None)
        if written is None:
            return self._broken(entry.number, Broken.EDITED, "its content does not give its hash")
        return self._broken(entry.number, Broken.REORDERED, f"it was written as entry {written}")

    def _broken(self, number: int, broken: Broken, message: str) -> Fault:
        return Fault(self.chain, number, broken, message)


def _judge_checkpoints(signed: Sequence[str], keys: ECKey | KeySet, stated: _Stated) -> Iterator[Fault]:
    """The first fault among the file's checkpoints; what each states is kept, as far as the hub's key signed it."""
    fault, previous = None, NOTHING
    for place, text in enumerate(signed, start=1):
        try:
            checkpoint = read_checkpoint(text, keys)
        except Forged as error:
            fault = fault or Fault("", place, Broken.FORGED, str(error))
        else:
            stated.add(checkpoint)
            fault = fault or _misplaced(checkpoint, place, previous)
        previous = digest_of(text)
    if fault:
        yield fault


def _judge_held(held: Sequence[str], keys: ECKey | KeySet, stated: _Stated) -> Iterator[Fault]:
    for place, text in enumerate(held, start=1):
        try:
            stated.add(read_checkpoint(text, keys))
        except Forged as error:
            yield Fault("", place, Broken.FORGED, f"of those kept outside: {error}")


def _misplaced(checkpoint: Checkpoint, place: int, previous: str) -> Fault | None:
    if checkpoint.number == place and checkpoint.previous == previous:
        return None
    if checkpoint.number > place:
        return Fault("", place, Broken.REMOVED, f"the checkpoints up to {checkpoint.number - 1} are not there")
    return Fault("", place, Broken.REORDERED, "it does not follow the checkpoint before it")


def _cut(chain: str, present: int, last: int) -> Fault:
    return Fault(chain, present + 1, Broken.TRUNCATED, f"a checkpoint states {last} entries, {present} are there")


@contextmanager
def _opened(path: Path) -> Iterator[Evidence]:
    """The file's evidence at one moment; a running hub may go on writing."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as file:
            file.text_factory = lambda raw: raw.decode("utf-8", "replace")
            file.execute("BEGIN")
            checkpoints = [signed for (signed,) in file.execute(CHECKPOINTS)]
            yield Evidence((ChainedEntry(*row) for row in file.execute(ENTRIES)), checkpoints)
    except sqlite3.Error as error:
        raise AuthStoreUnavailable(f"{path.name}: {error}") from error
