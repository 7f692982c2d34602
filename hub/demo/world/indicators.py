"""Economic indicators of provinces and cities by period, the newest first: some are not released yet. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hub.demo.world.divisions import NAMES
from hub.demo.world.frame import WORDS, Frame, at

PRELIMINARY, FINAL = "1", "2"
STATISTICS = "11350000003601055J"
_INDICATORS: tuple[dict[str, Any], ...] = tuple(WORDS["indicators"])
#: The provinces and cities that the figures are of.
REGIONS = tuple(code for code in NAMES if code[:2] in ("32", "35") and code.endswith("00"))
#: How many figures a period has.
A_PERIOD = len(_INDICATORS) * len(REGIONS)
_MONTHLY = "4"


@dataclass(frozen=True, slots=True)
class EconomicIndicator:
    """One figure, clean; key indicator_code, division_code, period and vintage."""

    indicator_code: str
    indicator_name: str
    division_code: str
    period: str
    frequency: str
    value: Decimal
    unit: str
    yoy: Decimal | None
    cumulative: bool
    price_basis: str | None
    vintage: str
    industry_code: str | None
    released_at: datetime
    source_code: str


def economic_indicator(frame: Frame, place: int) -> EconomicIndicator:
    """The figure at that place; periods go back from the one that ended last, each released 18 days after its end."""
    back, rest = divmod(place, A_PERIOD)
    number, region = divmod(rest, len(REGIONS))
    kind, pick = _INDICATORS[number], frame.draw("indicator", place)
    period, end = _period(frame.today, back, kind["frequency"])
    value = Decimal(round(kind["size"] * pick.uniform(0.8, 1.2), 2)).quantize(Decimal("0.01"))
    return EconomicIndicator(
        kind["code"], kind["name"], REGIONS[region], period, kind["frequency"], value, kind["unit"],
        None if kind["unit"].startswith("%") else Decimal(round(pick.uniform(-4, 9), 1)).quantize(Decimal("0.1")),
        kind["cumulative"], kind["price_basis"], PRELIMINARY if back < 4 else FINAL, None,
        _released(frame, end, back), STATISTICS,
    )  # fmt: skip


def _period(today: date, back: int, frequency: str) -> tuple[str, date]:
    """The period's name and the first day after it."""
    months = today.year * 12 + today.month - 1
    if frequency == _MONTHLY:
        end = months - back
        return f"{(end - 1) // 12}-{(end - 1) % 12 + 1:02d}", date(end // 12, end % 12 + 1, 1)
    end = months // 3 * 3 - 3 * back
    return f"{(end - 1) // 12}Q{(end - 1) % 12 // 3 + 1}", date(end // 12, end % 12 + 1, 1)


def _released(frame: Frame, end: date, back: int) -> datetime:
    """The newest period's figures are always still under embargo."""
    day = date.fromordinal(end.toordinal() + 17)
    return at(frame.day(5) if back == 0 and day <= frame.today else day, 10)
