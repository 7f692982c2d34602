"""`hub discover`: what a system offers becomes descriptors that can be published as they are, and are cautious."""

import sqlite3
import tomllib
from contextlib import closing

import pytest

SYSTEM = """
[[department]]
code = "11350000003590122P"
name = "市场监督管理局"

[[system]]
name = "{name}"
title = "电梯台账系统"
department = "11350000003590122P"
connector = "{connector}"
options = {options}
"""
LIFTS = (
    "登记证号,使用单位代码,联系人证件,载重kg,检验日期\n"
    "T0001,91350100M000100Y43,11010519491231002X,800,2026-01-05\n"
    "T0002,91512081MA62K0260E,440524188001010014,1000,2026-03-09\n"
)


@pytest.fixture
def known(hub, tmp_path):
    """Publishes a system: `known("lifts", "files", '{ path = "…" }')`."""

    def publish(name, connector, options):
        path = tmp_path / f"{name}.toml"
        path.write_text(SYSTEM.format(name=name, connector=connector, options=options), encoding="utf-8")
        assert hub("catalogue", "add", path).code == 0
        return hub

    return publish


@pytest.fixture
def lifts(known, tmp_path):
    folder = tmp_path / "lifts"
    folder.mkdir()
    (folder / "电梯台账.csv").write_text(LIFTS, encoding="gb18030")
    return known("lifts", "files", f'{{ path = "{folder}" }}')


def proposed(hub, *arguments):
    ran = hub("discover", *arguments)
    assert ran.code == 0, ran.err
    return "\n".join(ran.out)


def test_a_csv_is_proposed_published_pulled_and_linked_to_legal_persons(lifts, tmp_path):
    text = proposed(lifts, "lifts")
    (tmp_path / "proposed.toml").write_text(text, encoding="utf-8")
    assert lifts("catalogue", "lint", tmp_path / "proposed.toml").code == 0
    assert lifts("catalogue", "add", tmp_path / "proposed.toml").code == 0
    assert any("2 created" in line for line in lifts("pull", "diantitaizhang").out)
    shown = "\n".join(lifts("catalogue", "show", "diantitaizhang").out)
    assert tomllib.loads(shown)["resource"][0]["subjects"] == {"shiyongdanweidaima": "legal_person"}
    assert "diantitaizhangList" in "\n".join(lifts("schema").out)


def test_nothing_is_proposed_as_unconditional_and_a_persons_number_is_masked(lifts):
    (resource,) = tomllib.loads(proposed(lifts, "lifts"))["resource"]
    assert {item["sharing"] for item in resource["items"].values()} == {"conditional"}
    person = resource["items"]["lianxirenzhengjian"]
    assert (person["level"], person["mask"], person["identifier"]) == (3, "identity", "citizen_number")


def test_every_table_of_a_database_is_proposed_with_its_key_and_one_alone_by_its_name(known, tmp_path):
    with closing(sqlite3.connect(tmp_path / "cases.db")) as file:
        file.execute("CREATE TABLE T_AJXX (AJBH VARCHAR(20) PRIMARY KEY, JE NUMERIC(18, 2), LARQ DATE)")
        file.execute("CREATE TABLE caseParty (AJBH VARCHAR(20), XH INTEGER, BZ TEXT, PRIMARY KEY (AJBH, XH))")
    hub = known("cases", "sql", f'{{ url = "sqlite:///{tmp_path}/cases.db" }}')
    resources = {one["name"]: one for one in tomllib.loads(proposed(hub, "cases"))["resource"]}
    assert resources["t_ajxx"]["key"] == ["ajbh"]
    assert resources["case_party"]["key"] == ["ajbh", "xh"]
    assert resources["t_ajxx"]["items"]["je"]["type"] == "N18,6"
    assert len({one["code"] for one in resources.values()}) == 2
    (alone,) = tomllib.loads(proposed(hub, "cases", "--offer", "T_AJXX"))["resource"]
    assert alone["name"] == "t_ajxx"


def test_names_that_are_taken_get_a_number(lifts, tmp_path):
    (tmp_path / "proposed.toml").write_text(proposed(lifts, "lifts"), encoding="utf-8")
    lifts("catalogue", "add", tmp_path / "proposed.toml")
    (again,) = tomllib.loads(proposed(lifts, "lifts"))["resource"]
    assert again["name"] == "diantitaizhang_2"


def test_an_unknown_system_an_unknown_offer_and_one_that_is_down_are_told_apart(lifts, known, tmp_path):
    assert lifts("discover", "nobody").err == ["hub: no system is called nobody; known are lifts"]
    assert lifts("discover", "lifts", "--offer", "x").err == ["hub: lifts offers nothing called x"]
    gone = known("gone", "files", f'{{ path = "{tmp_path / "nowhere"}" }}')("discover", "gone")
    assert gone.code in (2, 3)
    assert len(gone.err) == 1
    assert gone.err[0].startswith("hub: ")
