"""Requirements of a commit to a table."""

from __future__ import annotations

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import AssertRefSnapshotId, TableRequirement


def check(requirement: TableRequirement, base: TableMetadata | None) -> None:
    """Raise CommitFailedException if ``base`` does not satisfy ``requirement`` (None: the table does not exist).

    Refs are checked by Iceberg's own rule (``UpdateRequirement.AssertRefSnapshotID`` in Java). PyIceberg's rule also
    refuses any ref other than ``main`` on a table without snapshots, but Spark creates branches of empty tables.
    """
    if isinstance(requirement, AssertRefSnapshotId) and base is not None:
        _check_ref(requirement, base)
    else:
        requirement.validate(base)


def _check_ref(requirement: AssertRefSnapshotId, base: TableMetadata) -> None:
    name, expected, ref = requirement.ref, requirement.snapshot_id, base.refs.get(requirement.ref)
    if ref is None:
        if expected is not None:
            raise CommitFailedException(f"Requirement failed: branch or tag {name} is missing, expected {expected}")
        return
    kind = ref.snapshot_ref_type.value
    if expected is None:
        raise CommitFailedException(f"Requirement failed: {kind} {name} was created concurrently")
    if expected != ref.snapshot_id:
        problem = f"{kind} {name} has changed: expected id {expected} != {ref.snapshot_id}"
        raise CommitFailedException(f"Requirement failed: {problem}")
