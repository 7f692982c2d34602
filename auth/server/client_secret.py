"""Client secrets: 256 random bits, kept as SHA-256. A secret of that size needs no slow hash."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from auth.keys import RandomBytes

SECRET_BYTES = 32
NOBODY = "0" * 64


class NewSecret(NamedTuple):
    """A secret to hand over once, and its hash to keep; unpacks to (secret, hash)."""

    secret: str
    hash: str


def new_secret(random_bytes: RandomBytes) -> NewSecret:
    """A fresh secret of 43 characters that need no escaping in a form, a header or a shell."""
    secret = urlsafe_b64encode(random_bytes(SECRET_BYTES)).rstrip(b"=").decode()
    return NewSecret(secret, hashed(secret))


def hashed(secret: str) -> str:
    """SHA-256 of the secret, hex: what `Client.secret_hashes` holds."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def matches(secret: str, hashes: Sequence[str]) -> bool:
    """Whether one of the hashes is the secret's; all are compared, at least one, so that time tells nothing."""
    given = hashed(secret)
    return sum(hmac.compare_digest(given, kept) for kept in hashes or (NOBODY,)) > 0
