-- title = "Rows rejected"
-- description = "Rows of these files refused with their reason; they are in no table."
-- source = "Estrela, ops.files"
-- chart = "scalar"
-- y = "rows_rejected"
-- [columns.rows_rejected]
-- title = "Rows"
-- format = "integer"
-- unit = "rows"
SELECT coalesce(sum(rows_rejected), 0) AS rows_rejected
FROM {star}.files
WHERE source = received_by AND state = 'loaded'
