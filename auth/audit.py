"""Evidence (证据): audit entries as bytes, their hash chains, and signed checkpoints over the heads. Pure.

The last step before an answer leaves (walk 1) and before a batch leaves (walk 2) is that its entry is durable; a store
writes what this module words. Each process has a chain of its own; entry n holds

    hash(n) = SHA-256( hash(n-1) LF chain LF n LF canonical JSON of the entry )      hash(0) = 64 zeros

so that nobody can edit, move or remove an entry without recomputing all that follow. A checkpoint signs heads, and
names the checkpoint before it, so that recomputing shows too. `auth.verify` reads all of it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import Any

import orjson
from joserfc.jwk import ECKey, KeySet

from auth.keys import NotSigned, read_signed, sign
from auth.ports import AuditEntry

NOTHING = "0" * 64
MOST_HANDLES = 500
CHECKPOINT = "audit-checkpoint"
_FIELDS = tuple(field.name for field in fields(AuditEntry))
_CHAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain; number 0 before the first."""

    number: int = 0
    hash: str = NOTHING


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """An entry in its chain: `body` is its canonical JSON, `previous` and `hash` are hex digests."""

    chain: str
    number: int
    previous: str
    hash: str
    body: str

    @property
    def head(self) -> Head:
        """The chain's head once this entry is its last."""
        return Head(self.number, self.hash)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement: at that time, these chains ended so. It lists every head that moved since the checkpoint
    before, which `previous` names by digest: together they state the heads of every chain.
    """

    number: int
    at: str
    by: str
    previous: str
    heads: Mapping[str, Head]


class Forged(Exception):
    """A checkpoint that the hub's key did not sign."""


def check_chain_id(chain: str) -> str:
    """The id, if it can stand in a hash without ambiguity: 1 to 64 letters, digits, `-` and `_`. Else ValueError."""
    if not _CHAIN.fullmatch(chain):
        raise ValueError(f"not the id of an audit chain: {chain!r}")
    return chain


def canonical(entry: AuditEntry) -> str:
    """The entry, bounded, as JSON in one spelling: keys sorted by code point, no spaces, UTF-8.

    TypeError where it holds what JSON cannot say.
    """
    entry = bounded(entry)
    plain = {name: getattr(entry, name) for name in _FIELDS}
    return orjson.dumps(plain, default=_plain, option=orjson.OPT_SORT_KEYS).decode()


def bounded(entry: AuditEntry, most: int = MOST_HANDLES) -> AuditEntry:
    """The entry with long lists of handles replaced: `detail` then holds `<resource>.records`, how many they were, and
    `<resource>.digest`, SHA-256 over them sorted, a line each, so that a claimed list can be checked against it.
    """
    long = {name: handles for name, handles in entry.records.items() if len(handles) > most}
    if not long:
        return entry
    told = {f"{name}.records": str(len(handles)) for name, handles in long.items()}
    digests = {f"{name}.digest": f"sha256:{_digest(chr(10).join(sorted(handles)))}" for name, handles in long.items()}
    kept = {name: handles for name, handles in entry.records.items() if name not in long}
    return replace(entry, records=kept, detail={**entry.detail, **told, **digests})


def seal(chain: str, number: int, previous: str, body: str) -> str:
    """The hash of an entry at its place."""
    return _digest(f"{previous}\n{chain}\n{number}\n{body}")


def chained(chain: str, head: Head, bodies: Iterable[str]) -> list[ChainedEntry]:
    """The entries that put those bodies behind the head, in order."""
    entries: list[ChainedEntry] = []
    for body in bodies:
        digest = seal(chain, head.number + 1, head.hash, body)
        entries.append(ChainedEntry(chain, head.number + 1, head.hash, digest, body))
        head = entries[-1].head
    return entries


def sign_checkpoint(checkpoint: Checkpoint, key: ECKey) -> str:
    """The checkpoint as a compact JWS (ES256), readable by any JOSE tool."""
    payload = {
        "number": checkpoint.number,
        "at": checkpoint.at,
        "by": checkpoint.by,
        "previous": checkpoint.previous,
        "heads": {chain: {"number": head.number, "hash": head.hash} for chain, head in checkpoint.heads.items()},
    }
    return sign(CHECKPOINT, orjson.dumps(payload, option=orjson.OPT_SORT_KEYS), key)


def read_checkpoint(signed: str, keys: ECKey | KeySet) -> Checkpoint:
    """What a signed checkpoint states. Raises Forged where it is not one that a key of `keys` signed."""
    try:
        checked = read_signed(signed, keys)
    except NotSigned as error:
        raise Forged(f"the key given did not sign it ({error})") from error
    if checked.kind != CHECKPOINT:
        raise Forged("it is signed, but is no checkpoint")
    told: dict[str, Any] = orjson.loads(checked.payload)
    return Checkpoint(**{**told, "heads": {chain: Head(**head) for chain, head in told["heads"].items()}})


def digest_of(signed: str) -> str:
    """How the next checkpoint names this one."""
    return _digest(signed)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """What orjson does not write by itself: mappings other than dict, and sets, which have no order of their own."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"an audit entry holds no {type(value).__name__}")
