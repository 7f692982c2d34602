"""The cast's matters: one whole table of `cast.toml` each, with its situations, materials and form fields. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.demo.world.matters import IN_USE, FormField, Material, Matter, Situation


@dataclass(frozen=True, slots=True)
class MatterOfCast:
    """A matter with what belongs to it, and the licence type that it issues."""

    matter: Matter
    licence_type: str | None
    situations: tuple[Situation, ...]
    materials: tuple[Material, ...]
    form_fields: tuple[FormField, ...]


def matter_of_cast(table: Mapping[str, Any]) -> MatterOfCast:
    """The matter of one table."""
    code = table["matter_code"]
    matter = Matter(
        code, code[18:30], f"{code}01", table["name"], table["kind"], "01", table["department_code"],
        "2" if code[26:30] == "0000" else "4", table["promised_days"], IN_USE, None,
    )  # fmt: skip
    return MatterOfCast(
        matter, table.get("licence"),
        tuple(
            Situation(f"{code}Q{seq:03d}", code, one["question"], one["option"], None)
            for seq, one in enumerate(table["situations"], 1)
        ),
        tuple(_material(code, seq, one) for seq, one in enumerate(table["materials"], 1)),
        tuple(
            FormField(f"{code}F{seq:03d}", code, one["label"], "C", one.get("filled_from"))
            for seq, one in enumerate(table["fields"], 1)
        ),
    )  # fmt: skip


def _material(code: str, seq: int, one: Mapping[str, Any]) -> Material:
    situation = one.get("situation")
    return Material(
        f"{code}C{seq:03d}", code, f"{code}Q{situation:03d}" if situation else None, one["name"], "1", one["source"],
        "3", one.get("licence_type_code"), one.get("replaced_by"), None,
    )  # fmt: skip
