"""Handles (标识): the keyed hashes that name records and subjects outside, in place of their keys.

Walk 2 (a change) gives every record its handle and the hashes of its subjects after mapping; walk 1 (a question) makes
the same hashes from what a client asks by. An identity number never stands in an id, a cursor, a webhook or the audit.
Nothing here can turn a handle back into a key, and nothing here chooses or keeps the secret.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b

import orjson

from catalogue.model import Identity, Resource
from catalogue.rules import Value

SECRET_BYTES = range(16, 65)


class Handles:
    """Makes handles under one secret of 16 to 64 bytes. Another secret gives other handles for every record."""

    __slots__ = ("_record", "_subject")

    def __init__(self, secret: bytes) -> None:
        if len(secret) not in SECRET_BYTES:
            raise ValueError(f"the secret of the handles has {len(secret)} bytes, not 16 to 64")
        self._record = blake2b(digest_size=16, key=secret, person=b"record")
        self._subject = blake2b(digest_size=16, key=secret, person=b"subject")

    def of(self, resource: Resource, key: Sequence[Value], binding: str) -> str:
        """A record's handle, 22 characters of base64url. `binding` enters only where it is part of the identity."""
        whose = binding if resource.identity is Identity.BINDING_AND_KEY else None
        hashing = self._record.copy()
        hashing.update(orjson.dumps((resource.name, whose, *key)))
        return _text(hashing.digest())

    def subject(self, kind: str, id_type: str, code: str) -> str:
        """The hash of a subject, from its canonical code. `id_type` is '' for kinds other than person."""
        hashing = self._subject.copy()
        hashing.update(orjson.dumps((kind, id_type, code)))
        return _text(hashing.digest())


def tag(resource_name: str) -> str:
    """8 characters that stand for a resource in a node id (`tag.handle`): the same on every hub, under every secret."""
    return _text(blake2b(resource_name.encode(), digest_size=6, person=b"resource").digest())


def _text(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
