"""Several objects for one client, date and kind: the newest is valid."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

OBJECTS = """
ALTER TABLE dataharvest.newest_object ADD COLUMN external_client text, ADD COLUMN business_date date,
    ADD COLUMN kind text, ADD COLUMN event_time timestamptz NOT NULL DEFAULT '-infinity';
UPDATE dataharvest.newest_object o
SET (external_client, business_date, kind, event_time) = (f.external_client, f.business_date, f.kind, f.received_at)
FROM (SELECT DISTINCT ON (bucket, object_key) * FROM dataharvest.delivered_file
    ORDER BY bucket, object_key, received_at DESC) f
WHERE (o.bucket, o.object_key) = (f.bucket, f.object_key);
CREATE INDEX ON dataharvest.newest_object (external_client, business_date, kind);
COMMENT ON TABLE dataharvest.newest_object IS
    'Newest event of each object: of one key by S3''s sequencer, of several keys by its time; older ones are ignored';
"""


def upgrade() -> None:
    """Add the columns and the index that order objects."""
    op.execute(OBJECTS)
