"""`me`: what the hub knows of the client that asks: its scopes, its grants, what is left of its quotas.

Step 8 of walk 1 (a question). It shows only the client's own; changing any of it is another noun's.
"""

from __future__ import annotations

from datetime import datetime

import strawberry

from auth.grants import Grant
from auth.ports import AuthStoreUnavailable
from catalogue.rules import SHANGHAI
from hub.errors import StoreUnavailable
from hub.operations.asked import Asked, asked
from hub.schema.scalars import DateTime


def quota_day(now: datetime) -> str:
    """The Asia/Shanghai day against which quotas are counted, as `AccessStore.spend` takes it."""
    return now.astimezone(SHANGHAI).date().isoformat()


@strawberry.type(name="Grant", description="授权：本客户端获准使用的一个信息资源")
class GrantNoun:
    """One active grant. `items` are conditional items that it opens, with `~` before those that stay masked."""

    id: strawberry.ID
    resource: str
    purpose: str
    until: DateTime
    items: list[str]
    links: list[str]
    lookup: bool


@strawberry.type(description="授权的每日配额（北京时间）")
class Quota:
    """Records that may be read under one grant on one day, and how many were."""

    grant: strawberry.ID
    resource: str
    day: str
    limit: int
    spent: int


def _client(info: strawberry.Info) -> str:
    return asked(info).principal.client_id


def _department(info: strawberry.Info) -> str:
    return asked(info).principal.department


def _scopes(info: strawberry.Info) -> list[str]:
    return sorted(asked(info).principal.scopes)


def _grants(info: strawberry.Info) -> list[GrantNoun]:
    return [_noun(grant) for grant in _in_force(asked(info))]


async def _quotas(info: strawberry.Info) -> list[Quota]:
    """One question to the store for each grant that has a quota: a client holds few."""
    context = asked(info)
    day = quota_day(context.now)
    limited = [(grant, grant.quota) for grant in _in_force(context) if grant.quota is not None]
    try:
        spent = [await context.access_store.spent(grant.id, day) for grant, _ in limited]
    except AuthStoreUnavailable as error:
        raise StoreUnavailable("quotas cannot be read now") from error
    return [
        Quota(grant=strawberry.ID(grant.id), resource=grant.resource, day=day, limit=limit, spent=count)
        for (grant, limit), count in zip(limited, spent, strict=True)
    ]


@strawberry.type(description="本客户端")
class Me:
    """`client` is the client's id, `department` the credit code of the department that answers for it.

    `scopes` is what the token may do now, `grants` those whose time is not over, `quotas` what was read today.
    """

    client: str = strawberry.field(resolver=_client, description="客户端标识")
    department: str = strawberry.field(resolver=_department, description="所属部门的统一社会信用代码")
    scopes: list[str] = strawberry.field(resolver=_scopes, description="本次令牌的权限范围")
    grants: list[GrantNoun] = strawberry.field(resolver=_grants, description="有效的授权")
    quotas: list[Quota] = strawberry.field(resolver=_quotas, description="有配额的授权及其今日用量")


def _in_force(context: Asked) -> list[Grant]:
    own = (
        grant
        for resource in context.snapshot.resources
        for grant in context.access.by_resource.get((context.principal.client_id, resource), ())
    )
    return sorted((g for g in own if context.now < g.until), key=lambda g: (g.resource, g.purpose, g.id))


def _noun(grant: Grant) -> GrantNoun:
    return GrantNoun(
        id=strawberry.ID(grant.id),
        resource=grant.resource,
        purpose=grant.purpose,
        until=DateTime(grant.until.astimezone(SHANGHAI).isoformat(timespec="milliseconds")),
        items=[name if shown == "plain" else f"~{name}" for name, shown in sorted(grant.items.items())],
        links=sorted(grant.links),
        lookup=grant.lookup,
    )
