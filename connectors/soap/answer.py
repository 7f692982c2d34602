"""An answer's bytes as rows, or the error that they are: a fault, a web page, torn XML, a DTD. Pure; runs in a thread.

Answers are never repaired: of a torn one nothing is taken, since what is missing could look deleted. Messages name
elements and fault codes, never a text of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from connectors.soap.elements import allows_any, below, find
from connectors.soap.exchange import Reply
from connectors.soap.references import dereference
from connectors.soap.service import Service
from connectors.soap.settings import Path, Settings
from connectors.source import (
    SourceBroken,
    SourceError,
    SourceMisconfigured,
    SourceShapeChanged,
    SourceUnavailable,
)
from connectors.xml_rows import DtdFound, children, local, parse, values_of

_ENVELOPES = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
_LOOK = 2000
_RECEIVER = ("Server", "Receiver")
#: WS-Security's own fault codes about who asks (SOAP Message Security 1.1, chapter 12).
_SECURITY = (
    "FailedAuthentication",
    "InvalidSecurity",
    "InvalidSecurityToken",
    "SecurityTokenUnavailable",
    "FailedCheck",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of one answer, by their paths, and the number of all rows where the service tells it."""

    rows: tuple[Mapping[str, object], ...]
    total: int | None = None


def read_answer(settings: Settings, service: Service, reply: Reply) -> Answer | None:
    """The rows; a SourceError where the answer is something else. None where its status alone says what is wrong."""
    body = _body(settings, reply)
    if body is None:
        return None
    fault = next((child for child in children(body) if local(child.tag) == "Fault"), None)
    if fault is not None:
        raise _fault(settings.system, fault)
    if not reply.is_success:
        return None
    if service.is_rpc:
        dereference(settings.system, body)
    root = _answer_element(settings, service, body)
    if settings.strict:
        _compare(settings, service, root)
    rows = [_values(settings, service, row) for row in _at(root, settings.rows or ())]
    return Answer(tuple(rows), _total(settings, root))


def _body(settings: Settings, reply: Reply) -> etree._Element | None:
    """The SOAP body; None where an answer with an error's status is no SOAP message."""
    try:
        root = _parsed(settings, reply)
    except SourceBroken:
        if reply.is_success:
            raise
        return None
    body = next((child for child in children(root) if local(child.tag) == "Body"), None)
    if etree.QName(root).namespace not in _ENVELOPES or body is None:
        if not reply.is_success:
            return None
        raise SourceBroken(settings.system, f"the answer is XML and no SOAP envelope: its root is {local(root.tag)}")
    return body


def _parsed(settings: Settings, reply: Reply) -> etree._Element:
    beginning = reply.body[:_LOOK].lower()
    if reply.media.startswith("multipart/"):
        raise SourceBroken(settings.system, "the answer comes with attachments (MTOM), which are not read")
    if b"<html" in beginning and b"envelope" not in beginning:
        raise SourceBroken(
            settings.system, "the answer is a web page (HTML): a login page, a notice or a proxy's error"
        )
    declared = reply.body.lstrip().startswith((b"<?xml", b"\xef\xbb\xbf"))
    try:
        return parse(reply.body.lstrip(), encoding=None if declared else reply.charset)
    except DtdFound as error:
        raise SourceBroken(settings.system, f"the answer has {error}, which is refused") from error
    except LookupError as error:
        raise SourceBroken(settings.system, "the answer's encoding is not known") from error
    except etree.XMLSyntaxError as error:
        raise SourceBroken(settings.system, f"the answer is no whole XML: line {error.lineno}") from error


def _fault(system: str, fault: etree._Element) -> SourceError:
    codes = list(_codes(fault))
    told = f"the service answers with the fault {'/'.join(codes) or 'without a code'}"
    words = [word for code in codes for word in code.rpartition(":")[2].split(".")]
    if any(word in _SECURITY for word in words):
        return SourceMisconfigured(system, f"{told}: it refuses user or password")
    if any(word in _RECEIVER for word in words):
        return SourceUnavailable(system, f"{told}: it failed, not the request")
    return SourceBroken(system, f"{told}: it refuses the request; compare the options input and by with its WSDL")


def _codes(fault: etree._Element) -> Iterator[str]:
    """`faultcode` of SOAP 1.1; Code and Subcodes of SOAP 1.2, from the outside in."""
    for element in fault.iter():
        name, above = local(element.tag), element.getparent()
        is_value = name == "Value" and above is not None and local(above.tag) in ("Code", "Subcode")
        if (name == "faultcode" or is_value) and element.text:
            yield element.text.strip()[:80]


def _answer_element(settings: Settings, service: Service, body: etree._Element) -> etree._Element:
    """The answer's own element. SOAP 1.1's RPC style does not say how it is called."""
    root = next(children(body), None)
    wanted = service.answer.name if service.answer is not None else ""
    if root is None or (local(root.tag) != wanted and not service.is_rpc):
        found = "nothing" if root is None else local(root.tag)
        raise SourceShapeChanged(settings.system, f"the answer holds {found} where the WSDL declares {wanted}")
    return root


def _compare(settings: Settings, service: Service, root: etree._Element) -> None:
    """What the answer holds on the way to its rows, and the rows' own columns, are what the WSDL declares."""
    path = settings.rows or ()
    declared = find(service.answer, path) or []
    for depth in range(len(path)):
        element = declared[depth]
        names = {child.name for child in below(element)}
        for found in _at(root, path[:depth]):
            _compare_names(settings, found, names, is_open=allows_any(element))
            needed = declared[depth + 1]
            if not needed.is_optional and not list(_at(found, path[depth : depth + 1])):
                told = f"the answer's {element.name} holds no {needed.name}, which the WSDL requires"
                raise SourceShapeChanged(settings.system, told)


def _compare_names(settings: Settings, found: etree._Element, names: set[str], *, is_open: bool) -> None:
    other = next((local(child.tag) for child in children(found) if local(child.tag) not in names), None)
    if other is not None and not is_open:
        told = (
            f"the answer's {local(found.tag)} holds {other}, which the WSDL does not declare (strict = false passes it)"
        )
        raise SourceShapeChanged(settings.system, told)


def _at(element: etree._Element, path: Path) -> Iterator[etree._Element]:
    """The elements at the path, in their order."""
    if not path:
        yield element
        return
    for child in children(element):
        if local(child.tag) == path[0]:
            yield from _at(child, path[1:])


def _values(settings: Settings, service: Service, row: etree._Element) -> dict[str, object]:
    """Every declared column, None where the row lacks it, and the others where the WSDL allows any."""
    found, declared = values_of(row), service.leaves
    values: dict[str, object] = {name: found.pop(name, None) for name in declared.types}
    if declared.is_open:
        return values | found
    if settings.strict:
        other = next((name for name in found if "@" not in name and not _is_empty_of(name, declared.types)), None)
        if other is not None:
            told = f"a row holds {other}, which the WSDL does not declare (strict = false passes it)"
            raise SourceShapeChanged(settings.system, told)
    return values


def _is_empty_of(name: str, declared: Mapping[str, str]) -> bool:
    """Whether it is an element without its own elements."""
    return any(column.startswith((f"{name}/", f"{name}@")) for column in declared)


def _total(settings: Settings, root: etree._Element) -> int | None:
    path = settings.paging.total
    if not path:
        return None
    element = next(_at(root, path), None)
    text = (element.text or "").strip() if element is not None else ""
    if not (text.isascii() and text.isdigit()):
        raise SourceBroken(settings.system, f"the answer has no number at {'/'.join(path)}, which option total names")
    return int(text)
