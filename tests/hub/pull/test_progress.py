"""A pull as it is watched: a bar on a terminal, plain lines elsewhere."""

import io

from rich.console import Console

from hub.pull.progress import SECONDS_BETWEEN_LINES, _lines, shown
from hub.pull.report import Tally
from hub.records.model import Operation
from tests.hub.pull.office import binding_to


def tally(read):
    made = Tally("licences_csv", "licence", read=read)
    made.operations[Operation.CREATED] = read
    return made


def test_on_a_terminal_a_bar_counts_and_is_gone_at_the_end(tmp_path):
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with shown(binding_to(tmp_path), console) as watch:
        watch(tally(1500))
    text = console.file.getvalue()
    assert "licences_csv" in text
    assert "1,500 read, 1,500 changed" in text


def test_elsewhere_a_line_is_printed_every_few_seconds():
    console, now = Console(file=io.StringIO(), width=120), [0.0]
    watch = _lines(console, lambda: now[0])
    for read in range(1, 5):
        now[0] += SECONDS_BETWEEN_LINES / 2
        watch(tally(read * 1000))
    assert console.file.getvalue() == (
        "licences_csv: 2,000 read, 2,000 changed, 0 quarantined\n"
        "licences_csv: 4,000 read, 4,000 changed, 0 quarantined\n"
    )


def test_a_short_pull_prints_nothing_while_it_goes_on(tmp_path):
    console = Console(file=io.StringIO())
    with shown(binding_to(tmp_path), console) as watch:
        watch(tally(10))
    assert console.file.getvalue() == ""
