"""From a department's row to the image of a record: mapping, then handle and subject hashes. Step 5 of walk 2; pure.

`connectors.mapping` knows the row's values, this adds what names the record outside. A row that has no key comes out as
a `Bad` one. Whether the record is new is `difference`'s question.
"""

from __future__ import annotations

from collections.abc import Mapping

from catalogue.model import Binding, CodeList, Resource
from connectors.mapping import MappedRow, Mapper, Rejected
from connectors.source import BadRow, SourceRow
from hub.pull.difference import Offered
from hub.pull.quarantine import KEY_UNUSABLE, UNREADABLE, Bad, storable
from hub.records.handles import Handles
from hub.records.model import Image, RecordWarning


class Imager:
    """Makes the images of one pull. `at` is the stored time at which its reading began."""

    def __init__(self, resource: Resource, binding: Binding, codes: Mapping[str, CodeList], handles: Handles) -> None:
        self._resource, self._binding, self._handles = resource, binding.name, handles
        self._mapper = Mapper(resource, binding, codes)

    def offer(self, row: SourceRow | BadRow, at: str) -> Offered | Bad:
        """The row as an image, or as a row for quarantine."""
        if isinstance(row, BadRow):
            return Bad(row.position, UNREADABLE, row.reason, storable(row.raw), has_key=False)
        mapped = self._mapper.map(row)
        if isinstance(mapped, Rejected):
            return Bad(row.position, KEY_UNUSABLE, mapped.reason, storable(mapped.raw), has_key=False)
        return Offered(self._image(mapped, at), row.position, row.values)

    def _image(self, mapped: MappedRow, at: str) -> Image:
        subject = self._handles.subject
        return Image(
            handle=self._handles.of(self._resource, mapped.key, self._binding),
            binding=self._binding,
            values=mapped.values,
            as_of=at,
            pulled_at=at,
            raw=mapped.raw,
            warnings=tuple([RecordWarning(*warned) for warned in mapped.warnings]),
            subjects=tuple([(subject(kind, id_type, code), item) for item, kind, id_type, code in mapped.subjects]),
        )
