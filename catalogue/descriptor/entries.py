"""Departments, systems, code lists and bindings from their tables. Resources, which say more, have their own file."""

from __future__ import annotations

from catalogue.descriptor.tables import Table
from catalogue.model import Binding, CodeList, Column, Department, System


def department(table: Table) -> Department:
    """One `[[department]]`."""
    return Department(code=table.text("code"), name=table.text("name"), short=table.optional("short"))


def system(table: Table) -> System:
    """One `[[system]]`."""
    return System(
        name=table.text("name"),
        title=table.text("title"),
        department=table.text("department"),
        connector=table.text("connector"),
        options=table.pairs("options"),
        deadline=table.number("deadline", 2.0),
        zone=table.optional("zone"),
    )


def code_list(table: Table) -> CodeList:
    """One `[[code_list]]`."""
    codes = table.pairs("codes")
    if not codes:
        table.faults.at("codes").add("missing-key", "a code list has at least one code")
    return CodeList(
        name=table.text("name"),
        title=table.text("title"),
        version=table.text("version"),
        codes=codes,
        standard=table.optional("standard"),
    )


def binding(table: Table) -> Binding:
    """One `[[binding]]`."""
    return Binding(
        name=table.text("name"),
        resource=table.text("resource"),
        system=table.text("system"),
        columns=table.each("columns", _column, short="source"),
        options=table.pairs("options"),
        complete=table.flag("complete", default=True),
        delete_share=table.number("delete_share", 0.1),
        poll=table.number("poll", 0.0),
        timezone=table.optional("timezone", "Asia/Shanghai"),
    )


def _column(item: str, table: Table) -> Column:
    return Column(
        item=item,
        source=table.maybe("source"),
        constant=table.maybe("constant"),
        pattern=table.maybe("pattern"),
        units=table.pairs("units"),
        codes=table.pairs("codes"),
        formats=table.texts("formats"),
        nulls=table.texts("nulls"),
    )
