"""`catalogue`: the entries as GraphQL: resources with their items, links and freshness, and departments.

Step 8 of walk 1 (a question), over the published snapshot; only freshness asks a store, once an answer. Names are
public to whoever holds `catalogue:read`; records are not reached from here.
"""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry import UNSET

from catalogue.fold import fold
from catalogue.model import DataType, Department, Item, Mode, Moment, Resource, Sharing
from catalogue.names import field_name, type_name
from catalogue.rules import SHANGHAI
from catalogue.snapshot import LinkEnd
from hub.control.ports import BindingState
from hub.errors import Code, HubError
from hub.operations.asked import asked
from hub.pull.schedule import freshness
from hub.schema.scalars import DateTime

PAGE, LARGEST_PAGE = 50, 1000


@strawberry.type(name="Department", description="部门")
class DepartmentNoun:
    """`code` is the unified social credit code."""

    code: str
    name: str


@strawberry.type(name="Sharing", description="共享属性")
class SharingNoun:
    """`type` is unconditional, conditional or denied."""

    type: str
    condition: str
    method: str
    reason: str
    basis: str


@strawberry.type(name="CatalogueItem", description="信息项")
class ItemNoun:
    """`type` is the national guide's letter, `field` the GraphQL name."""

    name: str
    field: str
    title: str
    type: str
    length: int | None
    scale: int
    unit: str
    currency: str
    level: int
    masked: bool
    verify: bool
    code_list: str | None
    sharing: SharingNoun


@strawberry.type(name="CatalogueLink", description="关联")
class LinkNoun:
    """`field` is the GraphQL name on this side, `target` the other resource's name."""

    name: str
    field: str
    title: str
    target: str
    many: bool
    derived: bool
    sharing: SharingNoun


@strawberry.type(name="CatalogueMoment", description="时点")
class MomentNoun:
    """The point of time `item` plus `days`."""

    name: str
    field: str
    title: str
    item: str
    days: int


@strawberry.type(description="更新情况")
class Freshness:
    """`due` is null for 不定期 and 按需, which are never late."""

    as_of: DateTime | None
    due: DateTime | None
    late: bool


def _provider(info: strawberry.Info, root: strawberry.Parent[ResourceNoun]) -> DepartmentNoun:
    """Its code stands for the name where the catalogue does not know it."""
    departments = asked(info).snapshot.catalogue.departments
    return _department(departments.get(root.entry.provider) or Department(root.entry.provider, root.entry.provider))


def _items(root: strawberry.Parent[ResourceNoun]) -> list[ItemNoun]:
    return [_item(item) for item in root.entry.items]


def _links(info: strawberry.Info, root: strawberry.Parent[ResourceNoun]) -> list[LinkNoun]:
    return [_link(end) for end in asked(info).snapshot.links_of(root.name).values()]


def _moments(root: strawberry.Parent[ResourceNoun]) -> list[MomentNoun]:
    return [_moment(moment) for moment in root.entry.moments]


async def _freshness(info: strawberry.Info, root: strawberry.Parent[ResourceNoun]) -> Freshness | None:
    if root.live:
        return None
    context = asked(info)
    known = await context.bindings()
    names = [binding.name for binding in context.snapshot.bindings_of(root.name)]
    found = freshness(root.entry, [known.get(name) or BindingState(name) for name in names], context.now)
    return Freshness(as_of=_time(found.as_of), due=_time(found.due), late=found.late)


@strawberry.type(name="CatalogueResource", description="信息资源目录条目")
class ResourceNoun:
    """One resource as the national guide describes it. Links are those that can be followed, declared and derived."""

    entry: strawberry.Private[Resource]
    name: str
    type: str = strawberry.field(description="GraphQL 类型名")
    title: str
    code: str = strawberry.field(description="信息资源代码")
    abstract: str
    format: str
    cycle: str
    published_on: str
    open_attribute: str
    live: bool
    key: list[str]
    sharing: SharingNoun
    provider: DepartmentNoun = strawberry.field(resolver=_provider, description="提供方")
    items: list[ItemNoun] = strawberry.field(resolver=_items, description="信息项")
    links: list[LinkNoun] = strawberry.field(resolver=_links, description="关联")
    moments: list[MomentNoun] = strawberry.field(resolver=_moments, description="时点")
    freshness: Freshness | None = strawberry.field(resolver=_freshness, description="更新情况；实时调用的资源没有")


def _version(info: strawberry.Info) -> int:
    return asked(info).snapshot.version


def _resources(
    info: strawberry.Info, search: str | None = UNSET, first: int | None = UNSET, after: str | None = UNSET
) -> list[ResourceNoun]:
    """A page of resources by name: those whose words hold every term of `search` side by side."""
    found = asked(info).snapshot.resources
    names = [name for name in sorted(found) if name > (after or "") and _speaks_of(found[name], search)]
    return [_resource(found[name]) for name in names[: _page_size(first)]]


def _one_resource(info: strawberry.Info, name: str | None = UNSET, code: str | None = UNSET) -> ResourceNoun | None:
    """The resource of that name or of that code; exactly one of them is given."""
    if bool(name) == bool(code):
        raise HubError(Code.BAD_INPUT, "resource takes exactly one of name and code")
    resources = asked(info).snapshot.resources
    found = resources.get(name) if name else next((r for r in resources.values() if r.code == code), None)
    return _resource(found) if found else None


def _departments(info: strawberry.Info) -> list[DepartmentNoun]:
    departments = asked(info).snapshot.catalogue.departments
    return [_department(departments[code]) for code in sorted(departments)]


@strawberry.type(name="Catalogue", description="政务信息资源目录")
class CatalogueNoun:
    """The published catalogue at `version`."""

    version: int = strawberry.field(resolver=_version, description="目录版本")
    resources: list[ResourceNoun] = strawberry.field(
        resolver=_resources,
        description="按名称排序；search 在名称、标题、摘要和信息项中查找；after 为上一页最后一个名称",
    )
    resource: ResourceNoun | None = strawberry.field(
        resolver=_one_resource, description="按名称或信息资源代码取一个条目"
    )
    departments: list[DepartmentNoun] = strawberry.field(resolver=_departments, description="部门")


def _page_size(first: int | None) -> int:
    size = first if isinstance(first, int) else PAGE
    if size < 0:
        raise HubError(Code.BAD_INPUT, f"first must not be negative: {size}")
    if size > LARGEST_PAGE:
        raise HubError(Code.DOCUMENT_REFUSED, f"first is {size}, the limit is {LARGEST_PAGE}")
    return size


def _speaks_of(resource: Resource, search: str | None) -> bool:
    if not search:
        return True
    words = [resource.name, resource.title, resource.abstract, *(f"{i.name} {i.title}" for i in resource.items)]
    return any(f" {fold(search)} " in f" {fold(word)} " for word in words)


def _time(stored: str | None) -> DateTime | None:
    if stored is None:
        return None
    return DateTime(datetime.fromisoformat(stored).astimezone(SHANGHAI).isoformat(timespec="milliseconds"))


def _resource(entry: Resource) -> ResourceNoun:
    return ResourceNoun(
        entry=entry,
        name=entry.name,
        type=type_name(entry.name),
        title=entry.title,
        code=entry.code,
        abstract=entry.abstract,
        format=entry.format,
        cycle=entry.cycle.value,
        published_on=entry.published_on,
        open_attribute=entry.open_attribute,
        live=entry.mode is Mode.LIVE,
        key=list(entry.key),
        sharing=_sharing(entry.sharing),
    )


def _item(item: Item) -> ItemNoun:
    return ItemNoun(
        name=item.name,
        field=field_name(item.name),
        title=item.title,
        type=DataType(item.type).value,
        length=item.length,
        scale=item.scale,
        unit=item.unit,
        currency=item.currency,
        level=item.level,
        masked=item.mask is not None,
        verify=item.verify,
        code_list=item.code_list,
        sharing=_sharing(item.sharing),
    )


def _link(end: LinkEnd) -> LinkNoun:
    return LinkNoun(
        name=end.name,
        field=field_name(end.name),
        title=end.title,
        target=end.target,
        many=end.many,
        derived=end.link.derived,
        sharing=_sharing(end.link.sharing),
    )


def _moment(moment: Moment) -> MomentNoun:
    return MomentNoun(
        name=moment.name, field=field_name(moment.name), title=moment.title, item=moment.item, days=moment.days
    )


def _sharing(sharing: Sharing) -> SharingNoun:
    return SharingNoun(
        type=sharing.type.value,
        condition=sharing.condition,
        method=sharing.method,
        reason=sharing.reason,
        basis=sharing.basis,
    )


def _department(department: Department) -> DepartmentNoun:
    return DepartmentNoun(code=department.code, name=department.name)
