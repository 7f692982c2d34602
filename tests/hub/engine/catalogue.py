"""A small catalogue that has one of everything the engine must know: masks, variants, moments, visibility, live, links."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

from catalogue.model import (
    Binding,
    Canonical,
    Catalogue,
    CodeList,
    Column,
    Cycle,
    DataType,
    Department,
    Identifier,
    Item,
    Link,
    Mask,
    Mode,
    Moment,
    Resource,
    SearchKind,
    Sharing,
    SharingType,
    SubjectColumn,
    SubjectRef,
    System,
    Variant,
    Visibility,
)
from catalogue.rules import Compare, Op
from catalogue.snapshot import Snapshot
from hub.schema.build import Built, build

MARKET, LICENSING, POLICE = "91350100M000100Y43", "91512081MA62K0260E", "9131000063159284XQ"
OPEN = Sharing(SharingType.UNCONDITIONAL)
GRANTED = Sharing(SharingType.CONDITIONAL)
NEVER = Sharing(SharingType.DENIED, reason="涉密", basis="法")
COMPANY, PERSON = "001", "111"
CITIZEN = SubjectRef("person", PERSON, Identifier.CITIZEN_NUMBER)


def item(name, kind="C", sharing=OPEN, **more):
    return Item(name, f"{name} 的标题", DataType(kind), sharing, **more)


def resource(name, plural, provider, items, key, **more):
    return Resource(
        name=name,
        plural=plural,
        title=f"{name} 的名称",
        code=f"307010/{name}",
        classification=(),
        provider=provider,
        abstract=f"{name} 的摘要",
        format="数据库",
        sharing=OPEN,
        open_attribute="",
        cycle=Cycle.DAILY,
        published_on="2026-01-01",
        items=tuple(items),
        key=key,
        **more,
    )


COMPANIES = resource(
    "company",
    "companies",
    MARKET,
    [
        item("uscc", canonical=Canonical.CODE, search=SearchKind.CODE, length=18),
        item("name", search=SearchKind.TEXT, length=200),
        item("capital", "Y", scale=6, unit="万元", verify=True),
        item("status", code_list="status", verify=True),
        item("division", canonical=Canonical.DIVISION, code_list="division", length=6, verify=True),
        item("established", "D"),
        item("staff", "I", length=6),
        item("phone", sharing=GRANTED, mask=Mask.PHONE, level=3),
        item("rep_name", search=SearchKind.TEXT, verify=True),
        item("rep_id", sharing=GRANTED, canonical=Canonical.CODE, mask=Mask.IDENTITY, level=3, verify=True),
        item("secret", sharing=NEVER, level=4),
        item("scope", "M"),
    ],
    ("uscc",),
    unique=(("name", "division"),),
    subjects=(SubjectColumn("uscc", kind="legal_person", base=True),),
    links=(
        Link(
            "licences", "持有证照", "company", "licence", (("uscc", "holder_code"),), "holder", "持证主体", OPEN,
            target_when=Compare("holder_kind", Op.EQ, COMPANY), many=True, inverse_many=False,
        ),
        Link(
            "representative", "法定代表人", "company", "person", (("rep_id", "id_number"),), "represents", "任职企业",
            GRANTED, many=False, inverse_many=True,
        ),
    ),
)  # fmt: skip

LICENCES = resource(
    "licence",
    "licences",
    LICENSING,
    [
        item("licence_id"),
        item("type_code", code_list="licence_type"),
        item("holder_kind"),
        item(
            "holder_code", canonical=Canonical.CODE, sharing=GRANTED, mask=Mask.IDENTITY, varies_by="holder_kind",
            variants=(Variant(frozenset({COMPANY}), OPEN, 1), Variant(frozenset({"099"}), NEVER, 4)), verify=True,
        ),
        item("valid_to", "D", verify=True),
        item("issued_at", "T"),
        item("fee", "N", scale=2, length=10),
        item("current", "L"),
        item("score", "B"),
        item("pages", "N", length=12),
        item("state"),
    ],
    ("licence_id",),
    moments=(Moment("expiring", "即将到期", "valid_to", -30),),
    visibility=(Visibility("revoked", "已撤销", Compare("state", Op.EQ, "revoked")),),
    subjects=(
        SubjectColumn(
            "holder_code", discriminator="holder_kind",
            kinds=MappingProxyType({COMPANY: SubjectRef("legal_person"), PERSON: CITIZEN}),
        ),
    ),
)  # fmt: skip

STEPS = resource(
    "step",
    "steps",
    LICENSING,
    [item("process_no"), item("seq", "I"), item("handler", sharing=GRANTED, mask=Mask.NAME)],
    ("process_no", "seq"),
)

PEOPLE = resource(
    "person",
    "persons",
    POLICE,
    [
        item("id_number", sharing=GRANTED, canonical=Canonical.CODE, mask=Mask.IDENTITY, level=3),
        item("id_type", sharing=GRANTED),
        item("name", sharing=GRANTED, mask=Mask.NAME, level=3, verify=True),
        item("household_no", sharing=GRANTED),
        item("birth_date", "D", sharing=GRANTED, verify=True),
    ],
    ("id_number",),
    mode=Mode.LIVE,
    lookups=(("id_number",), ("household_no",)),
    subjects=(
        SubjectColumn(
            "id_number",
            discriminator="id_type",
            base=True,
            kinds=MappingProxyType({PERSON: CITIZEN, "414": SubjectRef("person", "414")}),
        ),
    ),
)

POLICE_BINDING = Binding(
    "police:person",
    "person",
    "police",
    (
        Column("id_number", "sfzh"), Column("id_type", "zjlx"), Column("name", "xm"), Column("household_no", "hh"),
        Column("birth_date", "csrq"),
    ),
)  # fmt: skip


@cache
def snapshot() -> Snapshot:
    return Snapshot(
        7,
        Catalogue(
            departments={
                MARKET: Department(MARKET, "市场监管局"),
                LICENSING: Department(LICENSING, "行政审批局"),
                POLICE: Department(POLICE, "公安局"),
            },
            systems={
                "market": System("market", "登记系统", MARKET, "sql"),
                "licensing": System("licensing", "证照系统", LICENSING, "files"),
                "police": System("police", "人口系统", POLICE, "sql", deadline=0.2),
            },
            code_lists={
                "status": CodeList("status", "登记状态", "1", {"1": "存续", "2": "吊销"}),
                "division": CodeList("division", "区划", "1", {"350102": "鼓楼区", "350104": "仓山区"}),
                "licence_type": CodeList("licence_type", "证照类型", "1", {"A": "许可证"}),
            },
            resources={r.name: r for r in (COMPANIES, LICENCES, STEPS, PEOPLE)},
            bindings={
                "market:company": Binding("market:company", "company", "market", ()),
                "licensing:licence": Binding("licensing:licence", "licence", "licensing", ()),
                POLICE_BINDING.name: POLICE_BINDING,
            },
        ),
    )


@cache
def built() -> Built:
    return build(snapshot())
