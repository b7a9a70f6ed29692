-- title = "Files taken in, by source"
-- description = "Rows in = rows loaded + rows rejected, for every source: what is unaccounted for is a fault. A source may read the files that another one received."
-- source = "Estrela, ops.files"
-- chart = "table"
-- [columns.source]
-- title = "Source"
-- [columns.received_by]
-- title = "Reads the files of"
-- [columns.files]
-- title = "Files"
-- format = "integer"
-- [columns.files_waiting]
-- title = "Held back or set aside"
-- format = "integer"
-- [columns.kilobytes]
-- title = "Size"
-- format = "integer"
-- unit = "kB"
-- [columns.rows_in]
-- title = "Rows in"
-- format = "integer"
-- bars = true
-- [columns.rows_loaded]
-- title = "Loaded"
-- format = "integer"
-- [columns.rows_rejected]
-- title = "Rejected"
-- format = "integer"
-- [columns.rows_unaccounted]
-- title = "Unaccounted for"
-- format = "integer"
-- [columns.newest_file]
-- title = "Newest file (UTC)"
SELECT
  source,
  max(received_by) AS received_by,
  count(*) AS files,
  count_if(state <> 'loaded') AS files_waiting,
  CAST(round(sum(size) / 1000.0) AS bigint) AS kilobytes,
  sum(IF(state = 'loaded', rows_in)) AS rows_in,
  sum(rows_loaded) AS rows_loaded,
  sum(IF(state = 'loaded', rows_rejected)) AS rows_rejected,
  sum(IF(state = 'loaded', rows_in - rows_loaded - rows_rejected)) AS rows_unaccounted,
  date_format(max(fetched_at), '%Y-%m-%d %H:%i') AS newest_file
FROM {star}.files
WHERE source <> ''
GROUP BY source
ORDER BY rows_in DESC, source
