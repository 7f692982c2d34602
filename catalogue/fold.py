"""One folding of text for search and `contains`, used by every store on both sides: what is stored and what is sought.

A term is a run of Latin letters, a run of the digits 0–9, or one Han character; everything else is a space. Terms are
compared after NFKC, case folding and a change of traditional into simplified characters, each by itself: phrases are
not looked at, so that the folding of a text is the folding of its parts. No ranking, no stop words, no I/O but the
first call's reading of the character table (OpenCC's, from the installed package).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

# Letters as they stand after NFKC and case folding: without the signs × ÷ and without other scripts.
_LATIN = "a-z\u00df-\u00f6\u00f8-\u024f\u0250-\u02af\u1e00-\u1eff\u2c60-\u2c7f\ua722-\ua787\ua78b-\ua7ff\uab30-\uab5a"
# 々 〇 and the Suzhou numerals are Han too; planes 2 and 3 hold nothing else.
_HAN = "\u3005\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TERMS = re.compile(f"[{_HAN}]|[{_LATIN}]+|[0-9]+").findall


def fold(text: str) -> str:
    """The terms of the text with one space between them; empty where it has none.

    A needle is in a text where its folding stands in the text's between two borders:
    `f" {fold(needle)} " in f" {fold(text)} "`.
    """
    return " ".join(terms(text))


def terms(text: str) -> list[str]:
    """The terms of the text in their order."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    found: list[str] = _TERMS(plain if plain.isascii() else plain.translate(_simplified()))
    return found


@cache
def _simplified() -> Mapping[int, str]:
    """Code point of a traditional character → its simplified one: the first of several, as OpenCC itself takes it."""
    table = (files("opencc") / "dictionary" / "TSCharacters.txt").read_text(encoding="utf-8")
    pairs = dict(line.split("\t", 1) for line in table.splitlines() if line)
    first = {traditional: choices.split(" ", 1)[0] for traditional, choices in pairs.items()}
    # A few lead to a character that itself has a simplified form (薴 → 苧 → 苎): folding twice must change nothing.
    return {ord(traditional): first.get(simple, simple) for traditional, simple in first.items()}
