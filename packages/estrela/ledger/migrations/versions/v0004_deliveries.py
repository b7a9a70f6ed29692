"""Manifests, and the files that they name."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

TABLE = """
ALTER TABLE ledger.files ADD COLUMN is_manifest boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN ledger.files.is_manifest IS 'Whether the file names those of a delivery and holds no rows';
CREATE TABLE ledger.deliveries (
  manifest bigint NOT NULL REFERENCES ledger.files,
  bucket   text NOT NULL,
  key      text NOT NULL,
  size     bigint,
  PRIMARY KEY (manifest, bucket, key)
);
COMMENT ON TABLE ledger.deliveries IS 'One row per file that a manifest names';
COMMENT ON COLUMN ledger.deliveries.size IS 'Bytes of the file, where the manifest states them';
CREATE INDEX deliveries_by_key ON ledger.deliveries (bucket, key);
"""


def upgrade() -> None:
    """Create the table of deliveries, and the column that marks manifests."""
    op.execute(TABLE)
