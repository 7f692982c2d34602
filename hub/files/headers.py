"""How a file is introduced to whoever downloads it: media type and name, as headers that no browser takes for a page.

Pure; used by `hub.api.files`. What a source says of a file is believed where it is well formed, else its first bytes
are asked. The name is a suggestion without folders or control characters (RFC 6266, RFC 8187).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import quote

UNKNOWN = "application/octet-stream"
LONGEST_NAME = 150
_MEDIA = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}", re.IGNORECASE)
#: First bytes, media type, the suffix of a name that is made up.
_MAGIC = (
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
    (b"GIF8", "image/gif", ".gif"),
    (b"II*\x00", "image/tiff", ".tif"),
    (b"MM\x00*", "image/tiff", ".tif"),
    (b"PK\x03\x04", "application/zip", ".zip"),
)
#: What every answer at such an address carries, errors too: nothing is kept, guessed, shown as a page or told on.
ALWAYS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "Accept-Ranges": "none",
}


def media_of(said: str, head: bytes) -> str:
    """The media type: what the source says (without parameters), what the first bytes say, or that nobody knows."""
    media = said.partition(";")[0].strip()
    if _MEDIA.fullmatch(media):
        return media.lower()
    return next((kind for magic, kind, _ in _MAGIC if head.startswith(magic)), UNKNOWN)


def name_of(said: str, digest: str, head: bytes) -> str:
    """The last step of the source's name, or one made of the digest."""
    last = said.replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip(" .")
    if name:
        stem, dot, suffix = name.rpartition(".")
        return name if len(name) <= LONGEST_NAME else f"{(stem or name)[:LONGEST_NAME]}{dot}{suffix[:10]}"
    return digest[:16] + next((suffix for magic, _, suffix in _MAGIC if head.startswith(magic)), "")


def disposition(name: str) -> str:
    """`attachment` with the name in ASCII for old clients and in full for all others."""
    plain = re.sub(r"[^ !#$&+.0-9A-Z^_`a-z{}~()\[\]@=,;-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
