"""Schemas that WSDLs refer to by a public address: what a reader needs of them, so that nobody asks there. Pure.

SOAP 1.1's encoding (arrays, SOAP 1.1 section 5) and the attributes of the xml namespace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
_XML = "http://www.w3.org/XML/1998/namespace"

_ENCODING_SCHEMA = f"""<schema targetNamespace="{_ENCODING}"
  xmlns="http://www.w3.org/2001/XMLSchema" xmlns:e="{_ENCODING}">
  <attribute name="arrayType" type="string"/>
  <attribute name="offset" type="string"/>
  <complexType name="Array">
    <sequence><any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></sequence>
    <attribute ref="e:arrayType"/>
    <attribute ref="e:offset"/>
  </complexType>
</schema>""".encode()
_XML_SCHEMA = f"""<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="{_XML}">
  <attribute name="lang" type="string"/>
  <attribute name="space" type="string"/>
  <attribute name="base" type="anyURI"/>
  <attribute name="id" type="ID"/>
</schema>""".encode()

#: By the addresses under which they are known.
WELL_KNOWN: Final[Mapping[str, bytes]] = {
    _ENCODING: _ENCODING_SCHEMA,
    "http://www.w3.org/2001/xml.xsd": _XML_SCHEMA,
    "https://www.w3.org/2001/xml.xsd": _XML_SCHEMA,
}
