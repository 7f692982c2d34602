"""Sealed tokens: small JSON values that leave the hub and come back unchanged or not at all.

Page cursors (walk 1) and feed cursors (walk 2) are sealed; what they mean is said where they are made. Nobody can alter
one, and nobody can read it: the sequence in a feed's cursor would tell how many changes its holder may not see.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

#: The use of a feed's cursors: questions give some too, those of a record's history.
FEED = "feed"


class SealBroken(ValueError):
    """The text is not something that this hub sealed for this use."""


class Seal:
    """Seals values for one `use` (page, feed) under the hub's key; a token of another use does not open.

    AES-SIV (RFC 5297): authenticated, and needs no nonce, so that one value has one token.
    """

    def __init__(self, key: bytes, use: str) -> None:
        self._cipher = AESSIV(hmac.new(key, use.encode(), hashlib.sha512).digest())

    def close(self, value: object) -> str:
        """The sealed value as text that may stand in a URL."""
        sealed = self._cipher.encrypt(orjson.dumps(value), None)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, text: str) -> object:
        """The value; SealBroken where the text was altered, cut, or made elsewhere."""
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise SealBroken("not a cursor") from error
        try:
            value: object = orjson.loads(self._cipher.decrypt(sealed, None))
        except (InvalidTag, ValueError) as error:
            raise SealBroken("not a cursor of this hub") from error
        return value
