"""Ports: every method can wait, none is large, and what is nullable in the schema is what a department may withhold."""

import inspect

import pytest
from graphql import GraphQLNonNull

import auth.ports
import catalogue.ports
import connectors.source
import hub.control.ports
import hub.records.ports
from catalogue.base import shipped
from catalogue.names import field_name
from catalogue.snapshot import Snapshot
from hub.schema.build import build

MODULES = (auth.ports, catalogue.ports, connectors.source, hub.control.ports, hub.records.ports)
PORTS = [
    port
    for module in MODULES
    for _, port in inspect.getmembers(module, inspect.isclass)
    if getattr(port, "_is_protocol", False) and port.__module__ == module.__name__
]
MOST_METHODS = 9


def methods(port):
    return {
        name: method for name, method in vars(port).items() if inspect.isfunction(method) and not name.startswith("_")
    }


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_every_method_of_a_port_is_awaited_or_iterated_asynchronously(port):
    for name, method in methods(port).items():
        gives = str(inspect.signature(method).return_annotation)
        assert inspect.iscoroutinefunction(method) or gives.startswith(
            ("AsyncIterator", "AbstractAsyncContextManager")
        ), f"{port.__name__}.{name}"


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_a_port_is_small_enough_to_be_implemented_twice(port):
    assert 0 < len(methods(port)) <= MOST_METHODS


def test_every_item_and_link_of_every_resource_is_nullable():
    snapshot = Snapshot(1, shipped())
    built = build(snapshot)
    for resource in snapshot.resources.values():
        fields = built.record_type(resource.name).fields
        for name in [item.name for item in resource.items] + list(snapshot.links_of(resource.name)):
            assert not isinstance(fields[field_name(name)].type, GraphQLNonNull), f"{resource.name}.{name}"
