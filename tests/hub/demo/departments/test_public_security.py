"""Public security as another department meets it: its WSDL, persons by number and household, faults, and the hub."""

from datetime import date
from xml.etree import ElementTree as ET

import pytest
import zeep
from requests import Session
from requests.auth import HTTPBasicAuth
from zeep.exceptions import Fault
from zeep.transports import Transport

from hub.demo.departments.public_security import COLUMNS, DIRTS, MOST_ASKED, USER, columns, rows
from hub.demo.world import DIRT, World
from tests.running_demo import until

MODULE = "public_security"
WORLD = World(20261122, date(2026, 11, 22), 0.02)
FIRST = WORLD.persons[0]
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<q:ChaXunRenKou xmlns:q="urn:gongan:renkou:v1"><q:TiaoJian>{}</q:TiaoJian></q:ChaXunRenKou></e:Body></e:Envelope>'
)
GRANT = """
[[grants]]
client = "clerk"
resource = "person"
purpose = "handling"
until = 2036-12-31
lookup = true
items = { name = "plain", household_no = "plain", life_status = "plain", birth_date = "plain", birth_year = "plain" }
links = ["household"]
document = "数管授〔2026〕1号"
approvals = [
    { person = "林晓", role = "applicant data officer", at = 2026-11-02T09:00:00 },
    { person = "吴静", role = "provider", at = 2026-11-04T10:10:00 },
]
"""


def numbers(*values):
    return "".join(f"<q:GMSFHM>{value}</q:GMSFHM>" for value in values)


def ask(department, conditions, *, password=None, envelope=ENVELOPE):
    return department.http.post(
        department.url,
        content=envelope.format(conditions),
        headers={"Content-Type": "text/xml"},
        auth=(USER, password or department.secret("password")),
    )


def names(answer):
    return [each.text for each in ET.fromstring(answer.content).iter("{urn:gongan:renkou:v1}XM")]


def test_its_wsdl_serves_a_client_that_knows_nothing_else(standing):
    session = Session()
    session.auth = HTTPBasicAuth(USER, standing.secret("password"))
    client = zeep.Client(f"{standing.url}?wsdl", transport=Transport(session=session))
    found = client.service.ChaXunRenKou(TiaoJian={"GMSFHM": [p.id_number for p in WORLD.persons[:3]]})
    assert found.ZS == 3
    assert [(p.XM, p.CSRQ, p.XB) for p in found.RKXXLB.RKXX] == [
        (p.name, f"{p.birth_date:%Y%m%d}", p.sex) for p in WORLD.persons[:3]
    ]
    household = client.service.ChaXunRenKou(TiaoJian={"HH": [FIRST.household_no]}).RKXXLB.RKXX
    assert [p.XM for p in household] == [p.name for p in WORLD.persons if p.household_no == FIRST.household_no]
    with pytest.raises(Fault, match="1000"):
        client.service.ChaXunRenKou(TiaoJian={})


def test_persons_come_by_many_numbers_at_once_and_nobody_else(standing):
    asked = [person.id_number for person in WORLD.persons[:6]]
    assert names(ask(standing, numbers(*asked, "110101190001010009"))) == [p.name for p in WORLD.persons[:6]]
    assert names(ask(standing, numbers("110101190001010009"))) == []
    both = numbers(*asked) + f"<q:HH>{FIRST.household_no}</q:HH>"
    assert names(ask(standing, both)) == [p.name for p in WORLD.persons[:6] if p.household_no == FIRST.household_no]


@pytest.mark.parametrize(
    ("conditions", "envelope"),
    [
        ("", ENVELOPE),
        (numbers(""), ENVELOPE),
        (numbers(*["110101190001010009"] * (MOST_ASKED + 1)), ENVELOPE),
        ("", "<broken{}"),
        ("", '<!DOCTYPE x [<!ENTITY a "b">]>' + ENVELOPE),
        ("", "<Envelope>{}</Envelope>"),
    ],
    ids=["nobody", "empty", "too many", "no XML", "document type", "no SOAP"],
)
def test_what_it_cannot_answer_is_a_fault_of_the_client(standing, conditions, envelope):
    answer = ask(standing, conditions, envelope=envelope)
    assert answer.status_code == 500
    fault = ET.fromstring(answer.content).find(".//{http://schemas.xmlsoap.org/soap/envelope/}Fault")
    assert fault.findtext("faultcode") == "soap:Client"
    assert fault.findtext("faultstring")


def test_nobody_is_told_without_the_password(standing):
    refused = ask(standing, numbers(FIRST.id_number), password="guessed")
    assert (refused.status_code, FIRST.name in refused.text) == (401, False)
    assert standing.http.get(standing.url).status_code == 405
    assert standing.http.get(f"{standing.url}/other").status_code == 404


def test_it_comes_back_where_it_was_with_its_changes_and_its_password(start):
    first = start(MODULE, every="0.01")
    everybody = numbers(*(person.id_number for person in WORLD.persons))
    telephones = {p.id_number: p.phone for p in WORLD.persons}

    def changed():
        listed = ET.fromstring(ask(first, everybody).content).iter("{urn:gongan:renkou:v1}RKXX")
        told = {p[0].text: p.findtext("{urn:gongan:renkou:v1}LXDH") for p in listed}
        return {number: told[number] for number in told if told[number] != telephones[number]}

    kept = until(changed)
    assert not kept.keys() & {person.id_number for person in WORLD.cast.persons}
    password = first.secret("password")
    first.stop()
    second = start(MODULE)
    assert (second.url, second.secret("password")) == (first.url, password)
    assert all(number in ask(second, numbers(number)).text for number in kept)


def test_about_one_person_in_a_hundred_is_dirty_and_the_cast_is_not():
    large = World(20261122, date(2026, 11, 22), 0.2)
    clean = [tuple(columns(person).values()) for person in large.persons]
    dirty = [place for place, row in enumerate(rows(large)) if row != clean[place]]
    assert 0.3 * DIRT < len(dirty) / len(clean) < 3 * DIRT
    assert min(dirty) >= len(large.cast.persons)


@pytest.mark.parametrize("soil", DIRTS)
def test_every_kind_of_dirt_spoils_a_person(soil):
    person = columns(FIRST)
    soil(person, WORLD.frame.draw("test", 1))
    assert tuple(person) == COLUMNS
    assert person != columns(FIRST)


async def test_a_live_question_is_answered_by_number_and_by_household(standing, hub):
    async with hub(standing) as asked:
        await asked.allow(GRANT, "person:read", "catalogue:read")
        answer = await asked.ask(
            f'{{ person(idNumber: "{FIRST.id_number}") {{ name birthDate birthYear lifeStatus {{ code }} household {{ name }} }} }}'
        )
    assert answer.errors == []
    found = answer.data["person"]
    assert (found["name"], found["birthDate"]) == (FIRST.name, f"{FIRST.birth_date}")
    assert (found["birthYear"], found["lifeStatus"]) == (FIRST.birth_year, {"code": FIRST.life_status})
    assert {p["name"] for p in found["household"]} == {
        p.name for p in WORLD.persons if p.household_no == FIRST.household_no
    }


async def test_once_stopped_its_fields_are_null_with_an_error_that_names_it(start, hub):
    department = start(MODULE)
    async with hub(department) as asked:
        await asked.allow(GRANT, "person:read", "catalogue:read")
        department.stop()
        answer = await asked.ask(f'{{ person(idNumber: "{FIRST.id_number}") {{ name }} }}')
    assert answer.data == {"person": None}
    (error,) = answer.errors
    assert error["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    assert error["extensions"]["source"] == "population_register"
