"""The nouns of the catalogue, as frozen values: departments, systems, resources, items, links, bindings, code lists.

Nothing here reads a file, a clock or the network. `catalogue.descriptor` turns TOML into these values and back,
`catalogue.snapshot` answers questions about a whole set of them. Field names follow the national guide for compiling
government information resource catalogues (政务信息资源目录编制指南); PRODUCT's vocabulary gives the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from catalogue.rules import Where

EMPTY: Mapping[str, str] = MappingProxyType({})


class DataType(StrEnum):
    """数据类型: the letters of the national guide."""

    TEXT = "C"
    NUMBER = "N"
    MONEY = "Y"
    DATE = "D"
    DATETIME = "T"
    LOGICAL = "L"
    MEMO = "M"
    BLOB = "G"
    DOUBLE = "B"
    INTEGER = "I"
    FLOAT = "F"


class SharingType(StrEnum):
    """共享类型: 无条件, 有条件, 不予. Nothing is ever unconditional by default."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    DENIED = "denied"


class Mask(StrEnum):
    """How a masked item looks; `auth.masks` holds the rules."""

    IDENTITY = "identity"
    NAME = "name"
    PHONE = "phone"
    ADDRESS = "address"
    LAST4 = "last4"


class Cycle(StrEnum):
    """更新周期. `irregular` (不定期) and `on_demand` (按需) are never late."""

    REAL_TIME = "real_time"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
    IRREGULAR = "irregular"
    ON_DEMAND = "on_demand"


class SearchKind(StrEnum):
    """How full-text search reads an item: as text (consecutive terms) or as a code (whole or by prefix)."""

    TEXT = "text"
    CODE = "code"


class Canonical(StrEnum):
    """How values of an item are made comparable for keys and joins: `catalogue.canonical` says what each form is."""

    CODE = "code"
    DIVISION = "division"


class Identifier(StrEnum):
    """Whose published rule a code follows, by its function in `catalogue.identifiers`: mapping judges and warns."""

    CREDIT_CODE = "credit_code"
    ORGANISATION_CODE = "organisation_code"
    CITIZEN_NUMBER = "citizen_number"
    RESIDENCE_PERMIT = "residence_permit"
    DIVISION_CODE = "division_code"
    PROJECT_CODE = "project_code"


class Mode(StrEnum):
    """归集 or 实时调用: the records are kept in the hub, or asked for at query time and never kept."""

    SYNCED = "synced"
    LIVE = "live"


class Identity(StrEnum):
    """What names a record: its key alone, or the binding together with the key."""

    KEY = "key"
    BINDING_AND_KEY = "binding+key"


@dataclass(frozen=True, slots=True)
class Sharing:
    """共享属性 of one item, link or resource. `reason` and `basis` are required where the type is 不予."""

    type: SharingType
    condition: str = ""
    method: str = ""
    reason: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """How an item's rule differs for records whose discriminator holds one of `values`."""

    values: frozenset[str]
    sharing: Sharing
    level: int
    mask: Mask | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """信息项: one described field of a resource.

    `length` counts characters of text or digits of a number, `scale` its decimals. `varies_by` names the discriminator
    item whose value picks one of `variants`; without a match the item's own rule holds. `currency` is an ISO 4217 code
    or the item that holds one. `identifier` is the standard that every code of the item follows; where that depends on
    a discriminator, `SubjectRef.identifier` says it instead.
    """

    name: str
    title: str
    type: DataType
    sharing: Sharing
    length: int | None = None
    scale: int = 0
    level: int = 2
    mask: Mask | None = None
    verify: bool = False
    code_list: str | None = None
    canonical: Canonical | None = None
    unit: str = ""
    currency: str = ""
    search: SearchKind | None = None
    indexed: bool = False
    varies_by: str | None = None
    variants: tuple[Variant, ...] = ()
    description: str = ""
    identifier: Identifier | None = None


@dataclass(frozen=True, slots=True)
class SubjectRef:
    """What a discriminator's value means: a subject kind and, for persons, the identity type.

    `identifier` is the standard that codes of that value follow, None where there is none to judge by (passports).
    """

    kind: str
    id_type: str = ""
    identifier: Identifier | None = None


@dataclass(frozen=True, slots=True)
class SubjectColumn:
    """主体: an item that says whom a record is about.

    Either `kind` is fixed, or `discriminator` names an item whose values `kinds` maps to kind and identity type.
    `base` is true on the one resource that stands for the kind itself (legal_person for legal persons): derived
    links form a star around it. A base may have a discriminator where all its values mean that one kind.
    """

    item: str
    kind: str = ""
    discriminator: str | None = None
    kinds: Mapping[str, SubjectRef] = field(default_factory=lambda: MappingProxyType({}))
    base: bool = False

    @property
    def refs(self) -> tuple[tuple[str | None, SubjectRef], ...]:
        """What the column names, by each value of its discriminator; by None where the kind is fixed."""
        return tuple(self.kinds.items()) if self.discriminator is not None else ((None, SubjectRef(self.kind)),)


@dataclass(frozen=True, slots=True)
class Link:
    """关联: a join from items of the resource that declares it to items of another.

    `on` pairs (own item, target item). `when` limits the declaring side and `target_when` the other, both rules over
    own items. `many` and `inverse_many` say whether following it gives a connection or one record. A link has its own
    sharing: following it discloses that two records share a key, never the key.
    """

    name: str
    title: str
    source: str
    target: str
    on: tuple[tuple[str, str], ...]
    inverse: str
    inverse_title: str
    sharing: Sharing
    when: Where | None = None
    target_when: Where | None = None
    many: bool = False
    inverse_many: bool = True
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """时点: at `item` plus `days` a record changes by itself. A date means 00:00 Asia/Shanghai."""

    name: str
    title: str
    item: str
    days: int = 0


@dataclass(frozen=True, slots=True)
class Visibility:
    """A rule that hides a record from everybody but a statutory grant: repaired, publication ended, embargo."""

    name: str
    title: str
    hidden_when: Where


@dataclass(frozen=True, slots=True)
class Classification:
    """分类 of a resource in one scheme (department, base, theme): 类 1 digit, 项 2, 目 3, 细目 of any length."""

    scheme: str
    code: str
    primary: bool = False


@dataclass(frozen=True, slots=True)
class WorkingForm:
    """What the provinces' working form adds to the 13 core items; free text but `zone` and `electronic_licence`."""

    owning_system: str = ""
    source_department: str = ""
    office: str = ""
    related_matters: tuple[str, ...] = ()
    use_cases: str = ""
    requirements: str = ""
    electronic_licence: bool = False
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """信息资源: a described set of records. The 13 core items of the guide, then what the hub needs to serve it.

    `key` is the tuple of items that identify a record, `unique` further unique keys. `lookups` are the items (single or
    composite) by which a live resource is asked. `provider` is the providing department's unified social credit code.
    """

    name: str
    plural: str
    title: str
    code: str
    classification: tuple[Classification, ...]
    provider: str
    abstract: str
    format: str
    sharing: Sharing
    open_attribute: str
    cycle: Cycle
    published_on: str
    items: tuple[Item, ...]
    key: tuple[str, ...]
    related: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    identity: Identity = Identity.KEY
    mode: Mode = Mode.SYNCED
    lookups: tuple[tuple[str, ...], ...] = ()
    subjects: tuple[SubjectColumn, ...] = ()
    links: tuple[Link, ...] = ()
    moments: tuple[Moment, ...] = ()
    visibility: tuple[Visibility, ...] = ()
    form: WorkingForm = WorkingForm()
    description: str = ""

    def item(self, name: str) -> Item:
        """The item of that name; KeyError where there is none."""
        for item in self.items:
            if item.name == name:
                return item
        raise KeyError(name)

    def moment(self, name: str) -> Moment | None:
        """The moment of that name, or None."""
        return next((m for m in self.moments if m.name == name), None)


@dataclass(frozen=True, slots=True)
class CodeList:
    """代码集: a versioned list of codes with their names; `standard` says where it comes from."""

    name: str
    title: str
    version: str
    codes: Mapping[str, str]
    standard: str = ""


@dataclass(frozen=True, slots=True)
class Department:
    """部门: provider or consumer, identified by its unified social credit code."""

    code: str
    name: str
    short: str = ""


@dataclass(frozen=True, slots=True)
class System:
    """业务系统: a department's own system that a connector talks to.

    `connector` names the kind (sql, files …), `options` its settings; a secret is only ever a reference (`env:NAME`,
    `file:PATH`). `deadline` is the seconds that a live question to it may take.
    """

    name: str
    title: str
    department: str
    connector: str
    options: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    deadline: float = 2.0
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """How one item is read from a department's row.

    Either `source` (a column's name) or `constant` stands. `pattern`'s groups `value` and `unit` pick a number and its
    unit, `units` maps unit texts to factors. `codes` translates, `formats` are strptime's, `nulls` mean "not given".
    """

    item: str
    source: str | None = None
    constant: str | None = None
    pattern: str | None = None
    units: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    codes: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    formats: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """挂接: how one department's system feeds a resource.

    `options` are the connector's own. `complete` says that a full read lists every record, so that what is missing may
    be deleted; `delete_share` is the largest share of the binding's records that one pull may delete without a person's
    word. `poll` is seconds between pulls (0: the resource's cycle), `timezone` what a naive source time means.
    """

    name: str
    resource: str
    system: str
    columns: tuple[Column, ...]
    options: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    complete: bool = True
    delete_share: float = 0.1
    poll: float = 0.0
    timezone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A set of entries: one descriptor file's, or everything that is published. Names are unique within a kind."""

    departments: Mapping[str, Department] = field(default_factory=lambda: MappingProxyType({}))
    systems: Mapping[str, System] = field(default_factory=lambda: MappingProxyType({}))
    code_lists: Mapping[str, CodeList] = field(default_factory=lambda: MappingProxyType({}))
    resources: Mapping[str, Resource] = field(default_factory=lambda: MappingProxyType({}))
    bindings: Mapping[str, Binding] = field(default_factory=lambda: MappingProxyType({}))

    def with_(self, newer: Catalogue) -> Catalogue:
        """The set with the entries of `newer` added, or replaced where the name stands already."""
        return Catalogue(
            departments={**self.departments, **newer.departments},
            systems={**self.systems, **newer.systems},
            code_lists={**self.code_lists, **newer.code_lists},
            resources={**self.resources, **newer.resources},
            bindings={**self.bindings, **newer.bindings},
        )


NOTHING = Catalogue()  #: No entries.
