"""The explorer in headless Chromium, on a real demo: from choosing a client to its answer, and to a change."""

import json

import pytest

from auth.purpose import DeclaredPurpose, parse_purpose
from tests.browser import Explorer, require, running_chromium

QUESTION = "{ legalPersons(first: 1) { nodes { name legalRepId phone } } }"
CHANGES = "subscription { legalPersonChanges(from: BEGINNING) { __typename } }"


@pytest.fixture(scope="module")
def chromium():
    require()
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def window(chromium, demo):
    """Opens the explorer of the demo, with options of a browser's context."""
    opened = []

    def open_(**context):
        opened.append(Explorer(chromium, demo.ready["url"], **context))
        return opened[-1].open()

    yield open_
    for explorer in opened:
        explorer.close()


def choose(explorer, client, purpose):
    explorer.page.select_option("[name=client]", client)
    explorer.page.select_option("[name=code]", purpose)


def test_the_page_needs_nothing_but_the_hub_and_complains_of_nothing(window, demo):
    explorer = window()
    page = explorer.page
    for button in ("Show Documentation Explorer", "Show History"):
        page.click(f"[aria-label='{button}']")
    page.wait_for_selector(".graphiql-history")
    for dialog in ("Open short keys dialog", "Open settings dialog"):
        page.click(f"[aria-label='{dialog}']")
        page.wait_for_selector(".graphiql-dialog")
        page.keyboard.press("Escape")
        page.wait_for_selector(".graphiql-dialog", state="detached")
    explorer.write("{ ")
    page.keyboard.type("legal")
    page.wait_for_selector(".CodeMirror-hints")
    elsewhere = {request.url for request in explorer.requests if not request.url.startswith(demo.ready["url"] + "/")}
    assert (elsewhere, explorer.complaints) == (set(), [])


def test_a_question_is_asked_as_the_chosen_client_for_the_declared_purpose(window):
    explorer = window()
    choose(explorer, "bidding", "qualification")
    explorer.page.fill("[name=case]", '闽招"0042"\\')
    explorer.page.fill("[name=operator]", "陈晓明 100%")
    explorer.write(QUESTION)
    explorer.run()
    answer = json.loads(explorer.answer('"data"'))
    (node,) = answer["data"]["legalPersons"]["nodes"]
    assert node["name"]
    assert answer["extensions"]["masked"] == ["legalPersons.nodes.legalRepId"]
    declared = explorer.asked("/graphql")[-1].headers["hub-purpose"]
    assert declared.isascii()
    assert parse_purpose(declared) == DeclaredPurpose("qualification", '闽招"0042"\\', "陈晓明 100%")


def test_a_denied_field_is_null_and_says_which_department_holds_it(window):
    explorer = window()
    choose(explorer, "portal", "")
    explorer.write(QUESTION)
    explorer.run()
    answer = json.loads(explorer.answer("NOT_GRANTED"))
    (node,) = answer["data"]["legalPersons"]["nodes"]
    assert (node["legalRepId"], node["phone"]) == (None, None)
    assert {error["extensions"]["department"] for error in answer["errors"]} == {"市场监督管理局"}
    assert "hub-purpose" not in explorer.asked("/graphql")[-1].headers


def test_a_subscription_shows_its_events_and_connects_anew_when_the_purpose_changes(window):
    explorer = window()
    choose(explorer, "bidding", "qualification")
    explorer.write(CHANGES)
    explorer.run()
    explorer.answer("Caughtup")
    explorer.page.fill("[name=operator]", "林晓")
    with explorer.page.expect_websocket():
        explorer.page.press("[name=operator]", "Enter")
    explorer.answer("Caughtup")
    explorer.run()
    explorer.page.wait_for_selector("[aria-label^='Execute query']")
    assert explorer.complaints == []


def test_a_token_is_renewed_before_it_expires(window):
    explorer = window()
    explorer.page.clock.install()
    choose(explorer, "portal", "")
    explorer.write("{ __typename }")
    explorer.run()
    explorer.answer("Query")
    before = len(explorer.asked("/oauth/token"))
    explorer.page.clock.fast_forward("09:40")
    with explorer.page.expect_request("**/oauth/token"):
        explorer.run()
    explorer.answer("Query")
    assert len(explorer.asked("/oauth/token")) == before + 1


def test_through_a_proxy_there_are_no_clients_and_a_pasted_token_speaks(window, demo):
    explorer = window(extra_http_headers={"X-Forwarded-For": "192.0.2.7"})
    assert explorer.page.locator("[name=client]").count() == 0
    explorer.page.fill("[name=token]", demo.token("portal"))
    explorer.page.fill("[name=code]", "")  # that of the question at hand, which is not this client's
    explorer.write("{ legalPersons(first: 1) { nodes { name } } }")
    explorer.run()
    explorer.answer('"name"')
    assert explorer.asked("/explorer/session.json") == []


@pytest.mark.parametrize(("locale", "word"), [("zh-CN", "以谁的身份查询"), ("en-GB", "Who asks")])
def test_the_panel_speaks_the_browsers_language(window, locale, word):
    explorer = window(locale=locale)
    assert word in explorer.page.inner_text(".hub-panel")
    assert explorer.page.get_attribute("html", "lang") == ("zh-CN" if locale == "zh-CN" else "en")


def test_a_question_at_hand_opens_once_in_a_tab_of_its_own_as_the_client_that_asks_it(window):
    explorer = window(locale="zh-CN")
    page = explorer.page
    choose(explorer, "portal", "")
    tabs = page.locator("[role=tab]").count()
    for name, root in [("2-qualify-bidders", "legalPersonsByKey"), ("1-open-a-business", "verifyPerson")] * 2:
        page.click(f"[data-question='{name}']")
        page.locator(".graphiql-query-editor", has_text=root).wait_for()
    assert page.locator("[role=tab]").count() == tabs + 1
    page.click("[data-question='2-qualify-bidders']")
    assert (page.input_value("[name=client]"), page.input_value("[name=case]")) == ("bidding", "2026-0042")
    assert page.inner_text("[data-question='2-qualify-bidders']") == "招投标资格审查"
