"""One small resource, `sheet`, and questions about it: what the tests of decisions build on."""

from datetime import UTC, datetime, timedelta

from auth.bearer import Principal
from auth.decide import decide, entry_of
from auth.grants import Grant, GrantState
from auth.ports import Access, Client, Purpose
from auth.purpose import DeclaredPurpose
from catalogue.model import Catalogue, Cycle, DataType, Department, Item, Link, Resource, Sharing, SharingType
from catalogue.rules import Compare, Op
from catalogue.snapshot import Snapshot

NOW = datetime(2026, 5, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
P = DeclaredPurpose("p")
OPEN, CONDITIONAL, NEVER = (Sharing(each) for each in SharingType)
HIDDEN_WHEN = Compare("state", Op.EQ, "repaired")
ROWS = Compare("state", Op.IN, ("1", "2"))
CLIENT = Client(
    "c", "办事大厅", "91350100M000100Y43", frozenset({"sheet:read", "statutory:read"}), (), (Purpose("p", "企业开办"),)
)
PRINCIPAL = Principal("c", "91350100M000100Y43", CLIENT.scopes, "jti", LATER)


def item(name, sharing=OPEN, **more):
    return Item(name, name, DataType.TEXT, sharing, **more)


def resource(*items, link=OPEN, name="sheet", visibility=()):
    """A resource with a link of the given sharing to a second one, as the published catalogue has it."""
    fields = {
        "title": "表", "code": "307/1", "classification": (), "provider": "11350000003591037R", "abstract": "",
        "format": "数据库", "sharing": OPEN, "open_attribute": "", "cycle": Cycle.DAILY, "published_on": "2026-01-01",
    }  # fmt: skip
    side = Link("leaf", "叶", name, "other", ((items[0].name, "no"),), "root", "根", link)
    back = Link("tree", "树", "other", name, (("no", items[0].name),), "fruit", "果", link)
    one = Resource(name, "sheets", items=items, key=(items[0].name,), links=(side,), visibility=visibility, **fields)
    two = Resource("other", "others", items=(item("no"),), key=("no",), links=(back,), **fields)
    provider = Department("11350000003591037R", "市场监管局")
    return entry_of(Snapshot(1, Catalogue({provider.code: provider}, resources={name: one, "other": two})), name)


def grant(**more):
    given_ = {
        "id": "g",
        "client_id": "c",
        "resource": "sheet",
        "purpose": "p",
        "until": LATER,
        "state": GrantState.ACTIVE,
    }
    return Grant(**(given_ | more))


def access(*grants, client=CLIENT):
    return Access(1, {client.id: client}, {each.id: each for each in grants})


def ask(entry, *grants, purpose=P, principal=PRINCIPAL, client=CLIENT, now=NOW):
    return decide(principal, purpose, entry, access(*grants, client=client), now)
