"""Persons: households of three places, each a head, a spouse and a child, or three who live alone.

What public security knows of them, in the shipped code lists. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from hub.demo.world.codes import birthday_and_sequence, citizen_number
from hub.demo.world.divisions import Division, address, division
from hub.demo.world.frame import WORDS, Frame

#: Places that may live together.
HOUSEHOLD = 3
_ADULTS, _CHILDREN = (date(1952, 1, 1), 365 * 50), (date(2006, 1, 1), 365 * 18)


@dataclass(frozen=True, slots=True)
class Person:
    """One person, clean; coded fields hold the codes of the shipped lists."""

    id_number: str
    id_type: str
    name: str
    sex: str
    birth_date: date
    ethnicity: str
    household_no: str
    head_relation: str
    household_division: str
    household_address: str
    residence_address: str
    phone: str | None
    marital_status: str
    life_status: str
    death_date: date | None
    citizen_card_no: str

    @property
    def birth_year(self) -> str:
        """The year of birth as four digits."""
        return f"{self.birth_date:%Y}"


@dataclass(frozen=True, slots=True)
class Home:
    """A household: its number, where it is, the family name, and whether its three places live together."""

    number: str
    where: Division
    address: str
    surname: str
    together: bool


def person(frame: Frame, place: int) -> Person:
    """Whoever stands at that place."""
    group, role = divmod(place, HOUSEHOLD)
    home, pick = _home(frame, group), frame.draw("person", place)
    child = home.together and role == 2
    first, days = _CHILDREN if child else _ADULTS
    born, sequence = birthday_and_sequence(frame.seed + place, first, days)
    male = role == 0 if home.together and not child else pick.random() < 0.5
    surname = home.surname if role != 1 else _surname(pick)
    died = _death(frame, pick, child=child)
    own = home.address if home.together or role == 0 else address(home.where, pick)
    return Person(
        citizen_number(home.where.code, born, sequence, male=male), "111", surname + _given(pick),
        "1" if male else "2", born, pick.choices(("01", "22", "03", "08", "11"), (94, 3, 1, 1, 1))[0],
        home.number if home.together else f"{home.number[:-1]}{role + 1}",
        _relation(role, male=male) if home.together else "02", home.where.code, own,
        own if pick.random() < 0.8 else address(division(pick), pick),
        None if child else f"1{pick.choice((3, 5, 7, 8))}{pick.randrange(10**8, 10**9)}",
        _marriage(pick, home, role), "1" if died is None else "2", died, f"3501{pick.randrange(10**11, 10**12)}",
    )  # fmt: skip


def _home(frame: Frame, group: int) -> Home:
    pick = frame.draw("household", group)
    where = division(pick)
    number = f"{where.code}{group + 1:08d}0"
    return Home(number, where, address(where, pick), _surname(pick), together=pick.random() < 0.8)


def _surname(pick: Random) -> str:
    return str(pick.choice(WORDS["compound_surnames"] if pick.random() < 0.02 else WORDS["surnames"]))


def _given(pick: Random) -> str:
    return "".join(pick.choices(WORDS["given"], k=pick.choice((1, 2, 2, 2))))


def _death(frame: Frame, pick: Random, *, child: bool) -> date | None:
    if child or pick.random() > 0.02:
        return None
    return frame.today - timedelta(days=pick.randrange(1, 4000))


def _relation(role: int, *, male: bool) -> str:
    return ("02", "10", "20" if male else "30")[role]


def _marriage(pick: Random, home: Home, role: int) -> str:
    if home.together:
        return "10" if role == 2 else "20"
    return pick.choices(("10", "30", "40"), (60, 15, 25))[0]
