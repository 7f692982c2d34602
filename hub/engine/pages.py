"""One page of a connection, by the rules of the Relay cursor specification. Pure; part of step 6 of walk 1.

https://relay.dev/graphql/connections.htm, "Pagination algorithm": `first` takes from the front of what stands between
the cursors, then `last` from its end; hasNextPage is judged for `first`, hasPreviousPage for `last`, both before a cut.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.engine.bind import Paged, Window
from hub.engine.cursors import PageCursors
from hub.engine.plan import Edges, Selection, Shape
from hub.operations.records import PageInfo
from hub.records.model import Page, Row, RowPage

Planned = dict[str, object]


def asked_page(window: Window) -> Page:
    """The page to ask the store for."""
    return Page(window.limit, window.after, window.before, backwards=window.backwards)


def cut(window: Window, page: RowPage) -> RowPage:
    """What the window leaves of the page that was read for it, with what lies beyond on either side."""
    read = len(page.rows)
    if window.first is None:
        size = min(window.last or 0, read)
        return RowPage(page.rows[read - size :], has_next=False, has_previous=page.has_previous or read > size)
    rows = page.rows[: window.first]
    if window.last is not None:
        rows = rows[max(len(rows) - window.last, 0) :]
    return RowPage(
        rows,
        has_next=page.has_next or read > window.first,
        has_previous=window.last is not None and (page.has_next or read > window.last),
    )


class Connection:
    """Makes the planned value of one selection of a connection for the pages of all its parents."""

    def __init__(self, shape: Shape, resource: str, paged: Paged, cursors: PageCursors) -> None:
        self._shape, self._resource, self._paged, self._cursors = shape, resource, paged, cursors

    def planned(self, page: RowPage, made: Sequence[Sequence[Planned]], total: int | None) -> Planned:
        """`page` is cut already; `made` holds for every selection of the shape what became of each of its rows."""
        planned: Planned = dict.fromkeys(self._shape.totals, total)
        for key in self._shape.infos:
            planned[key] = self._info(page)
        parts = iter(made)
        for key, _ in self._shape.nodes:
            planned[key] = next(parts)
        for key, edges in self._shape.edges:
            planned[key] = self._edges(edges, page.rows, [next(parts) for _ in edges.nodes])
        return planned

    def _edges(self, edges: Edges, rows: Sequence[Row], parts: Sequence[Sequence[Planned]]) -> list[Planned]:
        planned: list[Planned] = []
        for index, row in enumerate(rows):
            edge: Planned = dict.fromkeys(edges.cursors, self._cursor(row)) if edges.cursors else {}
            for (key, _), nodes in zip(edges.nodes, parts, strict=True):
                edge[key] = nodes[index]
            planned.append(edge)
        return planned

    def _info(self, page: RowPage) -> PageInfo:
        return PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=self._cursor(page.rows[0]) if page.rows else None,
            end_cursor=self._cursor(page.rows[-1]) if page.rows else None,
        )

    def _cursor(self, row: Row) -> str:
        return self._cursors.write(self._resource, self._paged.order, row)


def columns_of(selections: Sequence[Selection], paged: Paged | None) -> tuple[str, ...]:
    """The items to read for those selections; cursors need the order's."""
    items = frozenset().union(*(selection.items for selection in selections))
    if paged is not None:
        items |= {term.item for term in paged.order}
    return tuple(sorted(items))
