-- title = "Rows loaded by day"
-- description = "Rows of the files whose load was committed on a day, over thirty days: loaded, and rejected by it."
-- source = "File ledger, ledger.loads"
-- chart = "bar"
-- x = "day"
-- y = ["rows_loaded", "rows_rejected"]
-- stack = "stacked"
-- [columns.day]
-- title = "Day (UTC)"
-- [columns.rows_loaded]
-- title = "Loaded"
-- format = "integer"
-- unit = "rows"
-- [columns.rows_rejected]
-- title = "Rejected"
-- format = "integer"
-- unit = "rows"
SELECT
  to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
  CAST(sum(rows_loaded) AS bigint) AS rows_loaded,
  CAST(sum(rows_rejected) AS bigint) AS rows_rejected
FROM ledger.loads
WHERE kind = 'load' AND error = '' AND ended_at > now() - interval '30 days'
GROUP BY 1
ORDER BY 1
