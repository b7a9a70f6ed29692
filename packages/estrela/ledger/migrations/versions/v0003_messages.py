"""Messages about files and feeds, each once."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

MESSAGES = """
CREATE TABLE ledger.messages (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind      text NOT NULL CHECK (kind IN ('fail', 'rejects', 'late', 'empty', 'odd', 'recovered')),
  feed      text NOT NULL,
  file      bigint REFERENCES ledger.files,
  occasion  text NOT NULL,
  subject   text NOT NULL,
  body      text NOT NULL,
  made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  mailed_at timestamptz,
  posted_at timestamptz,
  UNIQUE (kind, occasion)
);
COMMENT ON TABLE ledger.messages IS 'What was told by e-mail (mailed_at) and in Slack (posted_at)';
COMMENT ON COLUMN ledger.messages.occasion IS 'Attempt of a file, or time that it was due: one message for each';
CREATE INDEX messages_made_at ON ledger.messages (made_at);
CREATE INDEX transitions_to_fail ON ledger.transitions (at) WHERE to_state = 'Fail';
CREATE INDEX loads_ended_at ON ledger.loads (ended_at);
CREATE INDEX files_done_at ON ledger.files (feed, done_at);
"""


def upgrade() -> None:
    """Create the table of messages, and the indexes that find their occasions without reading all files."""
    op.execute(MESSAGES)
