"""The divisions in which people live and companies sit: counties of the shipped code list, with their cities' names.

Abolished ones are left out; departments put them back as dirt.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from random import Random

from hub.demo.world.frame import WORDS

(_LIST,) = tomllib.loads(files("catalogue").joinpath("base/codes_divisions.toml").read_text(encoding="utf-8"))[
    "code_list"
]
#: Codes of six digits and names, as the catalogue ships them.
NAMES: dict[str, str] = {code[:6]: name for code, name in _LIST["codes"].items()}
#: How the list marks a code that was abolished and stays valid.
GONE = "（已撤销）"
ABOLISHED = tuple(code for code, name in NAMES.items() if name.endswith(GONE))


@dataclass(frozen=True, slots=True)
class Division:
    """A county: its code of six digits, its own name, its city's."""

    code: str
    name: str
    city: str

    @property
    def full_name(self) -> str:
        """City and county, as an address begins."""
        return self.city + self.name


def division_of(code: str) -> Division:
    """The county of that code; KeyError where the list has none."""
    return Division(code, NAMES[code], NAMES[f"{code[:4]}00"])


def _counties() -> tuple[Division, ...]:
    return tuple(division_of(code) for code in NAMES if not code.endswith("00") and code not in ABOLISHED)


COUNTIES = _counties()
#: The counties where most of the world happens.
CENTRES = tuple(county for county in COUNTIES if county.code in WORDS["centres"])


def division(pick: Random) -> Division:
    """A county; three times in four one of the centres."""
    return pick.choice(CENTRES) if pick.random() < 0.75 else pick.choice(COUNTIES)


def address(where: Division, pick: Random) -> str:
    """A street address in the county."""
    number = f"{pick.randrange(1, 400)}号"
    room = f"{pick.randrange(1, 20)}层{pick.randrange(1, 13):02d}室" if pick.random() < 0.5 else ""
    return f"{where.full_name}{pick.choice(WORDS['roads'])}{number}{pick.choice(WORDS['lots']) if room else ''}{room}"
