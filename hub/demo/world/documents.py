"""The file of a licence's face: a PDF of one page, the same bytes whenever it is made. Pure.

Its Chinese text uses a font that readers bring along (Adobe-GB1), so that a file has about a kilobyte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_FONT = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [ << /Type /Font"
    b" /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1)"
    b" /Supplement 2 >> /DW 1000 /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 6"
    b" /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >> >> ] >>"
)
_PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 420] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>"
)


def document(lines: Sequence[str]) -> bytes:
    """A page with these lines, the first as its title."""
    shown = "".join(
        f"BT /F1 {24 if number == 0 else 12} Tf 60 {350 - 34 * number} Td <{line.encode('utf-16-be').hex()}> Tj ET\n"
        for number, line in enumerate(lines)
    ).encode("ascii")
    return _file((
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", _PAGE, _FONT,
        b"<< /Length %d >>\nstream\n%sendstream" % (len(shown), shown),
    ))  # fmt: skip


def digest(content: bytes) -> str:
    """The digest by which a record names the file."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _file(objects: Sequence[bytes]) -> bytes:
    content, offsets = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(content))
    return content + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (count, table, trailer)
