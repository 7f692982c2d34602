"""The enumerations and codes of the national guide for government information resource catalogues.

What descriptors, workbooks and pages may write, in Chinese and in code: the code of a resource, formats and the ways
they are shared, sharing types, data types, update cycles and when a resource of each is late. Pure; no clock is read.
Walk 2's scheduler takes its interval from `period`, freshness its promise from `due`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import accumulate, pairwise
from types import MappingProxyType

from catalogue.model import Cycle, DataType, SharingType
from catalogue.rules import SHANGHAI


class Format(StrEnum):
    """信息资源格式, by the names of the guide; 服务接口 is not in it but stands in every working form."""

    FILE = "电子文件"
    SPREADSHEET = "电子表格"
    DATABASE = "数据库"
    IMAGE = "图形图像"
    STREAM = "流媒体"
    SELF_DESCRIBED = "自描述格式"
    SERVICE = "服务接口"


class Method(StrEnum):
    """共享方式: the three of the sharing platform, then those off it."""

    INTERFACE = "接口"
    TABLE = "库表"
    FILE = "文件"
    MAIL = "邮件"
    DISK = "拷盘"
    MEDIUM = "介质"


OFF_PLATFORM = frozenset({Method.MAIL, Method.DISK, Method.MEDIUM})
_AS_FILE = OFF_PLATFORM | {Method.FILE}
METHODS: Mapping[Format, frozenset[Method]] = MappingProxyType(
    {
        Format.FILE: _AS_FILE,
        Format.SPREADSHEET: _AS_FILE,
        Format.DATABASE: OFF_PLATFORM | {Method.TABLE, Method.INTERFACE},
        Format.IMAGE: _AS_FILE,
        Format.STREAM: _AS_FILE,
        Format.SELF_DESCRIBED: _AS_FILE | {Method.INTERFACE},
        Format.SERVICE: frozenset({Method.INTERFACE}),
    }
)
"""By which methods a resource of each format can be shared."""

SHARING_TITLES: Mapping[SharingType, str] = MappingProxyType(
    {
        SharingType.UNCONDITIONAL: "无条件共享",
        SharingType.CONDITIONAL: "有条件共享",
        SharingType.DENIED: "不予共享",
    }
)
CYCLE_TITLES: Mapping[Cycle, str] = MappingProxyType(
    {
        Cycle.REAL_TIME: "实时",
        Cycle.DAILY: "每日",
        Cycle.WEEKLY: "每周",
        Cycle.MONTHLY: "每月",
        Cycle.QUARTERLY: "每季度",
        Cycle.HALF_YEARLY: "每半年",
        Cycle.YEARLY: "每年",
        Cycle.IRREGULAR: "不定期",
        Cycle.ON_DEMAND: "按需",
    }
)
DATA_TYPE_TITLES: Mapping[DataType, str] = MappingProxyType(
    {
        DataType.TEXT: "字符型",
        DataType.NUMBER: "数值型",
        DataType.MONEY: "货币型",
        DataType.DATE: "日期型",
        DataType.DATETIME: "日期时间型",
        DataType.LOGICAL: "逻辑型",
        DataType.MEMO: "备注型",
        DataType.BLOB: "通用型",
        DataType.DOUBLE: "双精度型",
        DataType.INTEGER: "整型",
        DataType.FLOAT: "浮点型",
    }
)

_PERIODS: Mapping[Cycle, timedelta] = MappingProxyType(
    {
        Cycle.REAL_TIME: timedelta(minutes=1),
        Cycle.DAILY: timedelta(days=1),
        Cycle.WEEKLY: timedelta(days=7),
        Cycle.MONTHLY: timedelta(days=28),
        Cycle.QUARTERLY: timedelta(days=90),
        Cycle.HALF_YEARLY: timedelta(days=181),
        Cycle.YEARLY: timedelta(days=365),
    }
)
_MONTHS: Mapping[Cycle, int] = MappingProxyType(
    {Cycle.MONTHLY: 1, Cycle.QUARTERLY: 3, Cycle.HALF_YEARLY: 6, Cycle.YEARLY: 12}
)
# The guide names no figure for 实时; a few of its periods leave room for one pull that was missed.
_REAL_TIME_LATE = timedelta(minutes=5)


def methods(text: str) -> tuple[str, ...]:
    """The single methods of a 共享方式 that lists several, as written, without what separates them."""
    return tuple(part for part in re.split(r"[\s、，,；;/／]+", text) if part)


def period(cycle: Cycle) -> timedelta | None:
    """The shortest time between two updates, which is how often a source is asked; None for 不定期 and 按需."""
    return _PERIODS.get(cycle)


def due(cycle: Cycle, as_of: datetime) -> datetime | None:
    """When a resource whose data stand as of `as_of` (aware) is late unless it was updated; None if it never is.

    An update a calendar period is what a cycle promises: data of any day in May are on time through all of June, so a
    monthly resource is late from 1 July, 00:00 Asia/Shanghai. Real time is late after five minutes.
    """
    if cycle is Cycle.REAL_TIME:
        return as_of + _REAL_TIME_LATE
    if cycle not in _PERIODS:
        return None
    following = _next_start(cycle, as_of.astimezone(SHANGHAI).date())
    return datetime.combine(_next_start(cycle, following), time(), SHANGHAI)


def _next_start(cycle: Cycle, day: date) -> date:
    """The first day of the calendar period after the one that holds the day; weeks begin on Monday."""
    if cycle is Cycle.DAILY:
        return day + timedelta(days=1)
    if cycle is Cycle.WEEKLY:
        return day + timedelta(days=7 - day.weekday())
    months = _MONTHS[cycle]
    year, month = divmod(((day.year * 12 + day.month - 1) // months + 1) * months, 12)
    return date(year, month + 1, 1)


@dataclass(frozen=True, slots=True)
class ResourceCode:
    """信息资源代码: the classification's levels (类, 项, 目, 细目; later ones may be missing) and the sequence."""

    levels: tuple[str, ...]
    sequence: str

    @property
    def classification(self) -> str:
        """The classification code: the levels without anything between them."""
        return "".join(self.levels)


@dataclass(frozen=True, slots=True)
class CodeProfile:
    """How resource codes are made: digits of each level but the last, which is of any length, and the separator.

    Provinces differ; `NATIONAL` is the guide's own.
    """

    widths: tuple[int, ...]
    separator: str

    def split(self, classification: str) -> tuple[str, ...]:
        """The levels of a classification code; ValueError where one of them is cut short or no digit."""
        if not re.fullmatch("[0-9]+", classification):
            raise ValueError("a classification code has digits only, and one at least")
        ends = (0, *accumulate(self.widths), len(classification))
        levels = [level for start, end in pairwise(ends) if (level := classification[start:end])]
        if any(len(level) < width for level, width in zip(levels, self.widths, strict=False)):
            widths = ", ".join(map(str, self.widths))
            raise ValueError(f"the levels of a classification code have {widths} digits, a further one any number")
        return tuple(levels)

    def parse(self, code: str) -> ResourceCode:
        """The parts of a resource code; ValueError where it is not classification, separator and sequence."""
        classification, separator, sequence = code.partition(self.separator)
        if not separator or not re.fullmatch("[0-9]+", sequence):
            raise ValueError(f"a resource code is a classification code, {self.separator!r} and a sequence of digits")
        return ResourceCode(self.split(classification), sequence)


NATIONAL = CodeProfile(widths=(1, 2, 3), separator="/")
"""The guide's profile: 类 of one digit, 项 of two, 目 of three, 细目 of any length; "/" before the sequence."""
