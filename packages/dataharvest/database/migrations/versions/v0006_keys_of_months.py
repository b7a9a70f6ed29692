"""One data key for each client and month, from which the keys of its dates are derived."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

REFUSED = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM dataharvest.data_key) THEN
        RAISE EXCEPTION 'the keys in dataharvest.data_key are of single dates, and this version cannot read what they '
            'encrypted; deliver the files again into an empty database';
    END IF;
END $$
"""
KEYS = """
ALTER TABLE dataharvest.data_key DROP COLUMN business_date;
ALTER TABLE dataharvest.data_key ADD COLUMN month text NOT NULL CHECK (month ~ '^[0-9]{6}$');
ALTER TABLE dataharvest.data_key ADD PRIMARY KEY (external_client, month);
COMMENT ON TABLE dataharvest.data_key IS
    'Data keys, encrypted by KMS: one for each client and month (YYYYMM). Keys of dates are derived from them';
"""


def upgrade() -> None:
    """Change the table's key. Refuses a database with keys of dates."""
    op.execute(REFUSED)
    op.execute(KEYS)
