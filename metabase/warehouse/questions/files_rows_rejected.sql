-- title = "Rows rejected"
-- description = "Rows of loaded files that are in no table: rejected with line, column and reason, and not replayed since."
-- source = "File ledger, ledger.rejects"
-- chart = "scalar"
-- y = "rows_rejected"
-- [columns.rows_rejected]
-- title = "Rows"
-- format = "integer"
-- unit = "rows"
SELECT count(*) AS rows_rejected
FROM ledger.rejects
WHERE is_counted AND resolved_by IS NULL
