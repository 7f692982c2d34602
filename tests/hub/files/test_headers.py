"""How a file is introduced: media types that are believed, names that can do no harm in a header or a folder."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.files.headers import LONGEST_NAME, disposition, media_of, name_of

DIGEST = "9f" * 32


@pytest.mark.parametrize(
    ("said", "head", "media"),
    [
        ("application/ofd", b"PK\x03\x04", "application/ofd"),
        ("Text/HTML; charset=gbk", b"<html>", "text/html"),
        ("", b"%PDF-1.4", "application/pdf"),
        ("pdf", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("a/b\r\nSet-Cookie: x", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("", b"<html>", "application/octet-stream"),
        ("", b"", "application/octet-stream"),
    ],
)
def test_the_source_is_believed_where_it_makes_sense_else_the_first_bytes(said, head, media):
    assert media_of(said, head) == media


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("许可证.pdf", "许可证.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\a.pdf", "a.pdf"),
        ("a\r\nb\u202e.pdf", "ab.pdf"),
        ("..", f"{DIGEST[:16]}.pdf"),
        ("", f"{DIGEST[:16]}.pdf"),
    ],
)
def test_a_name_is_one_step_without_what_cannot_be_seen(said, name):
    assert name_of(said, DIGEST, b"%PDF-") == name


@given(st.text())
def test_whatever_a_source_calls_a_file_the_header_is_one_line_and_says_its_name(said):
    name = name_of(said, DIGEST, b"")
    header = disposition(name)
    assert re.fullmatch(r"attachment; filename=\"[ -!#-\[\]-~]*\"; filename\*=UTF-8''[A-Za-z0-9%._~-]+", header)
    assert unquote(header.partition("''")[2]) == name
    assert len(name) <= LONGEST_NAME + 11
    assert "/" not in name
