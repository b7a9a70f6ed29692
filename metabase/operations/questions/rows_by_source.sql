-- title = "Rows loaded and rejected, by source"
-- description = "Rows of all files in the tables, by the source that received them."
-- source = "Estrela, ops.files"
-- chart = "row"
-- x = "source"
-- y = ["rows_loaded", "rows_rejected"]
-- stack = "stacked"
-- [columns.source]
-- title = "Source"
-- [columns.rows_loaded]
-- title = "Loaded"
-- format = "integer"
-- unit = "rows"
-- [columns.rows_rejected]
-- title = "Rejected"
-- format = "integer"
-- unit = "rows"
SELECT source, sum(rows_loaded) AS rows_loaded, sum(rows_rejected) AS rows_rejected
FROM {star}.files
WHERE source = received_by AND state = 'loaded'
GROUP BY source
ORDER BY rows_loaded DESC, source
