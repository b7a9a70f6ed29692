-- title = "Rows unaccounted for"
-- description = "Rows received, less those loaded and those rejected: anything but 0 is a fault."
-- source = "Estrela, ops.files"
-- chart = "scalar"
-- y = "rows_unaccounted"
-- [columns.rows_unaccounted]
-- title = "Rows"
-- format = "integer"
-- unit = "rows"
SELECT coalesce(sum(rows_in - rows_loaded - rows_rejected), 0) AS rows_unaccounted
FROM {star}.files
WHERE source <> '' AND state = 'loaded'
