"""The world that the demo departments share: seven departments' records that fit together, made from one seed.

A record follows from the seed and its place in its list alone, so that a small world is the beginning of a large one
and only dates move with today. Lists are made when they are asked for: a department makes what it serves. Records are
clean; each department adds the dirt of its own manner, never to the cast (`hub.demo.world.cast`), whose records stand
first in their lists and never change.
"""

from hub.demo.world.companies import LegalPerson
from hub.demo.world.credit import CreditRecord
from hub.demo.world.indicators import EconomicIndicator
from hub.demo.world.licences import Licence
from hub.demo.world.matters import FlowStep, FormField, Material, Matter, ResultType, Situation
from hub.demo.world.people import Person
from hub.demo.world.places import GeoPlace
from hub.demo.world.processes import Process, ProcessStep, SubmittedMaterial
from hub.demo.world.world import DIRT, LEGAL_PERSONS, World

__all__ = [
    "DIRT", "LEGAL_PERSONS", "CreditRecord", "EconomicIndicator", "FlowStep", "FormField", "GeoPlace", "LegalPerson",
    "Licence", "Material", "Matter", "Person", "Process", "ProcessStep", "ResultType", "Situation",
    "SubmittedMaterial", "World",
]  # fmt: skip
