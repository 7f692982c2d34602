"""The snapshot: links from both sides, and the derived star round the base resources."""

import pytest

from catalogue.check import check
from catalogue.descriptor import load
from catalogue.model import Catalogue, SharingType
from catalogue.rules import Compare, Op
from catalogue.snapshot import Snapshot, derived_links

HEAD = """
[[resource]]
name = "{name}"
plural = "{name}s"
title = "{title}"
code = "1/1"
provider = "p"
abstract = "x"
format = "数据库"
sharing = "conditional"
open_attribute = "o"
cycle = "daily"
published_on = 2026-01-01
key = ["code"]
[resource.items]
code = {{ title = "代码", type = "C18", sharing = "unconditional" }}
"""
BASES = (
    HEAD.format(name="firm", title="企业")
    + '[resource.subjects]\ncode = { kind = "legal_person", base = true }\n'
    + HEAD.format(name="human", title="自然人")
    + 'type = { title = "证件类型", type = "C3", sharing = "conditional" }\n'
    + '[resource.subjects.code]\nbase = true\ndiscriminator = "type"\nkinds = { 111 = "person:111", 414 = "person:414" }\n'
)
RECORD = """
kind = { title = "类别", type = "C1", sharing = "unconditional" }
who = { title = "主体", type = "C18", sharing = "conditional", varies_by = "kind", variants = [
    { values = ["1"], sharing = "unconditional" },
] }
[resource.subjects.who]
discriminator = "kind"
kinds = { 1 = "legal_person", 2 = "person:111", 3 = "person:414", 4 = "project" }
"""
DECLARED = """
[resource.links.holder]
title = "持有人"
target = "firm"
on = { who = "code" }
when = { kind = { eq = "1" } }
inverse = { name = "holdings", title = "持有" }
sharing = "conditional"
"""


def catalogue(*names: str, more: str = "") -> Catalogue:
    records = "".join(HEAD.format(name=name, title=f"记录{name}") + RECORD + more for name in names)
    return load(BASES + records, "f")


def test_a_subject_column_is_linked_to_the_base_of_each_kind_and_back():
    snapshot = Snapshot(1, catalogue("permit"))
    firm, human = snapshot.links_of("permit").values()
    assert (firm.name, firm.target, firm.on, firm.many) == ("who_legal_person", "firm", (("who", "code"),), False)
    assert firm.when == Compare("kind", Op.IN, ("1",))
    assert (human.name, human.target) == ("who_person", "human")
    assert human.when == Compare("kind", Op.IN, ("2", "3"))
    (back,) = snapshot.links_of("firm").values()
    assert (back.name, back.target, back.on, back.many) == ("permits_by_who", "permit", (("code", "who"),), True)
    assert (back.when, back.target_when) == (None, firm.when)
    assert back.link is firm.link
    assert back.link.derived


def test_a_derived_link_is_shared_as_the_subject_is_for_the_records_that_it_joins():
    firm, human = derived_links(catalogue("permit"))
    assert firm.sharing.type is SharingType.UNCONDITIONAL
    assert human.sharing.type is SharingType.CONDITIONAL


def test_a_declared_link_stands_in_place_of_the_derived_one():
    snapshot = Snapshot(1, catalogue("permit", more=DECLARED))
    assert list(snapshot.links_of("permit")) == ["holder", "who_person"]
    assert list(snapshot.links_of("firm")) == ["holdings"]


@pytest.mark.parametrize("number", [1, 10, 100])
def test_the_star_grows_with_the_resources_and_not_with_their_pairs(number):
    entries = catalogue(*(f"r{i}" for i in range(number)))
    assert len(derived_links(entries)) == 2 * number
    ends = Snapshot(1, entries).ends
    assert sum(len(of_one) for of_one in ends.values()) == 4 * number
    assert len(ends["firm"]) == number
    assert check(Catalogue(resources=entries.resources)) == ()


def test_a_base_is_not_linked_to_itself_and_a_kind_without_base_to_nothing():
    entries = catalogue("permit")
    assert {link.source for link in derived_links(entries)} == {"permit"}
    assert {link.target for link in derived_links(entries)} == {"firm", "human"}


def test_what_the_catalogue_does_not_have_is_not_there():
    snapshot = Snapshot(0, Catalogue())
    assert (snapshot.links_of("x"), snapshot.bindings_of("x"), snapshot.department_of("x")) == ({}, (), None)
    with pytest.raises(KeyError):
        snapshot.resource("x")
