"""Access tokens as RFC 9068 profiles them: signed JWTs that live ten minutes and are stored nowhere."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson
from joserfc.jwk import ECKey

from auth.keys import RandomBytes, sign

LIFETIME_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs. `origin` is issuer and audience at once: the hub issues tokens for itself only."""

    origin: str
    key: ECKey
    random_bytes: RandomBytes

    def sign(self, client_id: str, scopes: Iterable[str], now: datetime) -> str:
        """A token of the client for those scopes, from `now` on."""
        issued = int(now.timestamp())
        claims = {
            "iss": self.origin,
            "sub": client_id,
            "aud": self.origin,
            "client_id": client_id,
            "iat": issued,
            "exp": issued + LIFETIME_SECONDS,
            "jti": urlsafe_b64encode(self.random_bytes(16)).rstrip(b"=").decode(),
            "scope": " ".join(sorted(scopes)),
        }
        return sign("at+jwt", orjson.dumps(claims), self.key)
