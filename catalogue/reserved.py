"""Names that the generated schema needs for itself: no resource, item, link or moment may become one of them.

The one table of them; `catalogue.check` refuses descriptors by it, and a test compares it with the schema that is built
of an empty catalogue. Names of parts that are still to come stand here already, so that nobody takes them meanwhile.
"""

from __future__ import annotations

#: GraphQL field names that no item, link or moment may get.
MEMBERS = frozenset({
    "id", "provenance", "history", "node", "cursor", "and", "or", "not", "subject", "change", "catalogue", "audit",
    "feed", "client", "claims",
})  # fmt: skip

#: Root fields of Query, Mutation and Subscription that no resource may get.
ROOTS = frozenset({
    "node", "nodes", "subject", "subjects", "catalogue", "catalogueChanges", "changes", "change", "me", "explainAccess",
    "audit", "feed", "feeds", "client", "clients", "grant", "grants", "pull", "pulls", "history", "provenance", "id",
    "cursor", "and", "or", "not", "kind", "resources", "service", "services", "export", "exports",
    "_service", "_entities",
})  # fmt: skip

#: Type names that no resource's types may get, scalars, filters and the types of parts to come included.
TYPES = frozenset({
    "Query", "Mutation", "Subscription", "String", "Int", "Float", "Boolean", "ID", "Date", "DateTime", "Decimal",
    "Long", "JSON", "StringFilter", "IntFilter", "FloatFilter", "BooleanFilter", "DateFilter", "DateTimeFilter",
    "DecimalFilter", "LongFilter", "MemoFilter", "DigestFilter", "CodeFilter", "Node", "Record", "PageInfo",
    "Provenance", "RecordWarning", "Coded", "Change", "ChangeOperation", "Gap", "GapReason", "Caughtup", "Direction",
    "FeedStart", "Subject", "SubjectResource", "Verification", "Me", "Grant", "Quota", "Client", "Catalogue",
    "CatalogueResource",
    "CatalogueItem", "CatalogueLink", "CatalogueMoment", "CatalogueChange", "CatalogueEvent", "Department", "System",
    "Resource", "Sharing", "Freshness", "Audit", "AuditEntry", "Feed", "Pull", "JoinPath", "Impact", "Explanation",
    "File",
})  # fmt: skip
