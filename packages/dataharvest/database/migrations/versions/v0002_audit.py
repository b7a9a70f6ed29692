"""The audit of operators' commands."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

AUDIT = """
CREATE TABLE dataharvest.audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    who text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL
);
COMMENT ON TABLE dataharvest.audit IS 'One row for each command of an operator, written before it does anything'
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(AUDIT)
