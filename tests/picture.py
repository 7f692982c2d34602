"""`make picture`: docs/explorer.png, the explorer of a demo with a question and its answer, as a reader will see it."""

import sys
import tempfile
from pathlib import Path

from tests.browser import Explorer, missing, running_chromium
from tests.running_demo import RunningDemo

QUESTION = "2-qualify-bidders"
COMPANY = """# 企业、它的证照和登记它的部门 · a company, its licences, and who says so
{
  legalPersons(first: 1, orderBy: [{ uscc: ASC }]) {
    nodes {
      uscc
      name
      legalRepId
      provenance { department asOf }
      licences(first: 2) {
        totalCount
        nodes { typeName status { name } provenance { department } }
      }
    }
  }
}
"""


def draw(place):
    """Ask the question of the picture, and keep what the window shows."""
    with tempfile.TemporaryDirectory() as folder, running_chromium() as browser:
        demo = RunningDemo(Path(folder) / "data")
        try:
            explorer = Explorer(
                browser, demo.ready["url"], locale="zh-CN", viewport={"width": 1280, "height": 800}
            ).open()
            ask(explorer)
            explorer.page.mouse.move(0, 0)
            explorer.page.screenshot(path=place, animations="disabled")
        finally:
            demo.stop()


def ask(explorer):
    """Question 2 with its variables; where it has none, a question that needs none."""
    explorer.page.click(f"[data-question='{QUESTION}']")
    if "{" not in explorer.page.evaluate(
        "document.querySelector('.graphiql-editor-tool .CodeMirror').CodeMirror.getValue()"
    ):
        explorer.write(COMPANY)
    explorer.run()
    explorer.answer('"data"')


if __name__ == "__main__":
    if what := missing():
        sys.exit(what)
    draw(sys.argv[1])
