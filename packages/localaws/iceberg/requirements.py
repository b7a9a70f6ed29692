"""Requirements of a commit to a table."""

from __future__ import annotations

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import AssertRefSnapshotId, TableRequirement


def check(requirement: TableRequirement, base: TableMetadata | None) -> None:
    """Raise CommitFailedException where ``requirement`` does not hold of ``base`` (None: there is no table).

    A ref is judged by Iceberg's own rule (``UpdateRequirement.AssertRefSnapshotID`` in Java): PyIceberg's adds that
    a table without snapshots takes ``main`` alone, yet Spark makes a branch of an empty table.
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
