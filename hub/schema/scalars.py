"""The scalars that GraphQL itself does not have: Date, DateTime, Decimal, Long, JSON.

Answers carry them as they stand in the planned rows (`hub.engine.project` formats); arguments are only looked at for
their form here, `catalogue.where.literal` brings them into stored form for the item they are compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal as Number
from decimal import DecimalException
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from catalogue.where import LARGEST

Date = NewType("Date", str)
DateTime = NewType("DateTime", str)
Decimal = NewType("Decimal", str)
Long = NewType("Long", int)
Json = NewType("Json", object)


def _as_it_is(value: object) -> object:
    return value


def _date(value: object) -> str:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "").isoformat()
    except ValueError:
        raise GraphQLError("Date takes text such as 2026-01-31") from None


def _datetime(value: object) -> str:
    try:
        datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise GraphQLError("DateTime takes text such as 2026-01-31T08:00:00+08:00") from None
    return str(value)


def _decimal(value: object) -> str:
    try:
        if not isinstance(value, bool) and isinstance(value, str | int | float) and Number(str(value)).is_finite():
            return str(value)
    except DecimalException:
        pass  # said below, as for every other value that is no number
    raise GraphQLError("Decimal takes a number, as text or as it is")


def _long(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise GraphQLError("Long takes a whole number of at most 2^53")
    return value


#: Strawberry's map from the annotation to the scalar that stands for it.
SCALARS: Mapping[object, ScalarDefinition] = {
    Date: strawberry.scalar(
        name="Date", description="A calendar date, `2026-01-31`.", serialize=_as_it_is, parse_value=_date
    ),
    DateTime: strawberry.scalar(
        name="DateTime",
        description="A point of time, `2026-01-31T08:00:00.000+08:00`; without an offset it means Asia/Shanghai.",
        serialize=_as_it_is,
        parse_value=_datetime,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact decimal number as text, `1234.560000`.",
        serialize=_as_it_is,
        parse_value=_decimal,
    ),
    Long: strawberry.scalar(
        name="Long", description="A whole number of at most 2^53.", serialize=_as_it_is, parse_value=_long
    ),
    Json: strawberry.scalar(name="JSON", description="Any JSON value.", serialize=_as_it_is, parse_value=_as_it_is),
}
