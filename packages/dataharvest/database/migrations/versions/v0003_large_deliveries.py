"""Files loaded in chunks, and values calculated in batches of portfolios."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

CHUNKS = """
ALTER TABLE dataharvest.delivered_file ADD COLUMN chunks integer, ADD COLUMN is_complete boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN dataharvest.delivered_file.chunks IS 'Number of chunks that the file was split into; null: not split';
CREATE TABLE dataharvest.loaded_chunk (
    file_id bigint NOT NULL REFERENCES dataharvest.delivered_file,
    chunk_id text NOT NULL,
    rows_loaded bigint NOT NULL,
    rows_rejected bigint NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (file_id, chunk_id)
);
COMMENT ON TABLE dataharvest.loaded_chunk IS
    'Chunks whose rows are in their table. A file is complete when all of its chunks are';
"""
PORTFOLIOS = """
CREATE TABLE dataharvest.portfolio_progress (
    delivery_id bigint NOT NULL REFERENCES dataharvest.delivery,
    step text NOT NULL,
    done bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL,
    PRIMARY KEY (delivery_id, step)
);
CREATE TABLE dataharvest.portfolio_done (
    delivery_id bigint NOT NULL,
    step text NOT NULL,
    portfolio_reference text COLLATE "C" NOT NULL,
    PRIMARY KEY (delivery_id, step, portfolio_reference)
);
COMMENT ON TABLE dataharvest.portfolio_done IS
    'Portfolios of large deliveries whose values a step stored: an event that comes again finds its portfolio here';
CREATE INDEX ON dataharvest.relation (delivery_id, portfolio_reference);
DROP INDEX dataharvest.relation_delivery_id_idx;
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(CHUNKS)
    op.execute(PORTFOLIOS)
