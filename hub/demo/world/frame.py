"""What every list of the world is made within: a seed, a day that stands for today, and drawing by kind and place.

Who and what stands at a place of its list follows from the seed and the place alone; dates move with today. Nothing
here reads a clock.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from importlib.resources import files
from random import Random

WORDS = tomllib.loads(files("hub.demo.world").joinpath("words.toml").read_text(encoding="utf-8"))
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
#: How far from its own place a record looks for the person or company that it is about.
NEAR = 40
#: How many places of legal persons at the beginning are kept for the cast, and what belongs to those places with them:
#: nothing but the cast's own stories is about them.
CAST_ROOM = 48


@dataclass(frozen=True, slots=True)
class Frame:
    """The seed and the day as seen from which the world was made."""

    seed: int
    today: date

    def draw(self, kind: str, place: int) -> Random:
        """The randomness of one record."""
        return Random(f"{self.seed} {kind} {place}")  # noqa: S311  # a demo's data need no cryptography

    def day(self, offset: int) -> date:
        """The day so many days after today (negative: before)."""
        return self.today + timedelta(days=offset)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment of that day in Beijing."""
    return datetime.combine(day, time(hour, minute), BEIJING)


def near(place: int, pick: Random) -> int:
    """The place of a legal person at or a little before that one, and not of the cast: it exists in every world that
    has the record itself.
    """
    found = pick.randrange(max(0, place - NEAR), place + 1)
    return found if found >= CAST_ROOM else found + CAST_ROOM
