-- title = "Why rows were rejected"
-- description = "Rows that are rejected and not replayed since, by feed, column and reason."
-- empty = "No row is rejected."
-- source = "File ledger, ledger.rejects"
-- chart = "table"
-- [columns.feed]
-- title = "Feed"
-- [columns.code]
-- title = "Code"
-- [columns.column_name]
-- title = "Column"
-- [columns.reason]
-- title = "Reason"
-- [columns.rows_rejected]
-- title = "Rows"
-- format = "integer"
-- bars = true
SELECT f.feed, r.code, r.column_name, r.reason, count(*) AS rows_rejected
FROM ledger.rejects r
JOIN ledger.files f ON f.id = r.file
WHERE r.is_counted AND r.resolved_by IS NULL
GROUP BY 1, 2, 3, 4
ORDER BY rows_rejected DESC, 1, 2, 3
LIMIT 100
