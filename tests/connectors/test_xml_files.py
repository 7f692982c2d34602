import pytest

from catalogue.model import Binding, Column, System
from connectors.files.source import FilesSource
from connectors.source import BadRow, SourceBroken, SourceMisconfigured, SourceRow, SourceShapeChanged


def opened(folder, *columns, **options):
    bound = Binding("b", "r", "files", tuple(Column(name, name) for name in columns), {"row": "row", **options})
    return FilesSource(System("files", "", "", "files", {"path": str(folder)}), bound)


def xml_file(folder, text, encoding="utf-8", name="a.xml"):
    (folder / name).write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return folder


async def rows_of(source, cursor=None):
    return [row async for page in source.pull(cursor) for row in page.rows]


def values(rows):
    return [dict(row.values) for row in rows if isinstance(row, SourceRow)]


async def test_attributes_nested_repeated_and_nil_elements_have_their_columns(tmp_path):
    row = (
        "<o:row xmlns:o='urn:o' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' id='7' i:type='x'><name> 张三 </name>"
        "<!-- note --><born i:nil='true'/><empty/><phone>1</phone><phone>2</phone><address code='350102'>"
        "<city><![CDATA[a<b]]></city></address><owner><n>x</n></owner><owner><n>y</n></owner></o:row>"
    )
    xml_file(tmp_path, f"<rows>{row}</rows>")
    wanted = {"@id": "7", "name": " 张三 ", "born": None, "empty": "", "phone": '["1", "2"]'}
    wanted |= {"address/@code": "350102", "address/city": "a<b", "owner/n": '["x", "y"]'}
    assert await rows_of(opened(tmp_path)) == [SourceRow(wanted, "a.xml row 1")]
    assert await opened(tmp_path).shape() == tuple(wanted)


async def test_a_row_may_be_attributes_only_or_text_only(tmp_path):
    xml_file(tmp_path, "<rows><row a='1'/><row>x</row></rows>")
    assert values(await rows_of(opened(tmp_path))) == [{"@a": "1"}, {"row": "x"}]


@pytest.mark.parametrize(
    ("written", "declared", "option"),
    [
        ("utf-8", None, None),
        ("utf-8-sig", "UTF-8", None),
        ("utf-8", "utf-8", "utf-8"),
        ("utf-8", None, "utf-8-sig"),
        ("gb18030", "GB18030", None),
        ("gbk", "gb2312", "gbk"),
        ("gb18030", "GBK", "gb18030"),
        ("gb18030", None, "gb18030"),
        ("big5", "Big5", None),
        ("utf-16", "UTF-16", None),
    ],
)
async def test_the_declaration_says_the_encoding_and_the_option_agrees_with_it(tmp_path, written, declared, option):
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    xml_file(tmp_path, f"{declaration}<rows><row><a>中文</a></row></rows>", written)
    options = {"encoding": option} if option else {}
    assert values(await rows_of(opened(tmp_path, **options))) == [{"a": "中文"}]


@pytest.mark.parametrize(
    ("declared", "options", "told"),
    [
        ("gbk", {"encoding": "utf-8"}, "declares the encoding gbk, and option encoding says utf-8"),
        ("utf-8", {"encoding": "gb18030"}, "declares the encoding utf-8, and option encoding says gb18030"),
        ("zlib", {}, "declares the encoding zlib, which is not read"),
        ("x-none", {}, "declares the encoding x-none, which is not read"),
    ],
)
async def test_an_encoding_that_is_not_what_was_agreed_is_broken(tmp_path, declared, options, told):
    xml_file(tmp_path, f"<?xml version='1.0' encoding='{declared}'?><rows/>")
    with pytest.raises(SourceBroken, match=told):
        await rows_of(opened(tmp_path, **options))


async def test_broken_bytes_and_forbidden_characters_cost_their_row_alone(tmp_path):
    rows = b"<row><a>1</a></row><row><a>x\xffy</a></row><row><a>\x1f</a></row><row><a>4</a></row>"
    xml_file(tmp_path, b"<rows>" + rows + b"</rows>")
    found = await rows_of(opened(tmp_path))
    assert values(found) == [{"a": "1"}, {"a": "4"}]
    assert [(row.position, row.raw) for row in found if isinstance(row, BadRow)] == [
        ("a.xml row 2", '{"a": "x\\\\xffy"}'),
        ("a.xml row 3", '{"a": "\\\\x1f"}'),
    ]


async def test_a_file_of_another_encoding_is_broken_as_a_whole(tmp_path):
    xml_file(tmp_path, "<rows>" + "<row><a>中文</a></row>" * 30 + "</rows>", "gb18030")
    with pytest.raises(SourceBroken, match=r"30 of 30 rows from a.xml row 1 on are not utf-8"):
        await rows_of(opened(tmp_path))


@pytest.mark.parametrize(
    ("tail", "line"),
    [("<row><a>x & y</a></row></rows>", 3), ("<row><a>x</row></rows>", 3), ("<row><a>x", 3), ("</rows><rows/>", 3)],
)
async def test_a_file_whose_markup_breaks_gives_its_good_pages_and_is_broken_from_there(tmp_path, tail, line):
    xml_file(tmp_path, "<rows>\n" + "<row><a>1</a></row>" * 1200 + "\n" + tail)
    read = []
    with pytest.raises(SourceBroken, match=rf"a.xml:{line} is no XML from here on"):
        async for page in opened(tmp_path).pull(None):
            assert not page.complete
            read += page.rows
    assert len(read) == 1000


@pytest.mark.parametrize("content", ["", "no xml", "<rows>" * 300])
async def test_what_is_no_xml_at_all_is_broken(tmp_path, content):
    xml_file(tmp_path, content)
    with pytest.raises(SourceBroken, match=r"a.xml"):
        await opened(tmp_path).check()


async def test_a_dtd_is_refused_and_nothing_that_it_names_is_opened(tmp_path):
    stolen = tmp_path / "stolen.txt"
    stolen.write_text("secret")
    laughs = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    (tmp_path / "in").mkdir()
    for dtd, text in (
        (f'[<!ENTITY x SYSTEM "{stolen.as_uri()}">]', "&x;"),
        (f'[<!ENTITY a "ha">{laughs}]', "&i;"),
        (f'SYSTEM "{stolen.as_uri()}"', ""),
        ("[]", "x"),
    ):
        xml_file(tmp_path / "in", f"<!DOCTYPE rows {dtd}><rows><row><a>{text}</a></row></rows>")
        with pytest.raises(SourceBroken, match=r"a.xml") as caught:
            await rows_of(opened(tmp_path / "in"))
        assert "secret" not in str(caught.value)


async def test_a_row_that_does_not_end_is_refused_before_it_fills_the_memory(tmp_path):
    xml_file(tmp_path, "<rows><row><a>1</a></row><row>" + "<a>xxxxxxxxxxxxxxxxx</a>" * 300_000 + "</row></rows>")
    with pytest.raises(SourceBroken, match=r"a.xml row 2 is longer than"):
        await rows_of(opened(tmp_path))


async def test_a_row_is_found_by_name_at_any_depth_or_by_its_path(tmp_path):
    xml_file(tmp_path, "<d><h><row><a>head</a></row></h><rows><row><a>1</a></row></rows></d>")
    assert values(await rows_of(opened(tmp_path))) == [{"a": "head"}, {"a": "1"}]
    assert values(await rows_of(opened(tmp_path, row="rows/row"))) == [{"a": "1"}]
    assert values(await rows_of(opened(tmp_path, row="d/rows"))) == [{"row/a": "1"}]


@pytest.mark.parametrize(
    ("text", "row", "told"),
    [
        ("<rows><record/></rows>", "row", "has no element row; it has record"),
        ("<d><rows><record/></rows></d>", "rows/row", "has no element rows/row; it has record"),
        ("<d><list/></d>", "rows/row", "has no element rows/row; it has none"),
    ],
)
async def test_a_file_whose_rows_are_called_otherwise_is_not_an_empty_one(tmp_path, text, row, told):
    xml_file(tmp_path, text)
    with pytest.raises(SourceShapeChanged, match=told):
        await rows_of(opened(tmp_path, row=row))


@pytest.mark.parametrize(("text", "row"), [("<rows/>", "row"), ("<d><n/><rows> </rows></d>", "rows/row")])
async def test_a_file_without_rows_is_read_completely(tmp_path, text, row):
    xml_file(tmp_path, text)
    (page,) = [page async for page in opened(tmp_path, row=row).pull(None)]
    assert page.complete


@pytest.mark.parametrize(("row", "told"), [("", "option row must say"), ("a//b", "option row is no path")])
async def test_the_row_must_be_said(tmp_path, row, told):
    xml_file(tmp_path, "<rows/>")
    with pytest.raises(SourceMisconfigured, match=told):
        await opened(tmp_path, row=row).check()


async def test_discovery_finds_the_rows_and_their_types(tmp_path):
    body = "".join(f"<r id='A{i}'><born>2024-01-0{i + 1}</born><of><n>{i}</n></of></r>" for i in range(4))
    xml_file(tmp_path, f"<d><head><at>x</at></head><list>{body}</list></d>")
    (offer,) = await FilesSource(System("s", "", "", "files", {"path": str(tmp_path)}), None).discover()
    assert offer.options == {"files": "a.xml", "row": "list/r"}
    assert [(column.name, column.type) for column in offer.columns] == [("@id", "C"), ("born", "D"), ("of/n", "I")]
    assert offer.key == ("@id",)
