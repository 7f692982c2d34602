"""GET /status: how every department that feeds the hub does, for everybody. No authentication, no records, no places.

What a system's last word was comes from pulls and probes, how new its resources are from their bindings. No department
is asked for it, and the stores are asked once a second at most, whoever calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalogue.model import Department, Mode, Resource
from catalogue.rules import stored_time
from catalogue.snapshot import Snapshot
from hub.control.ports import BindingState, Condition, SystemState
from hub.pull.schedule import freshness
from hub.services import Services

#: How long one answer serves everybody, in seconds.
FRESH_SECONDS = 1
#: From good to bad: a department is as its worst system or resource.
_ORDER = (Condition.UP, Condition.LATE, Condition.FAULTY, Condition.DOWN)
Told = dict[str, object]


@dataclass(frozen=True, slots=True)
class Known:
    """What the stores say at one moment."""

    snapshot: Snapshot
    systems: Mapping[str, SystemState]
    bindings: Mapping[str, BindingState]
    now: datetime

    def board(self) -> Told:
        """The answer: departments by code."""
        listed = [self._department(department) for department in self._providers()]
        return {"at": stored_time(self.now), "departments": listed}

    def _providers(self) -> Iterator[Department]:
        """Departments whose systems feed something, by code."""
        catalogue = self.snapshot.catalogue
        codes = {catalogue.systems[binding.system].department for binding in catalogue.bindings.values()}
        return (catalogue.departments[code] for code in sorted(codes) if code in catalogue.departments)

    def _department(self, department: Department) -> Told:
        fed = self._fed(department.code)
        resources = [self._resource(self.snapshot.resource(name), names) for name, names in sorted(fed.items())]
        states = [self._system(name) for name in sorted(self._systems(department.code))]
        worst = max(states, key=lambda state: _ORDER.index(state.condition))
        late = any(resource["late"] for resource in resources)
        condition = Condition.LATE if late and worst.condition is Condition.UP else worst.condition
        return {
            "code": department.code, "name": department.name, "state": condition.value,
            "since": worst.since if worst.condition is not Condition.UP else None,
            "checkedAt": worst.checked_at or None, "resources": resources,
        }  # fmt: skip

    def _systems(self, department: str) -> set[str]:
        catalogue = self.snapshot.catalogue
        bound = (catalogue.systems[binding.system] for binding in catalogue.bindings.values())
        return {system.name for system in bound if system.department == department}

    def _system(self, name: str) -> SystemState:
        """A system of which nothing was ever heard counts as up."""
        return self.systems.get(name) or SystemState(name, Condition.UP, "", "", "")

    def _fed(self, department: str) -> dict[str, list[str]]:
        """The bindings of the department's systems, by resource."""
        systems, found = self._systems(department), dict[str, list[str]]()
        for binding in self.snapshot.catalogue.bindings.values():
            if binding.system in systems:
                found.setdefault(binding.resource, []).append(binding.name)
        return found

    def _resource(self, resource: Resource, bindings: list[str]) -> Told:
        states = [self.bindings.get(name) or BindingState(name) for name in bindings]
        fresh = freshness(resource, states, self.now)
        return {
            "name": resource.name, "title": resource.title, "mode": resource.mode.value,
            "late": fresh.late, "asOf": fresh.as_of if resource.mode is Mode.SYNCED else None, "due": fresh.due,
        }  # fmt: skip


async def status(request: Request) -> Response:
    """The board, at most a second old."""
    services: Services = request.app.state.services
    now = services.clock()
    kept: tuple[datetime, bytes] | None = getattr(request.app.state, "board", None)
    if kept is None or not 0 <= (now - kept[0]).total_seconds() < FRESH_SECONDS:
        kept = (now, orjson.dumps((await _known(services, now)).board()))
        request.app.state.board = kept
    headers = {"Cache-Control": f"public, max-age={FRESH_SECONDS}"}
    return Response(kept[1], headers=headers, media_type="application/json")


async def _known(services: Services, now: datetime) -> Known:
    published = await services.publication.fresh()
    systems = await services.stores.systems.system_states()
    return Known(published.snapshot, systems, await services.stores.ledger.bindings(), now)
