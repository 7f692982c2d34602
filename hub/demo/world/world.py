"""`World`: every list, made lazily from what the subjects' modules say of one place. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache, cached_property
from itertools import chain
from typing import TypeVar

from hub.demo.world import cast, companies, credit, indicators, licences, matters, people, places, processes
from hub.demo.world.cast import Cast
from hub.demo.world.companies import LegalPerson
from hub.demo.world.credit import CreditRecord
from hub.demo.world.frame import Frame
from hub.demo.world.indicators import EconomicIndicator
from hub.demo.world.licences import Holders, Licence
from hub.demo.world.matters import FlowStep, FormField, Material, Matter, ResultType, Situation
from hub.demo.world.people import Person
from hub.demo.world.places import GeoPlace
from hub.demo.world.processes import Process, ProcessStep, SubmittedMaterial, Surroundings

T = TypeVar("T")
#: How many legal persons there are at scale 1; the other lists follow from it.
LEGAL_PERSONS = 10_000
_FEWEST = 100
MATTERS, INDICATORS, DOOR_PLATES = 300, 2_000, 1_200
#: The share of records that a department spoils.
DIRT = 0.01


class World:
    """Everything that was made from `seed` as seen on `today`; `scale` 1 gives the sizes of the issue's demo."""

    def __init__(self, seed: int, today: date, scale: float = 1.0) -> None:
        self.frame, self.scale = Frame(seed, today), scale
        self.person: Callable[[int], Person] = cache(self._person)
        self.legal_person: Callable[[int], LegalPerson] = cache(self._legal_person)
        self.licence: Callable[[int], Licence] = cache(self._licence)
        self.matter: Callable[[int], Matter] = cache(self._matter)

    @property
    def today(self) -> date:
        """The day as seen from which the world was made."""
        return self.frame.today

    @cached_property
    def cast(self) -> Cast:
        """The hand-made stories. The first `len(cast.persons)` persons are its persons, and so for each list."""
        return Cast(self.frame)

    @property
    def size(self) -> int:
        """How many legal persons there are."""
        return max(_FEWEST, int(LEGAL_PERSONS * self.scale))

    @cached_property
    def persons(self) -> list[Person]:
        """Two for every legal person."""
        return [self.person(place) for place in range(self.size * companies.PERSONS_EACH)]

    @cached_property
    def legal_persons(self) -> list[LegalPerson]:
        """Every registration."""
        return [self.legal_person(place) for place in range(self.size)]

    @cached_property
    def credit_records(self) -> list[CreditRecord]:
        """Four for every legal person."""
        return [self._credit_record(place) for place in range(self.size * credit.RECORDS_EACH)]

    @cached_property
    def licences(self) -> list[Licence]:
        """Five for every legal person."""
        return [self.licence(place) for place in range(self.size * licences.LICENCES_EACH)]

    @cached_property
    def matters(self) -> list[Matter]:
        """Every matter; small worlds have the first `matters.FEWEST`."""
        return [self.matter(place) for place in range(max(matters.FEWEST, int(MATTERS * self.scale)))]

    @cached_property
    def flow_steps(self) -> list[FlowStep]:
        """The steps of every matter."""
        return list(chain.from_iterable(matters.flow_steps(one) for one in self.matters))

    @cached_property
    def situations(self) -> list[Situation]:
        """The situations of every matter."""
        return [
            *chain.from_iterable(known.situations for known in cast.MATTERS),
            *self._of_matters(matters.situations),
        ]

    @cached_property
    def materials(self) -> list[Material]:
        """The papers of every matter."""
        return [
            *chain.from_iterable(known.materials for known in cast.MATTERS),
            *self._of_matters(matters.materials),
        ]

    @cached_property
    def form_fields(self) -> list[FormField]:
        """The form fields of every matter."""
        return [
            *chain.from_iterable(known.form_fields for known in cast.MATTERS),
            *self._of_matters(matters.form_fields),
        ]

    @cached_property
    def result_types(self) -> list[ResultType]:
        """The result of every matter."""
        first = len(cast.MATTERS)
        known = [matters.result_type(one.matter, one.licence_type) for one in cast.MATTERS]
        return known + [
            matters.result_type(matter, matters.licence_type(place))
            for place, matter in enumerate(self.matters[first:])
        ]

    def _of_matters(self, make: Callable[[Frame, int, Matter], tuple[T, ...]]) -> Iterator[T]:
        first = len(cast.MATTERS)
        return chain.from_iterable(make(self.frame, place, one) for place, one in enumerate(self.matters[first:]))

    @cached_property
    def processes(self) -> list[Process]:
        """Three for every legal person."""
        return [self._process(place) for place in range(self.size * processes.PROCESSES_EACH)]

    @cached_property
    def process_steps(self) -> list[ProcessStep]:
        """Two for every case."""
        return [one for place, case in enumerate(self.processes) for one in processes.steps(self.frame, place, case)]

    @cached_property
    def submitted_materials(self) -> list[SubmittedMaterial]:
        """One or two for every case."""
        return [one for place in range(len(self.processes)) for one in self._submitted(place)]

    @cached_property
    def geo_places(self) -> list[GeoPlace]:
        """Divisions, roads, and door plates of the first legal persons."""
        return list(places.geo_places(self.frame, [self.legal_person(n) for n in range(min(self.size, DOOR_PLATES))]))

    @cached_property
    def economic_indicators(self) -> list[EconomicIndicator]:
        """The newest period first; two at least."""
        count = max(2 * indicators.A_PERIOD, int(INDICATORS * self.scale))
        return [indicators.economic_indicator(self.frame, place) for place in range(count)]

    def _person(self, place: int) -> Person:
        known = self.cast.persons
        return known[place] if place < len(known) else people.person(self.frame, place)

    def _legal_person(self, place: int) -> LegalPerson:
        known = self.cast.legal_persons
        return known[place] if place < len(known) else companies.legal_person(self.frame, place, self.person)

    def _credit_record(self, place: int) -> CreditRecord:
        known = self.cast.credit_records
        return known[place] if place < len(known) else credit.credit_record(self.frame, place, self._holders)

    def _licence(self, place: int) -> Licence:
        known = self.cast.licences
        if place < len(known):
            return known[place]
        case = processes.issuing_place(place)
        made = licences.licence(self.frame, place, self._holders)
        return replace(made, process_no=None if case is None else processes.number(case))

    @property
    def _holders(self) -> Holders:
        return Holders(self.person, self.legal_person)

    def _matter(self, place: int) -> Matter:
        known = cast.MATTERS
        return known[place].matter if place < len(known) else matters.matter(self.frame, place - len(known))

    def _process(self, place: int) -> Process:
        known = self.cast.processes
        return known[place] if place < len(known) else processes.process(self.frame, place, self._around)

    @property
    def _around(self) -> Surroundings:
        return Surroundings(
            self.person, self.legal_person, self.licence, self.matter,
            lambda type_code: self.matter(len(cast.MATTERS) + matters.issuing(type_code)),
        )  # fmt: skip

    def _submitted(self, place: int) -> Iterator[SubmittedMaterial]:
        case = self.processes[place]
        if place < len(self.cast.processes):
            used = self.cast.used_licence(place)
        else:
            used = processes.used_licence(place, self._around)
        return processes.submitted(self.frame, place, case, self._materials_of[case.matter_code], used)

    @cached_property
    def _materials_of(self) -> dict[str, list[Material]]:
        found: dict[str, list[Material]] = {matter.matter_code: [] for matter in self.matters}
        for material in self.materials:
            found[material.matter_code].append(material)
        return found
