"""Files, their transitions, loads and rejects."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE ledger.files (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  feed          text,
  bucket        text NOT NULL,
  key           text NOT NULL,
  version       text NOT NULL,
  etag          text NOT NULL,
  size          bigint NOT NULL,
  place         text NOT NULL DEFAULT '',
  sequencer     text NOT NULL DEFAULT '',
  arrived_at    timestamptz NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  events_seen   integer NOT NULL DEFAULT 0,
  listings_seen integer NOT NULL DEFAULT 0,
  state         text NOT NULL,
  reason        text NOT NULL DEFAULT '',
  run           text NOT NULL DEFAULT '',
  attempts      integer NOT NULL DEFAULT 0,
  fence         bigint NOT NULL DEFAULT 0,
  lease_until   timestamptz,
  sha256        text,
  rows_in       bigint,
  rows_loaded   bigint,
  rows_rejected bigint,
  done_at       timestamptz,
  superseded_by bigint REFERENCES ledger.files,
  archived_at   timestamptz,
  archive_uri   text,
  UNIQUE (bucket, key, version),
  CHECK (rows_in = rows_loaded + rows_rejected),
  CHECK ((state = 'In Progress') = (lease_until IS NOT NULL))
);
COMMENT ON TABLE ledger.files IS 'One row per version of an object that arrived';
COMMENT ON COLUMN ledger.files.version IS 'Version ID of the object; its ETag where the bucket keeps no versions';
COMMENT ON COLUMN ledger.files.place IS 'Orders the files of a feed, before arrived_at, sequencer and id';
COMMENT ON COLUMN ledger.files.superseded_by IS 'File whose load took the rows of this one out of the table';
CREATE INDEX files_by_state ON ledger.files (feed, state, place, arrived_at, sequencer, id);
CREATE INDEX files_in_progress ON ledger.files (lease_until) WHERE state = 'In Progress';
CREATE SEQUENCE ledger.fence;

CREATE TABLE ledger.transitions (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  file       bigint NOT NULL REFERENCES ledger.files,
  from_state text,
  to_state   text NOT NULL,
  at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  run        text NOT NULL,
  reason     text NOT NULL
);
CREATE INDEX transitions_by_file ON ledger.transitions (file);

CREATE TABLE ledger.allowed_transitions (from_state text, to_state text, PRIMARY KEY (from_state, to_state));
INSERT INTO ledger.allowed_transitions VALUES
  ('New', 'In Progress'), ('New', 'Filtered Out'),
  ('In Progress', 'Done'), ('In Progress', 'Fail'), ('In Progress', 'New'), ('In Progress', 'Rejected'),
  ('In Progress', 'Filtered Out'),
  ('Fail', 'New'), ('Fail', 'Filtered Out'),
  ('Rejected', 'New'), ('Filtered Out', 'New'),
  ('Done', 'Filtered Out');

CREATE TABLE ledger.loads (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  file          bigint NOT NULL REFERENCES ledger.files,
  kind          text NOT NULL CHECK (kind IN ('load', 'replay', 'withdraw')),
  run           text NOT NULL,
  started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at      timestamptz,
  rows_in       bigint NOT NULL DEFAULT 0,
  rows_loaded   bigint NOT NULL DEFAULT 0,
  rows_rejected bigint NOT NULL DEFAULT 0,
  rows_changed  bigint NOT NULL DEFAULT 0,
  error         text NOT NULL DEFAULT ''
);
CREATE INDEX loads_by_file ON ledger.loads (file);

CREATE TABLE ledger.rejects (
  load        bigint NOT NULL REFERENCES ledger.loads,
  file        bigint NOT NULL REFERENCES ledger.files,
  line        bigint NOT NULL,
  column_name text NOT NULL,
  value       text NOT NULL,
  code        text NOT NULL,
  reason      text NOT NULL,
  raw_line    text NOT NULL,
  is_counted  boolean NOT NULL,
  resolved_by bigint REFERENCES ledger.loads
);
COMMENT ON COLUMN ledger.rejects.is_counted IS 'Whether rows_rejected of its file counts it; false if the file failed';
CREATE INDEX rejects_by_file ON ledger.rejects (file);
"""
TRIGGER = """
CREATE FUNCTION ledger.note_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.state = OLD.state THEN RETURN NULL; END IF;
    PERFORM 1 FROM ledger.allowed_transitions WHERE from_state = OLD.state AND to_state = NEW.state;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'file % cannot go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO ledger.transitions (file, from_state, to_state, run, reason)
      VALUES (NEW.id, OLD.state, NEW.state, NEW.run, NEW.reason);
  ELSE
    INSERT INTO ledger.transitions (file, from_state, to_state, run, reason)
      VALUES (NEW.id, NULL, NEW.state, NEW.run, NEW.reason);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_transition AFTER INSERT OR UPDATE OF state ON ledger.files
  FOR EACH ROW EXECUTE FUNCTION ledger.note_transition();
"""
HISTORY = """
CREATE VIEW ledger.copy_history AS
SELECT f.bucket || '/' || f.key AS file_name, f.feed AS table_name, f.done_at AS last_load_time, f.state AS status,
       f.rows_in AS row_parsed, f.rows_loaded AS row_count, f.rows_rejected AS error_count,
       e.reason AS first_error_message, e.line AS first_error_line_number, e.column_name AS first_error_column_name
FROM ledger.files f
LEFT JOIN LATERAL (
  SELECT line, column_name, reason FROM ledger.rejects r WHERE r.file = f.id AND r.resolved_by IS NULL
  ORDER BY line LIMIT 1
) e ON true;
COMMENT ON VIEW ledger.copy_history IS 'Files in the words of Snowflake''s COPY_HISTORY';
"""


def upgrade() -> None:
    """Create the tables, the trigger that writes each transition, and the view."""
    for sql in (TABLES, TRIGGER, HISTORY):
        op.execute(sql)
