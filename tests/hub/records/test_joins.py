"""By which items links arrive at a resource."""

from catalogue.model import Catalogue, DataType, Link
from catalogue.snapshot import Snapshot
from hub.records.joins import joined
from tests.contracts.record_samples import OPEN, item, resource_of


def test_links_arrive_by_the_items_of_their_own_end():
    steps = resource_of(
        "step", [item("process_no", DataType.TEXT), item("seq", DataType.INTEGER)], ("process_no", "seq"),
        links=(
            Link("process", "办件", "step", "process", (("process_no", "no"),), "steps", "环节", OPEN),
            Link("next", "后续", "step", "step", (("process_no", "process_no"), ("seq", "seq")), "previous", "先前", OPEN),
        ),
    )  # fmt: skip
    process = resource_of("process", [item("no", DataType.TEXT)], ("no",))
    snapshot = Snapshot(1, Catalogue(resources={"step": steps, "process": process}))
    assert joined(snapshot, "process") == {("no",)}
    assert joined(snapshot, "step") == {("process_no",), ("process_no", "seq")}
    assert joined(snapshot, "unknown") == frozenset()
