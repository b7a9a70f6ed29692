"""Files, their rows, deliveries, derived values, quarantine and outbox.

Rows have no foreign key to their file: both are written in one transaction, and a check per row would take as long as
the load itself.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

DOMAINS = """
CREATE DOMAIN dataharvest.reference AS text COLLATE "C" CHECK (length(VALUE) BETWEEN 1 AND 200);
CREATE DOMAIN dataharvest.word AS text COLLATE "C" CHECK (length(VALUE) BETWEEN 1 AND 200);
CREATE DOMAIN dataharvest.currency AS text CHECK (VALUE ~ '^[A-Z]{3}$');
CREATE DOMAIN dataharvest.money AS numeric CHECK (abs(VALUE) < 1e18 AND scale(VALUE) <= 9);
"""
FILES = """
CREATE TABLE dataharvest.delivered_file (
    file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_client text NOT NULL,
    business_date date NOT NULL,
    kind text NOT NULL,
    bucket text NOT NULL,
    object_key text NOT NULL,
    etag text NOT NULL,
    size bigint NOT NULL,
    refused_because text,
    rows_loaded bigint NOT NULL DEFAULT 0,
    rows_rejected bigint NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (external_client, business_date, kind, etag)
);
COMMENT ON TABLE dataharvest.delivered_file IS 'One row per content of a delivered object';
CREATE TABLE dataharvest.newest_object (
    bucket text NOT NULL,
    object_key text NOT NULL,
    sequencer text NOT NULL,
    times_seen integer NOT NULL DEFAULT 1,
    PRIMARY KEY (bucket, object_key)
);
COMMENT ON TABLE dataharvest.newest_object IS 'Newest event of each object, by S3''s sequencer; older ones are ignored';
"""
OF_EACH_ROW = """file_id bigint NOT NULL DEFAULT current_setting('dataharvest.file_id')::bigint,
    line bigint NOT NULL DEFAULT nextval(current_setting('dataharvest.line_sequence')::oid::regclass),
    record_id dataharvest.word NOT NULL"""
ROWS = f"""
CREATE TABLE dataharvest.client_row (
    {OF_EACH_ROW},
    first_name bytea NOT NULL,
    last_name bytea NOT NULL,
    client_reference dataharvest.reference NOT NULL,
    tax_free_allowance bytea NOT NULL,
    PRIMARY KEY (file_id, client_reference)
);
CREATE TABLE dataharvest.portfolio_row (
    {OF_EACH_ROW},
    account_number dataharvest.reference NOT NULL,
    portfolio_reference dataharvest.reference NOT NULL,
    client_reference dataharvest.reference NOT NULL,
    agent_code dataharvest.word NOT NULL,
    PRIMARY KEY (file_id, portfolio_reference)
);
CREATE TABLE dataharvest.account_row (
    {OF_EACH_ROW},
    account_number dataharvest.reference NOT NULL,
    cash_balance dataharvest.money NOT NULL,
    currency dataharvest.currency NOT NULL,
    taxes_paid bytea NOT NULL,
    PRIMARY KEY (file_id, account_number)
);
CREATE TABLE dataharvest.transaction_row (
    {OF_EACH_ROW},
    account_number dataharvest.reference NOT NULL,
    transaction_reference dataharvest.reference NOT NULL,
    amount dataharvest.money NOT NULL,
    keyword dataharvest.word NOT NULL,
    PRIMARY KEY (file_id, account_number, transaction_reference)
);
"""
DELIVERIES = """
CREATE TABLE dataharvest.delivery (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_client text NOT NULL,
    business_date date NOT NULL,
    version integer NOT NULL,
    client_file bigint REFERENCES dataharvest.delivered_file,
    portfolio_file bigint REFERENCES dataharvest.delivered_file,
    account_file bigint REFERENCES dataharvest.delivered_file,
    transaction_file bigint REFERENCES dataharvest.delivered_file,
    opened_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (external_client, business_date, version)
);
CREATE TABLE dataharvest.business_day (
    external_client text NOT NULL,
    business_date date NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (external_client, business_date)
);
COMMENT ON TABLE dataharvest.business_day IS 'Current version of each date; whoever opens a version locks its row';
CREATE TABLE dataharvest.finished_step (
    delivery_id bigint NOT NULL REFERENCES dataharvest.delivery,
    step text NOT NULL,
    seconds double precision NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (delivery_id, step)
);
CREATE TABLE dataharvest.relation (
    delivery_id bigint NOT NULL REFERENCES dataharvest.delivery,
    portfolio_reference text COLLATE "C" NOT NULL,
    client_reference text COLLATE "C" NOT NULL,
    account_number text COLLATE "C" NOT NULL,
    cash_balance numeric,
    currency text,
    line bigint NOT NULL,
    is_client_known boolean NOT NULL,
    is_account_known boolean NOT NULL,
    portfolios_of_account bigint NOT NULL,
    is_account_of_several_clients boolean NOT NULL
);
CREATE INDEX ON dataharvest.relation (delivery_id);
CREATE TABLE dataharvest.derived_value (
    delivery_id bigint NOT NULL REFERENCES dataharvest.delivery,
    level text NOT NULL,
    field text NOT NULL,
    reference text COLLATE "C" NOT NULL,
    value text,
    sealed bytea
);
CREATE INDEX ON dataharvest.derived_value (delivery_id, level, field);
COMMENT ON TABLE dataharvest.derived_value IS
    'Values of messages. No index makes them unique: whoever writes a message sees whether each is there once';
CREATE TABLE dataharvest.quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_id bigint REFERENCES dataharvest.delivered_file,
    delivery_id bigint REFERENCES dataharvest.delivery,
    kind text NOT NULL,
    line bigint,
    column_name text NOT NULL,
    value text,
    reason text NOT NULL,
    client_reference text,
    portfolio_reference text,
    CHECK ((file_id IS NULL) <> (delivery_id IS NULL))
);
COMMENT ON TABLE dataharvest.quarantine IS
    'Rows of a file that were not loaded, and loaded rows that contradict others of their delivery';
CREATE INDEX ON dataharvest.quarantine (file_id);
CREATE INDEX ON dataharvest.quarantine (delivery_id);
"""
OUTBOX = """
CREATE TABLE dataharvest.data_key (
    external_client text NOT NULL,
    business_date date NOT NULL,
    kms_key text NOT NULL,
    sealed bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (external_client, business_date)
);
COMMENT ON TABLE dataharvest.data_key IS 'Data keys, encrypted by KMS: one for each client and date';
CREATE TABLE dataharvest.outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    external_client text NOT NULL,
    business_date date NOT NULL,
    version integer NOT NULL,
    type text NOT NULL,
    reference text COLLATE "C" NOT NULL,
    corrects integer,
    sealed bytea NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz
);
CREATE INDEX ON dataharvest.outbox (external_client, business_date, outbox_id) WHERE sent_at IS NULL;
CREATE TABLE dataharvest.published (
    external_client text NOT NULL,
    business_date date NOT NULL,
    type text NOT NULL,
    reference text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (external_client, business_date, type, reference)
);
COMMENT ON TABLE dataharvest.published IS 'What consumers hold: the newest message of each reference, by its digest';
"""


def upgrade() -> None:
    """Create the tables."""
    for statements in (DOMAINS, FILES, ROWS, DELIVERIES, OUTBOX):
        op.execute(statements)
