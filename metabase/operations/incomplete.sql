-- title = "{title}"
-- description = "What was received and is not in the tables: rows that were rejected, and newest files that were refused or set aside."
-- source = "Estrela, ops.completeness"
-- caveats = ["Figures of these periods are too low, or older than the newest data received."]
-- chart = "table"
-- [columns.table_name]
-- title = "Table"
-- [columns.period]
-- title = "Period"
-- [columns.source]
-- title = "Source"
-- [columns.completeness]
-- title = "Complete"
-- format = "percent"
-- [columns.rows_received]
-- title = "Rows received"
-- format = "integer"
-- [columns.rows_loaded]
-- title = "Of these loaded"
-- format = "integer"
-- [columns.files_held_back]
-- title = "Files held back"
-- format = "integer"
-- [columns.files_set_aside]
-- title = "Files set aside"
-- format = "integer"
SELECT
  table_name, CASE period WHEN '' THEN 'all' ELSE period END AS period, source, completeness,
  rows_received, rows_loaded, files_held_back, files_set_aside
FROM (
  SELECT *, max(column_name) OVER (PARTITION BY table_name, source) AS finest
  FROM {star}.completeness
  WHERE table_name IN ({tables})
)
WHERE column_name <> '' OR finest = ''
ORDER BY completeness, table_name, period
LIMIT 100
