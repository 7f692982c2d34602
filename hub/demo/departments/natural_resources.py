"""自然资源厅: places in a folder, one XML file a city with a place a line, CGCS2000 degrees.

Its manner: words for kinds, divisions of twelve digits, codes as attributes; a door plate's grid changes now and then.
The folder is its only state.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

from hub.demo.departments import folder
from hub.demo.departments.department import manner, run
from hub.demo.world import DIRT, GeoPlace, World
from hub.demo.world.frame import CAST_ROOM
from hub.demo.world.places import DOOR_PLATE

NAME = "自然资源厅"
KINDS = {"1": "行政区划", "2": "道路", "3": "门牌", "4": "宗地", "5": "设施"}
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<地理实体目录 坐标系="CGCS2000">\n'.encode()
FOOT = "</地理实体目录>\n".encode()
#: A place's elements by their names; its code is an attribute.
Fields = dict[str, str]


def main(argv: list[str]) -> None:
    """Write the folder if it is not there, then keep changing its files."""
    how = manner(argv)
    place = how.folder / "places"
    folder.create(place, lambda: files(World(how.seed, how.today, how.scale)))
    run(NAME, place.as_uri(), lambda pick: change(place, pick), how.every)


def files(world: World) -> Iterator[tuple[str, bytes]]:
    """Every file of the folder; door plates of the cast's companies and all divisions are clean."""
    lines: dict[str, list[bytes]] = defaultdict(list)
    plates = 0
    for one in world.geo_places:
        plates += one.kind == DOOR_PLATE
        clean = one.kind != DOOR_PLATE or plates <= CAST_ROOM
        lines[f"places-{one.division_code[:4]}.xml"].extend(written(one, clean=clean))
    for name, each in lines.items():
        yield name, b"".join((HEAD, *each, FOOT))


def written(one: GeoPlace, *, clean: bool) -> Iterator[bytes]:
    """The place's line, or one time in a hundred what real files have in its place."""
    pick = Random(f"{one.place_code} dirt")  # noqa: S311  # a demo's dirt needs no cryptography
    yield from (line(fields(one)),) if clean or pick.random() >= DIRT else pick.choice(FAULTS)(fields(one))


def fields(one: GeoPlace) -> Fields:
    """The place as this department writes it: every element, empty where nothing is known."""
    return {
        "编码": one.place_code, "名称": one.name, "类别": KINDS[one.kind], "区划": one.division_code.ljust(12, "0"),
        "标准地址": one.full_address, "上级": one.parent_code or "", "经度": f"{one.longitude:.6f}",
        "纬度": f"{one.latitude:.6f}", "网格": one.grid_code or "", "不动产单元": one.parcel_code or "",
        "边界": one.boundary or "", "启用": one.valid_from.isoformat(),
        "停用": one.valid_to.isoformat() if one.valid_to else "", "来源": one.source_code,
    }  # fmt: skip


def line(one: Fields) -> bytes:
    """One element in one line."""
    place = ET.Element("地理实体", {"编码": one["编码"]})
    for name, text in one.items():
        if name != "编码":
            ET.SubElement(place, name).text = text
    return ET.tostring(place, encoding="unicode").encode() + b"\n"


def _with(name: str, changed: Callable[[str], str]) -> Callable[[Fields], Iterator[bytes]]:
    def fault(one: Fields) -> Iterator[bytes]:
        yield line({**one, name: changed(one[name])})

    return fault


def _broken_bytes(one: Fields) -> Iterator[bytes]:
    yield line(one).replace("<名称>".encode(), "<名称>".encode() + b"\xff\xfe")


def _repeated(one: Fields) -> Iterator[bytes]:
    yield from (line(one), line(one))


#: One fault each: bytes that are no UTF-8, a repeated place, no key, odd degrees, an unknown kind, no such date.
FAULTS: tuple[Callable[[Fields], Iterator[bytes]], ...] = (
    _broken_bytes,
    _repeated,
    _with("编码", lambda _: ""),
    _with("经度", lambda degrees: f"{int(float(degrees))}°{float(degrees) % 1 * 60:.3f}′E"),
    _with("纬度", lambda _: "不详"),
    _with("类别", lambda _: "标志物"),
    _with("启用", lambda _: "2010-02-30"),
    _with("区划", lambda _: "999999000000"),
)


def change(place: Path, pick: Random) -> None:
    """A door plate gets into another grid."""
    path = pick.choice(sorted(place.glob("*.xml")))
    folder.change_line(path, pick, lambda old: _regrouped(old, pick), head=HEAD.count(b"\n"))


def _regrouped(old: bytes, pick: Random) -> bytes | None:
    try:
        place = ET.fromstring(old)  # noqa: S314  # the department's own line
    except ET.ParseError:  # broken bytes, or the file's last line
        return None
    one = {"编码": place.get("编码", ""), **{field.tag: field.text or "" for field in place}}
    if one["类别"] != KINDS[DOOR_PLATE] or not one["编码"] or int(one["编码"][-6:]) <= CAST_ROOM:
        return None
    return line({**one, "网格": f"{one['区划'][:6]}{pick.randrange(10**6):06d}"})


if __name__ == "__main__":
    main(sys.argv[1:])
