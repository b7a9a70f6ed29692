"""References of rejects, checked once per statement.

A foreign key looks up its row once per reject. For a file with many rejects, this took longer than writing them.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

FOREIGN_KEYS = "ALTER TABLE ledger.rejects DROP CONSTRAINT rejects_load_fkey, DROP CONSTRAINT rejects_file_fkey"
# A load references its file, so the file of a reject exists as well. The lock keeps the load until the commit.
WRITTEN = """
CREATE FUNCTION ledger.require_loads_of_rejects() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  numbers bigint[] := ARRAY(SELECT DISTINCT load FROM written);
  wrong record;
BEGIN
  PERFORM 1 FROM ledger.loads WHERE id = ANY (numbers) FOR KEY SHARE;
  SELECT load, file INTO wrong FROM (
    SELECT load, file FROM written EXCEPT SELECT id, file FROM ledger.loads WHERE id = ANY (numbers)
  ) w LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'rejects of load % and file %: no such load', wrong.load, wrong.file
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER require_loads AFTER INSERT ON ledger.rejects REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.require_loads_of_rejects();
"""
KEPT = """
CREATE FUNCTION ledger.keep_load_of_rejects() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ledger.rejects WHERE file = OLD.file AND load = OLD.id) THEN
    RAISE EXCEPTION 'load % has rejects', OLD.id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_rejected AFTER DELETE OR UPDATE OF id, file ON ledger.loads
  FOR EACH ROW EXECUTE FUNCTION ledger.keep_load_of_rejects();

CREATE FUNCTION ledger.refuse_to_move_rejects() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a reject keeps its load and file' USING ERRCODE = 'foreign_key_violation';
END $$;
CREATE TRIGGER refuse_to_move BEFORE UPDATE OF load, file ON ledger.rejects
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_to_move_rejects();
"""


def upgrade() -> None:
    """Replace the foreign keys of a reject by triggers."""
    for sql in (FOREIGN_KEYS, WRITTEN, KEPT):
        op.execute(sql)
