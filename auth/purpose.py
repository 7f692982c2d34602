"""The declared purpose (事由): the header `Hub-Purpose: <code>;case="…";operator=%"…"` → DeclaredPurpose, or why not.

Read at the border of walk 1, and from the connection payload of a WebSocket. The header is an Item of RFC 9651: a
Token with parameters; Chinese stands in Display Strings. Whether the client may declare the purpose is judged by
`auth.decide`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from http_sfv.item import Item
from http_sfv.types import Token

PARAMETERS = ("case", "operator")
LONGEST_CODE = 64
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9:/!#$%&'*+.^_`|~-]*")
LONGEST_PARAMETER = 200
#: Controls, format characters (they can turn a line round) and line separators: the text is printed in reports.
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})
FORM = 'write it as <code>;case="…";operator=%"…" (RFC 9651; non-ASCII as a Display String: percent-encoded UTF-8)'


@dataclass(frozen=True, slots=True)
class DeclaredPurpose:
    """What a client says it asks for: a purpose's code, the case (案号) and the operator (经办人), as they came."""

    code: str
    case: str = ""
    operator: str = ""


def is_code(text: str) -> bool:
    """Whether the text may be the code of a purpose: a Token of RFC 9651 that starts with a letter."""
    return len(text) <= LONGEST_CODE and _CODE.fullmatch(text) is not None


def parse_purpose(header: str) -> DeclaredPurpose:
    """The purpose that a header's value declares; ValueError with a sentence for the caller where it declares none."""
    item = _item(header)
    code = item.value
    if not isinstance(code, Token) or not is_code(code):
        raise ValueError(
            f"Hub-Purpose: the code is a token of at most {LONGEST_CODE} characters, a letter first; {FORM}"
        )
    foreign = sorted(set(item.params) - set(PARAMETERS))
    if foreign:
        raise ValueError(f"Hub-Purpose: unknown parameter {foreign[0]!r}; there are only case and operator")
    return DeclaredPurpose(str(code), *(_text(name, item.params.get(name, "")) for name in PARAMETERS))


def _item(header: str) -> Item:
    item = Item()
    try:
        item.parse(header.encode("ascii"))
    except ValueError as error:
        raise ValueError(f"Hub-Purpose: not a structured field; {FORM}") from error
    return item


def _text(name: str, value: object) -> str:
    """A String's or Display String's text."""
    if not isinstance(value, str) or isinstance(value, Token):
        problem = f'{name} is a string; write {name}="…" or {name}=%"…"'
    elif len(value) > LONGEST_PARAMETER:
        problem = f"{name} has at most {LONGEST_PARAMETER} characters"
    elif any(unicodedata.category(character) in UNSEEN for character in value):
        problem = f"{name} has no control characters"
    else:
        return str(value)
    raise ValueError(f"Hub-Purpose: {problem}")
