"""The departments that share folders: their files, their dirt, their changes, and that they go on from their files."""

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from random import Random
from urllib.parse import urlsplit
from urllib.request import url2pathname
from xml.etree import ElementTree as ET

import pytest
from openpyxl import load_workbook

from connectors.files.blobs import opened
from hub.demo.departments import folder, licensing, natural_resources, statistics
from hub.demo.world import DIRT, World
from tests.running_demo import until

TODAY = date(2026, 11, 22)
MODULES = {"licensing": "行政审批局", "natural_resources": "自然资源厅", "statistics": "统计局"}


@pytest.fixture(scope="module")
def world():
    return World(20261122, TODAY, 0.05)


@pytest.fixture(scope="module")
def licences(world, tmp_path_factory):
    place = tmp_path_factory.mktemp("licensing") / "licences"
    folder.create(place, lambda: licensing.files(world))
    return place


def files(place):
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def place_of(department):
    return Path(url2pathname(urlsplit(department.url).path))


@pytest.mark.parametrize("module", MODULES)
def test_it_keeps_changing_its_files_and_goes_on_from_them(module, start):
    department = start(module, every="0.01")
    place = place_of(department)
    assert department.said["name"] == MODULES[module]
    before = files(place)
    until(lambda: any(files(place)[name] != old for name, old in before.items()))
    department.stop()
    left = files(place)
    start(module)
    assert files(place) == left


@pytest.mark.parametrize(
    ("module", "resource", "warning"),
    [
        ("licensing", "licence", "not_a_date"),
        ("natural_resources", "geo_place", None),
        ("statistics", "economic_indicator", None),
    ],
)
async def test_the_hub_takes_it_in(module, resource, warning, start, hub):
    department = start(module)
    department.url = str(place_of(department))
    async with hub(department) as it:
        tally = (await it.pull())[resource]
    assert tally.outcome.value == "done"
    assert tally.quarantined.total() < 3 * DIRT * tally.read
    assert warning is None or tally.warnings[warning]


def test_licences_stand_in_files_of_their_type_and_quarter_in_gb18030_and_one_workbook(world, licences):
    names = sorted(path.name for path in licences.iterdir())
    assert [name for name in names if not name.endswith(".csv")] == ["PWXK.xlsx", "faces"]
    text = (licences / "SPJY-2024Q3.csv").read_bytes().decode("gb18030", "replace")
    head, *rows = csv.reader(io.StringIO(text))
    assert tuple(head) == licensing.HEAD
    assert {row[licensing.TYPE] for row in rows if len(row) == len(head)} <= {"SPJY", "QTZZ"}
    sheet = load_workbook(licences / "PWXK.xlsx", read_only=True).active
    assert next(sheet.iter_rows(values_only=True)) == licensing.HEAD


async def test_the_files_connector_finds_the_face_of_a_licence_by_its_digest(world, licences):
    for digest, content in world.cast.files.items():
        async with opened("licence_folder", licences / licensing.FACES, digest) as file:
            assert b"".join([chunk async for chunk in file.chunks]) == content


def test_about_one_licence_in_a_hundred_is_dirty_and_none_of_the_cast(world):
    lines = [
        licensing.written(licensing.cells(one), one, clean=False) == licensing.line(licensing.cells(one))
        for one in world.licences
    ]
    assert 0.3 * DIRT < 1 - sum(lines) / len(lines) < 3 * DIRT
    cast = b"".join(content for name, content in licensing.files(world) if name.endswith(".csv"))
    for one in world.cast.licences:
        assert licensing.line(licensing.cells(one)) in cast


@pytest.mark.parametrize("number", range(len(licensing.FAULTS)))
def test_every_fault_of_licensing_spoils_a_row(number, world):
    clean = licensing.cells(world.licences[0])
    assert licensing.FAULTS[number](clean) != licensing.line(clean)


def test_a_renewal_cancels_the_old_licence_and_writes_the_one_that_follows(world, tmp_path):
    place, cast = tmp_path / "licences", frozenset(one.licence_id for one in world.cast.licences)
    folder.create(place, lambda: licensing.files(world))
    before = set(_rows(place))
    assert licensing.renew(place, cast, Random(1), TODAY)
    gone, new = before - set(_rows(place)), set(_rows(place)) - before
    (old,), (cancelled, follower) = gone, sorted(new, key=lambda row: row[licensing.PREVIOUS])
    assert (cancelled[licensing.ID], cancelled[licensing.STATUS]) == (old[licensing.ID], "注销")
    assert old[licensing.ID] not in cast
    assert "2026/11/22" < old[licensing.UNTIL] <= licensing.day(TODAY + timedelta(days=30))
    assert (follower[licensing.PREVIOUS], follower[licensing.SINCE]) == (old[licensing.ID], old[licensing.UNTIL])
    assert (follower[licensing.ID], follower[licensing.NUMBER]) != (old[licensing.ID], old[licensing.NUMBER])


def test_a_change_turns_one_licence_and_never_one_of_the_cast(world, tmp_path):
    place, cast = tmp_path / "licences", frozenset(one.licence_id for one in world.cast.licences)
    folder.create(place, lambda: licensing.files(world))
    before = {row[licensing.ID]: row for row in _rows(place)}
    for seed in range(30):
        licensing.change(place, cast, Random(seed), TODAY)
    changed = {row[licensing.ID]: row for row in _rows(place) if row != before.get(row[licensing.ID])}
    assert changed
    assert not changed.keys() & cast
    assert {row[licensing.STATUS] for row in changed.values()} <= {"有效", "暂扣", "注销"}


def _rows(place):
    for path in place.glob("*.csv"):
        for raw in path.read_bytes().splitlines():
            if row := licensing._read(raw, frozenset()):
                yield tuple(row)


def test_places_stand_in_one_xml_file_a_city(world):
    made = dict(natural_resources.files(world))
    root = ET.fromstring(made["places-3501.xml"].decode("utf-8", "replace"))
    codes = [one.get("编码") for one in root]
    assert codes[0] == "350100000000"
    assert {one.place_code[:4] for one in world.geo_places} == {name[7:11] for name in made}


@pytest.mark.parametrize("number", range(len(natural_resources.FAULTS)))
def test_every_fault_of_natural_resources_spoils_a_line(number, world):
    clean = natural_resources.fields(world.geo_places[-1])
    assert b"".join(natural_resources.FAULTS[number](clean)) != natural_resources.line(clean)


def test_figures_stand_under_a_title_and_a_head_of_two_rows_and_some_are_not_released(world):
    made = dict(statistics.files(world))
    newest = load_workbook(io.BytesIO(made[max(made)])).active
    assert tuple(cell.value for cell in newest[statistics.ABOVE]) == statistics.HEAD
    assert "A1:O1" in {str(merged) for merged in newest.merged_cells.ranges}
    released = [row[statistics.RELEASED] for row in newest.iter_rows(min_row=4, values_only=True)]
    assert max(released) > f"{TODAY}"


@pytest.mark.parametrize("number", range(len(statistics.FAULTS)))
def test_every_fault_of_statistics_spoils_a_cell(number, world):
    place, cell = statistics.FAULTS[number]
    assert statistics.cells(world.economic_indicators[0])[place] != cell
