"""One operation of a service as its WSDL declares it: where it is asked, by which elements, what an answer holds.

Pure: it makes a request's bytes and compares a binding's paths with the declared elements; `connectors.soap.source`
sends. SourceShapeChanged says that the WSDL lacks what the binding names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from zeep import exceptions
from zeep.wsa import WsAddressingPlugin
from zeep.wsdl import Document
from zeep.wsdl.bindings import Soap12Binding
from zeep.wsdl.definitions import Operation, Port
from zeep.wsse.username import UsernameToken
from zeep.xsd import Element

from connectors.soap.elements import find, leaves, names_below
from connectors.soap.settings import Path, Settings
from connectors.source import SourceMisconfigured, SourceShapeChanged

#: What a request says: texts, nested elements, and lists of either where an element repeats.
Said = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One request, ready to be sent."""

    body: bytes
    headers: Mapping[str, str]


def port_of(settings: Settings, document: Document) -> Port:
    """The port that the options name, or the first of the first service; SourceMisconfigured where there is none."""
    services = document.services
    name = settings.service or next(iter(services), "")
    if name not in services:
        raise SourceMisconfigured(settings.system, f"the WSDL has no service {name}; it has {_listed(services)}")
    ports: Mapping[str, Port] = services[name].ports
    wanted = settings.port or next(iter(ports), "")
    if wanted not in ports:
        raise SourceMisconfigured(settings.system, f"{name} has no SOAP port {wanted}; it has {_listed(ports)}")
    return ports[wanted]


def address_of(settings: Settings, port: Port) -> str:
    """Where requests go. The WSDL's own address may not lead silently to another host, or from https to http."""
    if settings.address:
        return settings.address
    address = str((port.binding_options or {}).get("address") or "")
    asked, said = urlsplit(settings.wsdl), urlsplit(address)
    if said.scheme not in ("http", "https"):
        raise SourceMisconfigured(settings.system, "the WSDL has no http address: option address must give it")
    if asked.scheme != "file" and (said.hostname != asked.hostname or (asked.scheme, said.scheme) == ("https", "http")):
        there = f"{said.scheme}://{said.netloc.rpartition('@')[2]}{said.path}"
        told = f"the WSDL of {asked.scheme}://{asked.hostname} names another address, {there}: "
        raise SourceMisconfigured(settings.system, told + "option address must say which one is right")
    return address


class Service:
    """The operation that a binding names. Made anew from a kept document whenever it is asked."""

    def __init__(self, settings: Settings, document: Document) -> None:
        self._settings = settings
        port = port_of(settings, document)
        self.address = address_of(settings, port)
        operations: Mapping[str, Operation] = port.binding.all()
        if settings.operation not in operations:
            told = f"the WSDL has no operation {settings.operation}; it has {_listed(operations)}"
            raise SourceShapeChanged(settings.system, told)
        self._operation = operations[settings.operation]
        self.is_12 = isinstance(port.binding, Soap12Binding)
        self.is_rpc = self._operation.style == "rpc"
        self.answer = _body(settings, self._operation.output)
        self._request = _body(settings, self._operation.input, may_be_empty=True)
        self.row = self._require(self.answer, settings.rows or (), "answer")[-1]
        self.leaves = leaves(self.row)
        self._require_named()

    def _require_named(self) -> None:
        """Every path that the options name is one of the WSDL's."""
        settings, paging = self._settings, self._settings.paging
        for path in (*settings.inputs, *settings.by.values(), paging.page, paging.size_path, paging.since):
            if path:
                self._require(self._request, path, "request")
        if paging.total:
            self._require(self.answer, paging.total, "answer")
        wanted = dict.fromkeys((*settings.columns, *([paging.changed] if paging.changed else ())))
        missing = [name for name in wanted if name not in self.columns]
        if missing and not self.leaves.is_open:
            told = f"{settings.operation} answers without {_listed(missing)}; it has {_listed(self.columns)}"
            raise SourceShapeChanged(settings.system, told)

    def _require(self, element: Element | None, path: Path, where: str) -> Sequence[Element]:
        """The elements from the root to the path's end."""
        found = find(element, path)
        if found is None:
            names = _listed(names_below(element) if element is not None else ())
            told = f"{self._settings.operation}: the {where} has no element {'/'.join(path)}; it has {names}"
            raise SourceShapeChanged(self._settings.system, told)
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The paths that a row has in the WSDL; where it allows any, those that the binding reads as well."""
        declared = tuple(self.leaves.types)
        return tuple(dict.fromkeys((*declared, *self._settings.columns))) if self.leaves.is_open else declared

    def repeats(self, path: Path) -> tuple[Path, int]:
        """The longest beginning of an input path whose element may repeat, and how often; () and 1 where none may."""
        elements = self._require(self._request, path, "request")
        for depth in range(len(path), 0, -1):
            most = elements[depth].max_occurs
            if most == "unbounded" or int(most) > 1:
                return path[:depth], self._settings.batch if most == "unbounded" else int(most)
        return (), 1

    def asks_nothing_else(self) -> bool:
        """Whether constants and pages are all that a request must hold: then the operation may be tried."""
        if self._request is None:
            return True
        paging = self._settings.paging
        given = {path[0] for path in (*self._settings.inputs, paging.page, paging.size_path) if path}
        return given.issuperset(names_below(self._request, only_required=True))

    def message(self, said: Said) -> Message:
        """The request's bytes; SourceMisconfigured where the WSDL's types do not take what is said."""
        settings = self._settings
        try:
            envelope = self._operation.create(**said).content
        except (exceptions.Error, TypeError, ValueError, KeyError, AttributeError) as error:
            # how zeep says that values do not fit the types; its text may quote a value
            told = f"{settings.operation}: the WSDL does not take the declared inputs ({type(error).__name__})"
            raise SourceMisconfigured(settings.system, told) from error
        if self._operation.abstract.wsa_action:
            WsAddressingPlugin(self.address).egress(envelope, {}, self._operation, {})
        if settings.access.auth in ("token", "digest"):
            access = settings.access
            UsernameToken(access.user, access.password, use_digest=access.auth == "digest").apply(envelope, {})
        return Message(etree.tostring(envelope, xml_declaration=True, encoding="utf-8"), self._headers())

    def _headers(self) -> dict[str, str]:
        action = self._operation.soapaction or ""
        if self.is_12:
            return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}


def _body(settings: Settings, message: Any, *, may_be_empty: bool = False) -> Element | None:
    body: Element | None = getattr(message, "body", None)
    if body is None and not may_be_empty:
        raise SourceShapeChanged(settings.system, f"the WSDL declares no answer of {settings.operation}")
    return body


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
