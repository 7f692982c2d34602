"""What an operator can see: one list of named events with their fields, and how they are written.

Both walks report through `emit`. An event never carries a secret, a token or a person's data: only names of resources,
bindings, clients, counts, durations and request ids. Lines go to the standard error stream as JSON.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from enum import StrEnum

LOGGER = logging.getLogger("hub")


class Event(StrEnum):
    """Every event there is; docs and tests read this list."""

    STARTED = "started"
    STOPPED = "stopped"
    REQUEST_FAILED = "request_failed"
    STORE_UNAVAILABLE = "store_unavailable"
    CATALOGUE_SWAPPED = "catalogue_swapped"
    ACCESS_SWAPPED = "access_swapped"
    PULL_ENDED = "pull_ended"
    PULL_FAILED = "pull_failed"
    MOMENTS_EMITTED = "moments_emitted"
    PULLER_DIED = "puller_died"
    AUDIT_CHECKPOINT_LATE = "audit_checkpoint_late"
    CATALOGUE_REFUSED = "catalogue_refused"
    SUBSCRIPTION_ENDED = "subscription_ended"
    SOURCE_FAILED = "source_failed"
    SOURCE_DOWN = "source_down"
    SOURCE_UP = "source_up"


#: The packages below cannot import this one: what one of their loggers warns of is this event.
BELOW: Mapping[str, Event] = {"auth.stores.sqlite_audit": Event.AUDIT_CHECKPOINT_LATE}


def emit(event: Event, **fields: object) -> None:
    """Write one event. A field named `error` raises its level to error."""
    level = logging.ERROR if "error" in fields else logging.INFO
    LOGGER.log(level, "%s", json.dumps({"event": event.value, **fields}, ensure_ascii=False, default=str))


def to_stderr(level: int = logging.INFO) -> None:
    """Send events to the standard error stream; called once by each process of the command line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(level)
    LOGGER.propagate = False
    for name in BELOW:
        logging.getLogger(name).handlers[:] = [_FromBelow()]
        logging.getLogger(name).propagate = False


class _FromBelow(logging.Handler):
    """Turns a warning of a package below into its event."""

    def emit(self, record: logging.LogRecord) -> None:
        emit(BELOW[record.name], error=record.getMessage())
