from dataclasses import replace

import pytest

from catalogue.codes import CodeProfile
from catalogue.lint import RULES, Severity, lint
from catalogue.model import (
    NOTHING,
    Catalogue,
    Classification,
    Cycle,
    DataType,
    Item,
    Mask,
    Resource,
    Sharing,
    SharingType,
    System,
    Variant,
    WorkingForm,
)

OPEN = Sharing(SharingType.UNCONDITIONAL)
GRANTED = Sharing(SharingType.CONDITIONAL)
DENIED = Sharing(SharingType.DENIED, reason="个人隐私", basis="个人信息保护法")


def text(name, title, sharing=GRANTED, **more):
    return Item(name, title, DataType.TEXT, sharing, **{"length": 20, **more})


NUMBER = text("number", "培训证书编号")
IDENTITY = text("id_number", "身份证号", level=3, mask=Mask.IDENTITY)
BIRTH = Item("born_on", "出生日期", DataType.DATE, GRANTED, level=3)
SOUND = Resource(
    name="training",
    plural="trainings",
    title="职业培训合格信息",
    code="307021/12",
    classification=(Classification("department", "307021", primary=True),),
    provider="11330100002489559F",
    abstract="参加职业技能培训并合格的人员及其证书",
    format="数据库",
    sharing=Sharing(SharingType.CONDITIONAL, method="接口、库表"),
    open_attribute="不予开放",
    cycle=Cycle.MONTHLY,
    published_on="2026-01-31",
    items=(NUMBER, IDENTITY, BIRTH),
    key=("number",),
)


def but(**changes):
    return replace(SOUND, **changes)


def shared_as(format_, method):
    return but(format=format_, sharing=replace(SOUND.sharing, method=method))


def with_items(*items):
    return but(items=items)


# (rule, what breaks it, what does not, the item that the finding names)
CASES = [
    ("system-as-title", but(title="职业培训管理系统"), but(title="系统性风险企业名单"), None),
    ("system-as-title", but(title="社保一体化平台"), but(title="平台企业名单"), None),
    (
        "system-as-title",
        but(title="金保工程", form=WorkingForm(owning_system="金保工程")),
        but(form=WorkingForm(owning_system="金保工程")),
        None,
    ),
    (
        "repeated-title",
        with_items(NUMBER, text("other", "培训证书 编号")),
        with_items(NUMBER, text("other", "证书编号")),
        "number",
    ),
    ("code-characters", but(code="307021／12"), SOUND, None),
    ("code-characters", but(code="307021 /12"), SOUND, None),
    ("code-characters", but(classification=(Classification("department", "307021　"),)), SOUND, None),
    ("code-characters", but(provider="11330100 002489559F"), SOUND, None),
    ("code-characters", but(related=("307021/13，307021/14",)), but(related=("307021/13", "307021/14")), None),
    ("code-form", but(code="3070/12"), SOUND, None),
    ("code-form", but(code="307021"), but(code="307021/000001"), None),
    ("code-form", but(code="307022/12"), but(code="307022/12", classification=()), None),
    ("provider-missing", but(provider=" "), SOUND, None),
    ("abstract-missing", but(abstract=""), SOUND, None),
    ("format-unknown", but(format="Excel"), but(format="电子表格"), None),
    ("method-unknown", shared_as("数据库", "光盘"), shared_as("数据库", "拷盘"), None),
    ("method-against-format", shared_as("电子表格", "库表"), shared_as("电子表格", "文件"), None),
    ("method-against-format", shared_as("电子文件", "文件、接口"), shared_as("电子文件", "文件、邮件"), None),
    ("method-against-format", shared_as("数据库", "文件"), shared_as("数据库", "接口"), None),
    ("method-against-format", shared_as("服务接口", "库表"), shared_as("服务接口", "接口"), None),
    ("method-against-format", shared_as("图形图像", "接口"), shared_as("Excel", "接口"), None),
    ("length", with_items(replace(NUMBER, length=None)), with_items(replace(BIRTH, length=None)), "number"),
    ("length", with_items(replace(NUMBER, length=0)), with_items(replace(NUMBER, length=1)), "number"),
    (
        "length",
        with_items(Item("fee", "费用", DataType.NUMBER, GRANTED, length=2, scale=6)),
        with_items(Item("fee", "费用", DataType.NUMBER, GRANTED, length=18, scale=6)),
        "fee",
    ),
    ("identity-level", with_items(text("sfz", "身份证")), with_items(text("sfz", "身份证", level=3)), "sfz"),
    (
        "identity-level",
        with_items(text("rep", "法定代表人证件号码", level=1)),
        with_items(text("rep", "法定代表人身份证件类型", level=1, code_list="id_type")),
        "rep",
    ),
    (
        "birth-beside-weak-mask",
        with_items(replace(IDENTITY, mask=Mask.LAST4), BIRTH),
        with_items(replace(IDENTITY, mask=Mask.IDENTITY), BIRTH),
        "id_number",
    ),
    (
        "birth-beside-weak-mask",
        with_items(replace(IDENTITY, variants=(Variant(frozenset("1"), GRANTED, 3, Mask.PHONE),)), text("age", "年龄")),
        with_items(replace(IDENTITY, mask=Mask.PHONE), replace(BIRTH, sharing=DENIED)),
        "id_number",
    ),
    ("looser-item", with_items(replace(NUMBER, sharing=OPEN)), with_items(replace(NUMBER, sharing=DENIED)), "number"),
    (
        "looser-item",
        with_items(replace(NUMBER, variants=(Variant(frozenset("1"), OPEN, 1),))),
        with_items(replace(NUMBER, variants=(Variant(frozenset("1"), DENIED, 3),))),
        "number",
    ),
    ("looser-item", but(sharing=DENIED), but(sharing=OPEN), "number"),
]


def holding(*resources):
    return Catalogue(resources={each.name: each for each in resources})


def broken(resource, among=NOTHING):
    return {found.rule for found in lint(holding(resource), among)}


@pytest.mark.parametrize(("rule", "breaks", "keeps", "item"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)])
def test_a_rule_is_broken_by_one_entry_and_not_by_its_neighbour(rule, breaks, keeps, item):
    findings = [found for found in lint(holding(breaks)) if found.rule == rule]
    assert findings
    assert (findings[0].resource, findings[0].item) == ("training", item)
    assert rule not in broken(keeps)


def test_a_sound_resource_has_no_finding():
    assert lint(holding(SOUND)) == ()


def test_every_rule_has_a_case():
    assert {case[0] for case in CASES} == set(RULES)


def test_a_code_that_cannot_be_compared_and_a_missing_provider_are_errors():
    severities = {
        found.rule: found.severity for found in lint(holding(but(code="307021／12", provider="", abstract="")))
    }
    assert severities["code-characters"] is severities["provider-missing"] is Severity.ERROR
    assert severities["abstract-missing"] is Severity.WARNING


def test_two_resources_of_one_title_are_both_named():
    twin = but(name="training_copy", title="职业培训（合格）信息")
    entries = holding(SOUND, twin, but(name="other", title="培训机构"))
    assert [(f.rule, f.resource) for f in lint(entries)] == [
        ("repeated-title", "training"),
        ("repeated-title", "training_copy"),
    ]


def test_only_the_entries_that_are_asked_about_get_findings():
    found = lint(holding(SOUND), holding(but(name="training_copy", abstract="")))
    assert [(f.rule, f.resource) for f in found] == [("repeated-title", "training")]


def test_a_finding_reads_as_one_line_with_its_place_and_rule():
    (found,) = lint(holding(with_items(text("sfz", "身份证"))))
    assert str(found).startswith("warning: training.sfz: 身份证")
    assert str(found).endswith("[identity-level]")
    (found,) = lint(holding(but(provider="")))
    assert str(found) == "error: training: no department provides it [provider-missing]"


def test_a_newer_form_of_an_entry_does_not_repeat_its_own_title():
    assert broken(but(abstract="新的摘要"), holding(SOUND)) == set()


def test_a_resource_called_like_a_system_of_the_catalogue_is_found():
    systems = {"jinbao": System("jinbao", "金保工程", SOUND.provider, "sql")}
    assert broken(but(title="金保工程"), Catalogue(systems=systems)) == {"system-as-title"}
    assert broken(but(title="金保工程")) == set()


def test_codes_may_be_made_by_a_province_s_own_profile():
    assert lint(holding(SOUND), profile=CodeProfile(widths=(2, 2, 2), separator="/")) == ()
    assert [f.rule for f in lint(holding(SOUND), profile=CodeProfile(widths=(1, 2, 3), separator="-"))] == ["code-form"]
