"""Signing keys and what they sign: EC P-256, ES256, compact JWS. Made on first start and kept by a KeyStore.

Tokens (step 2 of walk 1) and audit checkpoints have a key each, so that one can be replaced without the other. What a
signed text means is for whoever asked; holding the private bytes safely is the KeyStore's, rotation the operator's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from auth.ports import KeyStore

RandomBytes = Callable[[int], bytes]
ALGORITHM = "ES256"
TOKEN_KEY = "token-signing"  # noqa: S105 - the name of a key, not a secret
AUDIT_KEY = "audit-signing"


class NotSigned(Exception):
    """The text is nothing that one of the keys signed; the message is a word that says why."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed, and as what: `kind` is the `typ` of its header, in lower case."""

    kind: str
    payload: bytes


def new_signing_key(random_bytes: RandomBytes) -> bytes:
    """A fresh private JWK, as the bytes that a KeyStore keeps: 32 random bytes through joserfc's HKDF."""
    key = ECKey.derive_key(random_bytes(32), "P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    return orjson.dumps(key.as_dict(private=True))


def read_signing_key(kept: bytes) -> ECKey:
    """The key that those bytes hold; its `kid` is its RFC 7638 thumbprint."""
    return ECKey.import_key(orjson.loads(kept))


async def signing_key(store: KeyStore, name: str, random_bytes: RandomBytes) -> ECKey:
    """The signing key of that name, made now where there was none. Raises AuthStoreUnavailable."""
    return read_signing_key(await store.key(name, new_signing_key(random_bytes)))


def public_key(key: ECKey) -> ECKey:
    """Its public half: what checks a signature, and what may leave the hub."""
    return ECKey.import_key(key.as_dict(private=False))


def sign(kind: str, payload: bytes, key: ECKey) -> str:
    """The payload as a compact JWS, whose header says the kind and the key."""
    return jws.serialize_compact({"alg": ALGORITHM, "typ": kind, "kid": key.kid}, payload, key, [ALGORITHM])


def read_signed(text: str, keys: ECKey | KeySet) -> Signed:
    """What was signed, once the signature was found good by the key that the header names. Raises NotSigned."""
    try:
        checked = jws.deserialize_compact(text, keys, [ALGORITHM])
    except JoseError as error:
        raise NotSigned(error.error) from error
    except (ValueError, TypeError) as error:  # what joserfc lets out where a part is no base64, or a header is null
        raise NotSigned("malformed") from error
    return Signed(str(checked.headers().get("typ", "")).lower(), checked.payload or b"")
