"""Descriptions: what the schema says in words of items, links, moments and resources: Chinese title, unit, sharing.

Pure text for the generated schema; a reader of the SDL or of an IDE sees it beside every field.
"""

from __future__ import annotations

from catalogue.model import Item, Moment, Resource, SharingType
from catalogue.snapshot import LinkEnd

SHARING = {
    SharingType.UNCONDITIONAL: "无条件共享",
    SharingType.CONDITIONAL: "有条件共享",
    SharingType.DENIED: "不予共享",
}


def of_item(item: Item) -> str:
    """`注册资本（万元；无条件共享）`, then what the descriptor adds."""
    unit = " ".join(part for part in (item.unit, item.currency) if part)
    facts = [unit, SHARING[item.sharing.type]]
    if item.varies_by:
        facts.append(f"随 {item.varies_by} 而异")
    return _said(f"{item.title}（{'；'.join(fact for fact in facts if fact)}）", item.description)


def of_link(end: LinkEnd) -> str:
    """`持证主体（有条件共享）`: a link's sharing is its own."""
    return f"{end.title}（{SHARING[end.link.sharing.type]}）"


def of_moment(moment: Moment) -> str:
    """`即将到期：valid_to − 30 天`."""
    days = f" {'−' if moment.days < 0 else '+'} {abs(moment.days)} 天" if moment.days else ""
    return f"{moment.title}：{moment.item}{days}"


def of_resource(resource: Resource) -> str:
    """`信用记录（有条件共享）`, then the abstract."""
    return _said(f"{resource.title}（{SHARING[resource.sharing.type]}）", resource.abstract)


def _said(first: str, more: str) -> str:
    return f"{first} {more}" if more else first
