"""The soap connector: an operation of a SOAP 1.1 or 1.2 service, described by its WSDL, as one source."""
