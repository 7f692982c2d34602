import csv
import io
import json
import os
import shutil
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from openpyxl import Workbook

from catalogue.model import Binding, Column, System
from connectors.contract import COLUMNS, SourceContract
from connectors.files.source import FilesSource
from connectors.source import (
    BadRow,
    SourceBroken,
    SourceMisconfigured,
    SourceRow,
    SourceShapeChanged,
    SourceUnavailable,
)


def opened(folder, columns=COLUMNS, **options):
    system = System("files", "", "", "files", {"path": str(folder)})
    bound = tuple(Column(name, name) for name in columns)
    return FilesSource(system, Binding("b", "r", "files", bound, options))


async def read(source, cursor=None):
    return [page async for page in source.pull(cursor)]


async def rows_of(source, cursor=None):
    return [row for page in await read(source, cursor) for row in page.rows]


def texts(rows):
    return [list(row.values.values()) for row in rows if isinstance(row, SourceRow)]


class Folder:
    """A folder with files of 500 rows."""

    encoding = "utf-8"

    def __init__(self, path):
        self.path = path / "folder"
        self.path.mkdir()

    def fill(self, rows):
        for old in self.path.iterdir():
            old.unlink()
        for number in range(max(1, -(-len(rows) // 500))):
            self.write(self.path / f"part-{number:03d}.{self.suffix}", rows[number * 500 : (number + 1) * 500])

    def change(self, row):
        for path in self.path.iterdir():
            old = self.read(path)
            new = [row if r["code"] == row["code"] else r for r in old]
            if new != old:
                self.write(path, new)

    def take_away(self):
        shutil.rmtree(self.path)

    def open(self):
        return opened(self.path, encoding=self.encoding)


class CsvFolder(Folder):
    suffix = "csv"
    encoding = "gb18030"

    def write(self, path, rows):
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
        path.write_bytes(text.getvalue().encode("gb18030"))

    def read(self, path):
        return list(csv.DictReader(io.StringIO(path.read_bytes().decode("gb18030"), newline="")))

    def break_bytes(self, code):
        for path in self.path.iterdir():
            lines = path.read_bytes().split(b"\r\n")
            lines = [line.replace("名".encode("gb18030"), b"\xff") if code.encode() in line else line for line in lines]
            path.write_bytes(b"\r\n".join(lines))
        return True


class JsonFolder(Folder):
    suffix = "jsonl"

    def write(self, path, rows):
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")

    def read(self, path):
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    def break_bytes(self, code):
        for path in self.path.iterdir():
            lines = path.read_bytes().split(b"\n")
            lines = [line.replace("名".encode(), b"\xff") if code.encode() in line else line for line in lines]
            path.write_bytes(b"\n".join(lines))
        return True


class WorkbookFolder(Folder):
    suffix = "xlsx"

    def __init__(self, path):
        super().__init__(path)
        self.rows = {}

    def write(self, path, rows):
        self.rows[path] = rows
        book = Workbook(write_only=True)
        sheet = book.create_sheet("数据")
        sheet.append(COLUMNS)
        for row in rows:
            sheet.append(list(row.values()))
        book.save(path)

    def read(self, path):
        return self.rows[path]

    def break_bytes(self, code):
        return False


class XmlFolder(Folder):
    suffix = "xml"
    encoding = "gb18030"

    def write(self, path, rows):
        body = "".join("<row>" + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in r.items()) + "</row>\n" for r in rows)
        path.write_bytes(f"<?xml version='1.0' encoding='GBK'?>\n<rows>{body}</rows>".encode("gb18030"))

    def read(self, path):
        text = path.read_bytes().decode("gb18030").partition("?>")[2]
        return [{cell.tag: cell.text or "" for cell in row} for row in ET.fromstring(text)]

    def break_bytes(self, code):
        for path in self.path.iterdir():
            lines = path.read_bytes().split(b"\n")
            lines = [line.replace("名".encode("gb18030"), b"\xff") if code.encode() in line else line for line in lines]
            path.write_bytes(b"\n".join(lines))
        return True

    def open(self):
        return opened(self.path, encoding=self.encoding, row="row")


@pytest.fixture(params=[CsvFolder, JsonFolder, WorkbookFolder, XmlFolder], ids=lambda kind: kind.suffix)
def stand(request, tmp_path):
    return request.param(tmp_path)


class TestFiles(SourceContract):
    pass


def csv_file(folder, text, name="a.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return folder


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "big5"])
async def test_every_declared_encoding_reads_the_same_text(tmp_path, encoding):
    csv_file(tmp_path, "a,b\n中文,1\n", encoding=encoding)
    assert texts(await rows_of(opened(tmp_path, "ab", encoding=encoding))) == [["中文", "1"]]


async def test_a_byte_order_mark_is_no_part_of_the_first_columns_name(tmp_path):
    csv_file(tmp_path, "a,b\n1,2\n", encoding="utf-8-sig")
    assert await opened(tmp_path, "ab").shape() == ("a", "b")


async def test_a_broken_byte_is_named_by_line_and_offset(tmp_path):
    csv_file(tmp_path, "a,b\n1,好\n2,".encode() + b"x\xffy\n3,z\n")
    found = await rows_of(opened(tmp_path, "ab"))
    assert found[1] == BadRow("a.csv:3 (byte 13)", "bytes that are not utf-8", '["2", "x\\\\xffy"]')
    assert texts(found) == [["1", "好"], ["3", "z"]]


async def test_a_broken_lead_byte_of_gb18030_does_not_swallow_the_quote_after_it(tmp_path):
    csv_file(tmp_path, b'a,b\n1,"x\x81"\n2,"y"\n3,"z"\n')
    found = await rows_of(opened(tmp_path, "ab", encoding="gb18030"))
    assert [type(row) for row in found] == [BadRow, SourceRow, SourceRow]


async def test_a_file_of_another_encoding_is_broken_as_a_whole(tmp_path):
    csv_file(tmp_path, "a,b\n" + "中文,1\n" * 30, encoding="gb18030")
    with pytest.raises(SourceBroken, match=r"30 of 30 rows from a.csv:2 .* are not utf-8"):
        await rows_of(opened(tmp_path, "ab"))


async def test_a_head_of_another_encoding_is_broken_at_once(tmp_path):
    csv_file(tmp_path, "名称,b\nx,1\n", encoding="gb18030")
    with pytest.raises(SourceBroken, match=r"a.csv:1 \(byte 0\): the head is not utf-8"):
        await opened(tmp_path, ("名称",)).check()


async def test_rows_with_too_many_or_too_few_fields_are_bad_and_blank_lines_nothing(tmp_path):
    csv_file(tmp_path, "a,b\n1,2\n3\n\n4,5,6\n7,8\n")
    found = await rows_of(opened(tmp_path, "ab"))
    assert [(row.position, row.reason) for row in found if isinstance(row, BadRow)] == [
        ("a.csv:3", "1 fields where the head has 2"),
        ("a.csv:5", "3 fields where the head has 2"),
    ]
    assert texts(found) == [["1", "2"], ["7", "8"]]


async def test_a_quote_that_never_closes_costs_one_line(tmp_path):
    csv_file(tmp_path, 'a,b\n1,"x\n2,y\n3,"z"\n4,w\n')
    found = await rows_of(opened(tmp_path, "ab"))
    assert [row.position for row in found if isinstance(row, BadRow)] == ["a.csv:2"]
    assert texts(found) == [["2", "y"], ["3", "z"], ["4", "w"]]


async def test_an_open_quote_at_the_end_of_a_file_costs_one_line(tmp_path):
    csv_file(tmp_path, 'a,b\n1,"x\n2,y\n3,z')
    found = await rows_of(opened(tmp_path, "ab"))
    assert [row.position for row in found if isinstance(row, BadRow)] == ["a.csv:2"]
    assert texts(found) == [["2", "y"], ["3", "z"]]


async def test_a_row_of_several_lines_is_found_by_its_first(tmp_path):
    csv_file(tmp_path, 'a,b\n1,"x\ny"\n2,z\n')
    assert [row.position for row in await rows_of(opened(tmp_path, "ab"))] == ["a.csv:2", "a.csv:4"]


async def test_delimiter_and_head_row_are_declared(tmp_path):
    csv_file(tmp_path, "一份报表\n\na\tb\n1\t2\n")
    source = opened(tmp_path, "ab", delimiter="tab", head="3")
    assert texts(await rows_of(source)) == [["1", "2"]]


async def test_repeated_and_empty_column_names_are_told_apart(tmp_path):
    csv_file(tmp_path, "a,a,\n1,2,3\n")
    assert await opened(tmp_path, "a").shape() == ("a", "a (2)", "column 3")


async def test_a_missing_column_is_named_with_the_head(tmp_path):
    csv_file(tmp_path, "a,b\n1,2\n")
    with pytest.raises(SourceMisconfigured, match=r"a.csv has no column c; its head: a, b"):
        await opened(tmp_path, "ac").check()


async def test_files_with_different_heads_are_drift(tmp_path):
    csv_file(tmp_path, "a,b\n1,2\n")
    csv_file(tmp_path, "b,a,c\n1,2,3\n", "b.csv")
    with pytest.raises(SourceShapeChanged, match=r"b.csv has other columns than the first file: c"):
        await opened(tmp_path, "ab").shape()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", b""), ("a.xlsx", b"no archive"), ("a.xlsx", b"PK\x03\x04torn"), ("a.csv", b"x" * (1 << 22))],
)
async def test_a_file_that_cannot_be_read_at_all_is_broken(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceBroken, match=name):
        await rows_of(opened(tmp_path, "a"))


async def test_a_workbook_torn_in_the_middle_is_broken_after_its_good_pages(tmp_path):
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for number in range(4000):
        sheet.append(["a" if number == 0 else os.urandom(8).hex()])
    book.save(tmp_path / "a.xlsx")
    whole = (tmp_path / "a.xlsx").read_bytes()
    (tmp_path / "a.xlsx").write_bytes(whole[:20_000] + b"\0" * 2000 + whole[22_000:])
    with pytest.raises(SourceBroken, match=r"a.xlsx is not a readable workbook"):
        await rows_of(opened(tmp_path, "a"))


async def test_unchanged_files_are_skipped_and_a_changed_one_is_read_again(tmp_path):
    csv_file(tmp_path, "a\n1\n")
    csv_file(tmp_path, "a\n2\n", "b.csv")
    first = await read(opened(tmp_path, "a"))
    again = await read(opened(tmp_path, "a"), first[-1].cursor)
    assert texts(row for page in again for row in page.rows) == []
    assert not again[-1].complete
    csv_file(tmp_path, "a\n3\n4\n", "b.csv")
    third = await read(opened(tmp_path, "a"), again[-1].cursor)
    assert texts(row for page in third for row in page.rows) == [["3"], ["4"]]
    assert not third[-1].complete


async def test_a_folder_whose_every_file_was_written_again_is_read_completely(tmp_path):
    csv_file(tmp_path, "a\n1\n2\n")
    first = await read(opened(tmp_path, "a"))
    csv_file(tmp_path, "a\n1\n")
    assert (await read(opened(tmp_path, "a"), first[-1].cursor))[-1].complete


async def test_a_cursor_of_another_connector_means_from_the_beginning(tmp_path):
    csv_file(tmp_path, "a\n1\n")
    pages = await read(opened(tmp_path, "a"), '{"following":true,"since":1,"key":null}')
    assert texts(row for page in pages for row in page.rows) == [["1"]]
    assert pages[-1].complete


async def test_a_file_that_grows_while_it_is_read_is_tried_again_later(tmp_path):
    csv_file(tmp_path, "a\n" + "1\n" * 1200)
    with pytest.raises(SourceUnavailable, match="written to while it was read"):
        async for _ in opened(tmp_path, "a").pull(None):
            with (tmp_path / "a.csv").open("ab") as more:
                more.write(b"2\n")


async def test_a_file_whose_place_another_takes_is_read_to_its_end_and_the_other_one_the_next_time(tmp_path):
    for name in ("a.csv", "b.csv"):
        csv_file(tmp_path, "a\n" + "old\n" * 1200, name)
    read, cursor = [], None
    async for page in opened(tmp_path, "a").pull(None):
        if not read:
            for name in ("a.csv", "b.csv"):
                csv_file(tmp_path, "a\nnew\n", ".part")
                (tmp_path / ".part").replace(tmp_path / name)
        read, cursor = [*read, *page.rows], page.cursor
    assert texts(read) == [["old"]] * 1200 + [["new"]]
    again = await rows_of(opened(tmp_path, "a"), cursor)
    assert [row.position for row in again] == ["a.csv:2"]


async def test_an_empty_folder_is_unavailable_and_not_empty(tmp_path):
    with pytest.raises(SourceUnavailable, match="no file in"):
        await rows_of(opened(tmp_path, "a"))


async def test_lock_files_hidden_files_and_unknown_suffixes_are_passed_over(tmp_path):
    for name in ("~$a.csv", ".a.csv.part", "README.txt", "a.csv"):
        csv_file(tmp_path, "a\n1\n", name)
    assert [row.position for row in await rows_of(opened(tmp_path, "a"))] == ["a.csv:2"]


async def test_a_glob_reaches_into_folders_and_a_format_overrules_the_suffix(tmp_path):
    (tmp_path / "2024").mkdir()
    csv_file(tmp_path / "2024", "a\n1\n", "x.txt")
    source = opened(tmp_path, "a", files="**/*.txt", format="csv")
    assert [row.position for row in await rows_of(source)] == ["2024/x.txt:2"]


async def test_a_path_may_be_one_file(tmp_path):
    csv_file(tmp_path, "a\n1\n", "one[1].csv")
    csv_file(tmp_path, "a\n2\n", "two.csv")
    assert texts(await rows_of(opened(tmp_path / "one[1].csv", "a"))) == [["1"]]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"files": "../*.csv"}, "inside the folder"),
        ({"files": "/etc/*"}, "inside the folder"),
        ({"encoding": "utf-16"}, "option encoding"),
        ({"delimiter": ",,"}, "option delimiter"),
        ({"head": "0"}, "option head"),
        ({"head": "one"}, "option head"),
        ({"format": "xls"}, "option format"),
        ({"encodng": "utf-8"}, "unknown option encodng"),
        ({"files": "*.dat"}, "option format must say"),
    ],
)
async def test_an_option_that_cannot_be_used_is_named(tmp_path, options, fault):
    csv_file(tmp_path, "a\n1\n", "x.dat")
    with pytest.raises(SourceMisconfigured, match=fault):
        await opened(tmp_path, "a", **options).check()


async def test_a_workbook_keeps_types_fills_short_rows_and_names_its_sheet(tmp_path):
    book = Workbook()
    book.active.append(["x"])
    sheet = book.create_sheet("数据")
    for row in (["标题"], ["a", "b", "c"], [1, 2.5], [None, None, None], [True, "x", "y", "z"]):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    found = await rows_of(opened(tmp_path, "abc", sheet="数据", head="2"))
    assert found[0] == SourceRow({"a": 1, "b": 2.5, "c": None}, "a.xlsx:3")
    assert (found[1].position, found[1].reason) == ("a.xlsx:5", "4 fields where the head has 3")
    with pytest.raises(SourceMisconfigured, match="has no sheet 没有; it has Sheet, 数据"):
        await opened(tmp_path, "a", sheet="没有").check()


async def test_lines_that_are_no_object_are_bad_and_decimals_stay_exact(tmp_path):
    lines = ['{"a": 0.1, "b": {"c": [1]}}', "[1]", "{", '{"a": NaN}', '{"a": "\\ud800"}', "", '{"b": null}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines), "utf-8")
    found = await rows_of(opened(tmp_path, "ab"))
    assert [(row.position, row.reason) for row in found if isinstance(row, BadRow)] == [
        ("a.jsonl:2", "not a JSON object"),
        ("a.jsonl:3", "not JSON"),
        ("a.jsonl:4", "not JSON"),
        ("a.jsonl:5", "not JSON"),
    ]
    assert [str(row.values.get("a")) for row in found if isinstance(row, SourceRow)] == ["0.1", "None"]
    assert found[0].values["b"] == '{"c": [1]}'


async def test_discovery_guesses_types_codes_encoding_and_a_key(tmp_path):
    head = "代码,名称,日期,时间,人数,金额,区划\n"
    body = "".join(f"A{i},名称{i},2024/1/{i + 1},2024-01-01 0{i}:30,{i * 7},{i}.50,35010{i}\n" for i in range(5))
    csv_file(tmp_path, head + body, encoding="gb18030")
    (offer,) = await FilesSource(System("s", "", "", "files", {"path": str(tmp_path)}), None).discover()
    assert "".join(column.type for column in offer.columns) == "CCDTINC"
    assert offer.key == ("代码",)
    assert offer.options == {"files": "a.csv", "encoding": "gb18030"}
    assert offer.columns[1].length == 3
