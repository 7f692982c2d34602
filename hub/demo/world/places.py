"""Places: every division of the shipped list, the roads of each county, and the door plates of companies' addresses.

Coordinates are CGCS2000 degrees, drawn about the middle of the province. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from hub.demo.world.companies import LegalPerson
from hub.demo.world.divisions import ABOLISHED, CENTRES, GONE, NAMES
from hub.demo.world.frame import WORDS, Frame

DIVISION, ROAD, DOOR_PLATE = "1", "2", "3"
NATURAL_RESOURCES = "11350000003601047P"
#: Longitude and latitude of what a province's places lie about.
_MIDDLES = {"32": (119.4, 32.6), "35": (118.2, 25.9)}


@dataclass(frozen=True, slots=True)
class GeoPlace:
    """One place, clean; `division_code` has six digits, degrees are CGCS2000."""

    place_code: str
    name: str
    kind: str
    division_code: str
    full_address: str
    parent_code: str | None
    longitude: float
    latitude: float
    grid_code: str | None
    parcel_code: str | None
    boundary: str | None
    valid_from: date
    valid_to: date | None
    source_code: str


@dataclass(frozen=True, slots=True)
class _Spot:
    """What is told apart of a place before its position is drawn."""

    code: str
    name: str
    kind: str
    division: str
    address: str
    parent: str | None


def geo_places(frame: Frame, companies: Sequence[LegalPerson]) -> Iterator[GeoPlace]:
    """Divisions, then roads, then a door plate for every address of the companies."""
    for spot in (*_divisions(), *_roads(), *_door_plates(companies)):
        yield _placed(frame, spot)


def _divisions() -> Iterator[_Spot]:
    for code, name in NAMES.items():
        yield _Spot(_padded(code), name.removesuffix(GONE), DIVISION, code, _full_name(code), _parent(code))


def _roads() -> Iterator[_Spot]:
    for where in CENTRES:
        for seq, road in enumerate(WORDS["roads"], 1):
            code = f"{_padded(where.code)}R{seq:04d}"
            yield _Spot(code, road, ROAD, where.code, where.full_name + road, _padded(where.code))


def _door_plates(companies: Sequence[LegalPerson]) -> Iterator[_Spot]:
    for seq, company in enumerate(companies, 1):
        division, shown = company.division_code, company.address
        code = f"{_padded(division)}D{seq:06d}"
        yield _Spot(code, shown.removeprefix(_full_name(division)), DOOR_PLATE, division, shown, _padded(division))


def _placed(frame: Frame, spot: _Spot) -> GeoPlace:
    pick = frame.draw(f"place {spot.code}", 0)
    longitude, latitude = _degrees(spot.division, pick)
    grid, parcel = _grid_and_parcel(spot, pick)
    gone = frame.day(-2000) if spot.kind == DIVISION and spot.division in ABOLISHED else None
    return GeoPlace(
        spot.code, spot.name, spot.kind, spot.division, spot.address, spot.parent, longitude, latitude, grid, parcel,
        None, date(2010, 1, 1), gone, NATURAL_RESOURCES,
    )  # fmt: skip


def _grid_and_parcel(spot: _Spot, pick: Random) -> tuple[str | None, str | None]:
    """A door plate's grid, and its 不动产单元代码 of 28 characters."""
    if spot.kind != DOOR_PLATE:
        return None, None
    block, seat, unit = pick.randrange(10**6), pick.randrange(10**5), pick.randrange(10**8)
    return f"{spot.division}{seat:06d}", f"{spot.division}{block:06d}GB{seat:05d}F{unit:08d}"


def _degrees(division: str, pick: Random) -> tuple[float, float]:
    longitude, latitude = _MIDDLES.get(division[:2], (105.0, 35.0))
    return round(longitude + pick.uniform(-1, 1), 6), round(latitude + pick.uniform(-1, 1), 6)


def _full_name(code: str) -> str:
    city = NAMES.get(f"{code[:4]}00", "") if not code.endswith("00") else ""
    return city + NAMES[code].removesuffix(GONE)


def _parent(code: str) -> str | None:
    if code.endswith("0000"):
        return None
    return _padded(f"{code[:2]}0000" if code.endswith("00") else f"{code[:4]}00")


def _padded(code: str) -> str:
    return code.ljust(12, "0")
