"""A WSDL that was collected as bytes, read by zeep without a network. Runs in a thread.

zeep finds what a document includes among the collected ones and the well-known schemas, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from lxml import etree
from zeep import Settings as ZeepSettings
from zeep import exceptions
from zeep.wsdl import Document
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

from connectors.soap.known_schemas import WELL_KNOWN
from connectors.soap.settings import Settings
from connectors.source import SourceBroken

#: The query of an address, which may hold a secret.
_QUERY = re.compile(r"\?[^\s'\"]*")


def read_document(settings: Settings, collected: Mapping[str, bytes]) -> Document:
    """The document that zeep makes of them; SourceBroken where it cannot."""
    reading = ZeepSettings(strict=settings.strict, forbid_dtd=True, force_https=False, xml_huge_tree=False)
    with _told_apart(settings.system):
        return Document(settings.wsdl, cast("Any", _Collected({**WELL_KNOWN, **collected})), settings=reading)


@contextmanager
def _told_apart(system: str) -> Iterator[None]:
    """Errors of zeep on a document that is XML and no WSDL that it can use."""
    try:
        yield
    except (exceptions.Error, etree.LxmlError) as error:
        told = _QUERY.sub("", str(error))
        raise SourceBroken(system, f"the WSDL cannot be read: {type(error).__name__}: {told}") from error
    except (LookupError, TypeError, ValueError, AttributeError, NotImplementedError, RecursionError) as error:
        # zeep meets a document that misses its own parts with whatever its code runs into
        raise SourceBroken(system, f"the WSDL cannot be read: {type(error).__name__}") from error


class _Collected:
    """What zeep asks in place of a network: the documents that were collected, and nothing else."""

    binding_classes = (Soap11Binding, Soap12Binding)

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        self._documents = documents

    def load(self, url: str) -> bytes:
        """The document; zeep.exceptions.ExternalReferenceForbidden where it was not collected."""
        if url not in self._documents:
            raise exceptions.ExternalReferenceForbidden(url)
        return self._documents[url]
