"""Comparisons of the keys of a table with those of its source."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

TABLE = """
CREATE TABLE ledger.reconciliations (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  feed         text NOT NULL,
  run          text NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  source_keys  bigint NOT NULL,
  rows_deleted bigint NOT NULL
);
COMMENT ON TABLE ledger.reconciliations IS 'One row per comparison of the keys of a target table with its source';
CREATE INDEX reconciliations_by_feed ON ledger.reconciliations (feed, at);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(TABLE)
