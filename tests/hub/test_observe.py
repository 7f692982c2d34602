"""Events go to the standard error stream as one JSON line each, those of the packages below among them."""

import io
import json
import logging

import pytest

from auth.stores import sqlite_audit
from hub.observe import BELOW, LOGGER, Event, emit, to_stderr


@pytest.fixture
def loggers():
    """The loggers that `to_stderr` changes, put back as they were at the end."""
    changed = [LOGGER, *map(logging.getLogger, BELOW)]
    kept = [(logger.handlers[:], logger.level, logger.propagate) for logger in changed]
    yield
    for logger, (handlers, level, propagate) in zip(changed, kept, strict=True):
        logger.handlers[:], logger.level, logger.propagate = handlers, level, propagate


@pytest.fixture
def written(loggers, monkeypatch):
    """The lines written so far, as (level, event)."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    to_stderr()

    def lines():
        split = [line.split(" ", 3) for line in stream.getvalue().splitlines()]
        return [(level, json.loads(event)) for _, _, level, event in split]

    return lines


def test_an_event_is_a_line_of_json_and_an_error_raises_its_level(written):
    emit(Event.STARTED, url="http://127.0.0.1:8000", workers=2)
    emit(Event.PULLER_DIED, error="exit code -9")
    assert written() == [
        ("INFO", {"event": "started", "url": "http://127.0.0.1:8000", "workers": 2}),
        ("ERROR", {"event": "puller_died", "error": "exit code -9"}),
    ]


def test_a_warning_of_a_package_below_is_its_event(written):
    sqlite_audit.log.warning("audit checkpoint of chain %s is late: %s", "a", "disk I/O error")
    assert written() == [
        ("ERROR", {"event": "audit_checkpoint_late", "error": "audit checkpoint of chain a is late: disk I/O error"})
    ]


def test_what_python_cannot_write_as_json_is_written_as_text(written):
    emit(Event.REQUEST_FAILED, error=ValueError("x"), 部门="市监")
    assert written() == [("ERROR", {"event": "request_failed", "error": "x", "部门": "市监"})]
