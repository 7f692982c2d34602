"""Every error the hub gives, in one table: code, HTTP status where the whole operation is refused, and what to do.

Step-independent: raised anywhere in `hub`, turned into GraphQL errors by `hub.engine` and into HTTP by `hub.api`. Codes
never change; `docs/errors.md` is compared with this table by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """`extensions.code` of CONTRACT."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    INSUFFICIENT_SCOPE = "INSUFFICIENT_SCOPE"
    NOT_GRANTED = "NOT_GRANTED"
    GRANT_EXPIRED = "GRANT_EXPIRED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    PURPOSE_REQUIRED = "PURPOSE_REQUIRED"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    BAD_INPUT = "BAD_INPUT"
    DOCUMENT_REFUSED = "DOCUMENT_REFUSED"
    UNKNOWN_DOCUMENT = "UNKNOWN_DOCUMENT"
    CURSOR_INVALID = "CURSOR_INVALID"
    RESYNC_REQUIRED = "RESYNC_REQUIRED"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    SOURCE_TIMEOUT = "SOURCE_TIMEOUT"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    AUDIT_UNAVAILABLE = "AUDIT_UNAVAILABLE"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table: the HTTP status of a refused operation, and what the caller should do about it."""

    status: int
    advice: str


TABLE: Mapping[Code, Kind] = {
    Code.UNAUTHENTICATED: Kind(401, "Get a token from the token endpoint and send it as a Bearer token."),
    Code.INSUFFICIENT_SCOPE: Kind(403, "Ask for a token with the scope that the message names."),
    Code.NOT_GRANTED: Kind(403, "Request a grant for the item or link from the department that the error names."),
    Code.GRANT_EXPIRED: Kind(403, "Ask the providing department to renew the grant."),
    Code.QUOTA_EXCEEDED: Kind(429, "Wait until the quota's day is over (Asia/Shanghai), or ask for a larger quota."),
    Code.PURPOSE_REQUIRED: Kind(403, "Send a Hub-Purpose header that names a purpose of your grant."),
    Code.CONSENT_REQUIRED: Kind(403, "Obtain and register the subject's consent."),
    Code.BAD_INPUT: Kind(400, "Correct the document, variables or argument that the message names."),
    Code.DOCUMENT_REFUSED: Kind(400, "Make the document smaller: the message gives the figure and the limit."),
    Code.UNKNOWN_DOCUMENT: Kind(400, "Send the document's text."),
    Code.CURSOR_INVALID: Kind(400, "Begin again without the cursor."),
    Code.RESYNC_REQUIRED: Kind(400, "Read the resource again from the beginning, then go on from its new cursor."),
    Code.SOURCE_UNAVAILABLE: Kind(502, "Try again later: the department's system that is named does not answer."),
    Code.SOURCE_TIMEOUT: Kind(504, "Try again later: the department's system that is named was too slow."),
    Code.STORE_UNAVAILABLE: Kind(503, "Try again in a moment: the hub's own store does not answer."),
    Code.AUDIT_UNAVAILABLE: Kind(503, "Try again in a moment: without an audit entry no data leaves the hub."),
    Code.INTERNAL: Kind(500, "Report the request id to the hub's operator."),
}


class HubError(Exception):
    """An error with a code of the table. `extensions` are further members of the GraphQL error's extensions."""

    def __init__(self, code: Code, message: str, **extensions: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extensions = extensions

    @property
    def status(self) -> int:
        """The HTTP status where this refuses the whole operation."""
        return TABLE[self.code].status


class StoreUnavailable(HubError):
    """A store of the hub cannot be asked now."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.STORE_UNAVAILABLE, message, retryable=True)


class Unauthenticated(HubError):
    """No token, or one that opens nothing. `challenge` is the value of WWW-Authenticate (RFC 6750 §3)."""

    def __init__(self, message: str, challenge: str) -> None:
        super().__init__(Code.UNAUTHENTICATED, message)
        self.challenge = challenge


class DeadlineExceeded(HubError):
    """A question ran out of its time and was ended."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.DOCUMENT_REFUSED, message)


class Fenced(Exception):
    """The lease was lost: another writer holds the resource. Nothing more may be written under the old fence."""


class ConfigurationError(Exception):
    """Settings or descriptors that cannot work, one line a fault. The command line ends with exit code 2."""


class Unreachable(Exception):
    """Something outside the hub is not reachable, named. The command line ends with exit code 3."""
