"""What an OpenAPI 3 document says a service offers: every list of objects as an offer, with the options to read it.

Pure. Names of parameters and members are taken for what they usually mean; a person reviews the proposal. References
inside the document are followed, others are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.rest.pointer import escaped, resolve
from connectors.source import Offer, OfferedColumn, SourceBroken

#: References followed one behind the other; more is a circle.
_DEEPEST = 16
_LETTERS = {"integer": "I", "number": "N", "boolean": "L"}
_FORMATS = {"date": "D", "date-time": "T", "byte": "G", "binary": "G", "float": "F", "double": "B"}
_MEMO_LENGTH = 500
_SAMPLES = 3
_SAMPLE_LENGTH = 40
#: What parameters are usually called, by the option that they stand for.
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "cursor": ("cursor", "after", "page_token", "pagetoken", "next_token"),
    "offset": ("offset", "skip", "start"),
    "page": ("page", "page_no", "pageno", "pagenum", "page_num", "pageindex", "current"),
    "size": ("limit", "size", "page_size", "pagesize", "per_page", "rows"),
    "since": ("since", "updated_since", "updated_after", "changed_since", "modified_since"),
}
_TOTALS = ("total", "total_count", "totalcount", "count")
_NEXT = ("next", "next_cursor", "nextcursor", "next_page_token", "cursor")
_CHANGED = ("updated_at", "changed_at", "modified_at", "update_time", "updatetime", "changed", "updated")


def offers_in(system: str, document: Any) -> tuple[Offer, ...]:
    """The lists of the document, by path; SourceBroken where it is no OpenAPI 3 document."""
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3."):
        raise SourceBroken(system, "has no OpenAPI 3 document there: look at openapi")
    described = _Document(document)
    return tuple(offer for path in sorted(described.paths()) if (offer := described.offer(path)) is not None)


class _Document:
    """A document whose references are followed."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def paths(self) -> Mapping[str, Any]:
        return _mapping(self._document.get("paths"))

    def offer(self, path: str) -> Offer | None:
        """The list that a GET of the path answers; None where it answers none, or needs a value in the path."""
        asked = self._at(_mapping(self.paths()[path]).get("get"))
        answer = self._answer(asked)
        found = next(self._lists(answer, "", 2), None)
        if "{" in path or found is None:
            return None
        rows, row = found
        columns = tuple(self._columns(row))
        names = {name.lower(): name for name in self._parameters(path, asked)}
        envelope = self._envelope(answer, rows)
        key, by = self._key(path, columns)
        by.update({f"by.{c.name}": names[c.name.lower()] for c in columns if c.name.lower() in names})
        options = {"path": path, "rows": rows, **_pages(names, envelope), **_changes(names, columns), **by}
        return Offer(path.strip("/"), columns, key, options)

    def _answer(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        answers = _mapping(asked.get("responses"))
        content = _mapping(self._at(answers.get("200", answers.get("2XX"))).get("content"))
        media = next((content[name] for name in content if "json" in name), None)
        return self._at(_mapping(media).get("schema"))

    def _lists(self, schema: Mapping[str, Any], pointer: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Where in an answer lists of objects stand, the outermost first."""
        item = self._at(schema.get("items"))
        if self._members(item):
            yield pointer, item
        if depth:
            for name, member in self._members(schema).items():
                yield from self._lists(member, f"{pointer}/{escaped(name)}", depth - 1)

    def _envelope(self, schema: Mapping[str, Any], rows: str) -> dict[str, str]:
        """The pointers to what stands beside the list and round it, by lower case name; the nearest counts."""
        found: dict[str, str] = {}
        pointer = ""
        for part in rows.split("/")[1:]:
            members = self._members(schema)
            found.update({name.lower(): f"{pointer}/{escaped(name)}" for name in members})
            pointer, schema = f"{pointer}/{part}", next((s for n, s in members.items() if escaped(n) == part), {})
        return found

    def _members(self, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """The members of an object, those of `allOf` among them."""
        members: dict[str, Mapping[str, Any]] = {}
        for part in schema.get("allOf", ()) if isinstance(schema.get("allOf"), list) else ():
            members.update(
                {name: self._at(value) for name, value in _mapping(self._at(part).get("properties")).items()}
            )
        members.update({name: self._at(value) for name, value in _mapping(schema.get("properties")).items()})
        return members

    def _columns(self, row: Mapping[str, Any]) -> Iterator[OfferedColumn]:
        required = row.get("required") or ()
        for name, schema in self._members(row).items():
            kinds = schema.get("type")
            nullable = (
                name not in required or bool(schema.get("nullable")) or (isinstance(kinds, list) and "null" in kinds)
            )
            yield OfferedColumn(name, _letter(schema), schema.get("maxLength"), nullable, _samples(schema))

    def _parameters(self, path: str, asked: Mapping[str, Any]) -> Iterator[str]:
        """The names of the query parameters."""
        shared = _mapping(self.paths()[path]).get("parameters") or ()
        for given in (*shared, *(asked.get("parameters") or ())):
            parameter = self._at(given)
            if parameter.get("in") == "query":
                yield str(parameter.get("name"))

    def _key(self, path: str, columns: tuple[OfferedColumn, ...]) -> tuple[tuple[str, ...], dict[str, str]]:
        """The column by which one row has a path of its own behind the list's, and how it is asked for by it."""
        for column in columns:
            if f"{path.rstrip('/')}/{{{column.name}}}" in self.paths():
                return (column.name,), {f"by.{column.name}": f"{path.rstrip('/')}/{{}}"}
        return (), {}

    def _at(self, schema: Any) -> Mapping[str, Any]:
        """The schema itself, behind its references."""
        for _ in range(_DEEPEST):
            reference = schema.get("$ref") if isinstance(schema, dict) else None
            if not isinstance(reference, str):
                break
            schema = resolve(self._document, reference.removeprefix("#")) if reference.startswith("#/") else None
        return _mapping(schema)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _letter(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type")
    kind = next((k for k in kinds if k != "null"), "string") if isinstance(kinds, list) else kinds
    known = _FORMATS.get(str(schema.get("format"))) or _LETTERS.get(str(kind))
    length = schema.get("maxLength")
    return known or ("M" if isinstance(length, int) and length > _MEMO_LENGTH else "C")


def _samples(schema: Mapping[str, Any]) -> tuple[str, ...]:
    listed = schema.get("enum") or schema.get("examples")
    given = listed if isinstance(listed, list) else [schema.get("example")]
    return tuple(str(value)[:_SAMPLE_LENGTH] for value in given[:_SAMPLES] if value is not None)


def _first(names: Mapping[str, str], usual: tuple[str, ...]) -> str | None:
    return next((names[name] for name in usual if name in names), None)


def _pages(names: Mapping[str, str], members: Mapping[str, str]) -> dict[str, str]:
    """How the list pages, as its parameters and the members beside it are called."""
    options = {name: place for name, place in (("total", _first(members, _TOTALS)),) if place}
    if size := _first(names, _PARAMETERS["size"]):
        options["size_param"] = size
    for manner in ("cursor", "offset", "page"):
        parameter, leads = _first(names, _PARAMETERS[manner]), _first(members, _NEXT)
        if parameter and (manner != "cursor" or leads):
            return {
                **options,
                "pages": manner,
                "page_param": parameter,
                **({"next": str(leads)} if manner == "cursor" else {}),
            }
    return options


def _changes(names: Mapping[str, str], columns: tuple[OfferedColumn, ...]) -> dict[str, str]:
    """How changes are asked for, where a parameter and a column are called so."""
    since = _first(names, _PARAMETERS["since"])
    changed = _first({column.name.lower(): column.name for column in columns}, _CHANGED)
    return {"since": since, "changed": changed} if since and changed else {}
