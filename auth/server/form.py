"""Bytes → Form, or the refusal: the border of the OAuth endpoints. Parameters come from the body only.

RFC 6749 §3.2 and §2.3: POST, form-encoded, no parameter twice (but `resource`, RFC 8707 §2), one way of authenticating.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from auth.server.answer import Answer, refusal

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 32


class Malformed(Exception):
    """The request is no OAuth request; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Form:
    """A well-formed POST: its parameters with a value, the `resource` indicators apart, and the Basic credentials."""

    fields: Mapping[str, str]
    resources: tuple[str, ...]
    authorization: str | None


def read_form(method: str, headers: Mapping[str, str], body: bytes, *, needed: str) -> Form:
    """The form of a request, with the parameter `needed`; header names in any case. Raises Malformed."""
    named = {name.lower(): value for name, value in headers.items()}
    if method != "POST":
        raise Malformed(refusal("invalid_request", "Only POST is served here.", 405, (("Allow", "POST"),)))
    if named.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Malformed(refusal("invalid_request", f"The body must be {FORM}."))
    pairs = _pairs(body)
    resources = tuple(value for name, value in pairs if name == "resource")
    fields = [(name, value) for name, value in pairs if name != "resource"]
    form = Form(dict(fields), resources, _credentials(named.get("authorization")))
    if len(form.fields) < len(fields):
        raise Malformed(refusal("invalid_request", "A parameter stands twice."))
    if form.authorization and "client_secret" in form.fields:
        raise Malformed(refusal("invalid_request", "The client authenticates in two ways at once."))
    if needed not in form.fields:
        raise Malformed(refusal("invalid_request", f"The parameter {needed} is missing."))
    return form


def _pairs(body: bytes) -> list[tuple[str, str]]:
    """The parameters in order; those without a value count as left out (RFC 6749 §3.2)."""
    try:
        return parse_qsl(body.decode("utf-8"), errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Malformed(refusal("invalid_request", "The body is not a form in UTF-8.")) from error


def _credentials(authorization: str | None) -> str | None:
    """The header as it came, once it is known to be Basic and to hold text: Authlib's reader trusts both."""
    if authorization is None:
        return None
    scheme, _, encoded = authorization.strip().partition(" ")
    try:
        if scheme.lower() == "basic" and ":" in base64.b64decode(encoded.strip(), validate=True).decode("utf-8"):
            return f"Basic {encoded.strip()}"
    except ValueError as error:
        raise Malformed(_no_credentials()) from error
    raise Malformed(_no_credentials())


def _no_credentials() -> Answer:
    return refusal("invalid_client", "The Authorization header holds no Basic credentials.", 401)
