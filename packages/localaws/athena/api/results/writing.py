"""Publishes the outcome of a statement at the query's OutputLocation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from localaws.athena.api.results.files import metadata_bytes, write_csv
from localaws.athena.columns import column_info
from localaws.athena.drafts import put_draft
from localaws.athena.outcome import Lines, Outcome, Rows, Written
from localaws.athena.types.trino import BIGINT
from localaws.s3.store import split_uri

if TYPE_CHECKING:
    from localaws.athena.engine import Context


def publish(context: Context, outcome: Outcome) -> None:
    """Write the result file and the files next to it; each appears complete or not at all."""
    if isinstance(outcome, Rows):
        _publish_rows(context, outcome)
    elif isinstance(outcome, Written):
        _publish_written(context, outcome)
    else:
        _publish_lines(context, outcome)


def _publish_rows(context: Context, outcome: Rows) -> None:
    execution, store = context.execution, context.store
    execution.columns = [column_info(name, kind) for name, kind in outcome.columns]
    bucket, key = split_uri(execution.output_location)
    with store.writes.draft() as draft:
        execution.rows = write_csv(Path(draft.path), [name for name, _ in outcome.columns], outcome.batches)
        put_draft(store, bucket, key, draft)
    execution.update_count = 0
    store.writes.put_bytes(bucket, f"{key}.metadata", metadata_bytes(execution.id, execution.columns))


def _publish_lines(context: Context, outcome: Lines) -> None:
    execution = context.execution
    execution.columns = outcome.columns
    execution.rows = len(outcome.lines)
    execution.update_count = 0
    bucket, key = split_uri(execution.output_location)
    lines = "".join(f"{line}\n" for line in outcome.lines)
    context.store.writes.put_bytes(bucket, key, lines.encode())
    if outcome.columns:
        context.store.writes.put_bytes(bucket, f"{key}.metadata", metadata_bytes(execution.id, outcome.columns))


def _publish_written(context: Context, outcome: Written) -> None:
    execution = context.execution
    execution.columns = [column_info("rows", BIGINT)]
    execution.update_count = outcome.rows
    bucket, key = split_uri(execution.output_location)
    manifest = "".join(f"{location}\n" for location in outcome.files)
    context.store.writes.put_bytes(bucket, f"{key}-manifest.csv", manifest.encode())
    context.store.writes.put_bytes(bucket, f"{key}.metadata", metadata_bytes(execution.id, execution.columns))
    execution.manifest = f"s3://{bucket}/{key}-manifest.csv"
