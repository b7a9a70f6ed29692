-- title = "Rows received"
-- description = "Rows of all files in the tables, each file counted once."
-- source = "Estrela, ops.files"
-- chart = "scalar"
-- y = "rows_in"
-- [columns.rows_in]
-- title = "Rows"
-- format = "integer"
-- unit = "rows"
SELECT coalesce(sum(rows_in), 0) AS rows_in
FROM {star}.files
WHERE source = received_by AND state = 'loaded'
