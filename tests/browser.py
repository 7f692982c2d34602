"""Headless Chromium at the explorer of a hub, as its reader uses it: what the tests and docs/explorer.png share."""

import os
import shutil
from contextlib import contextmanager

import pytest

from hub.explorer.build import FOLDER

ROOT_HAS_NO_SANDBOX = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
ANSWER = "document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()"


def chromium():
    """The path of the Chromium that is installed, or None. None is ever downloaded."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def missing():
    """What the explorer's tests need and do not find."""
    if chromium() is None:
        return "Chromium is not installed"
    return None if (FOLDER / "built/page.html").exists() else "the explorer is not built (make explorer)"


def require():
    """Skip in one line what cannot be run here; under CI=true it fails."""
    if what := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{what}: under CI=true the explorer's tests may not be skipped")
        pytest.skip(what)


@contextmanager
def running_chromium():
    """A browser, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ROOT_HAS_NO_SANDBOX)
        try:
            yield browser
        finally:
            browser.close()


class Explorer:
    """The explorer in a window of its own, and what its page asked for and complained of."""

    def __init__(self, browser, url, **context):
        self.url = url
        self.context = browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1400, "height": 900}, **context})
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.requests, self.complaints = [], []
        self.page.on("request", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))

    def _note(self, request):
        self.requests.append(request)

    def open(self):
        """Load the page, until its editors are there."""
        self.page.goto(f"{self.url}/graphql")
        self.page.wait_for_selector(".graphiql-query-editor .CodeMirror")
        return self

    def write(self, document):
        """Replace what stands in the query editor."""
        self.page.focus(".graphiql-query-editor textarea")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(document)

    def run(self):
        """Press the button that runs the document, or ends what is running."""
        self.page.click(".graphiql-execute-button")

    def answer(self, *shown):
        """The text of the answer, once everything given is in it."""
        for text in shown:
            self.page.wait_for_function(f"text => {ANSWER}.includes(text)", arg=text)
        return self.page.evaluate(ANSWER)

    def asked(self, path):
        """The requests that went to a path of the hub."""
        return [request for request in self.requests if request.url == self.url + path]

    def close(self):
        self.context.close()
