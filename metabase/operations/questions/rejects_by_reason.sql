-- title = "Why rows were rejected"
-- description = "Rejected rows and files by source and reason; a source without any stands with 0."
-- source = "Estrela, ops.files and ops.rejects"
-- chart = "table"
-- [columns.source]
-- title = "Source"
-- [columns.reason]
-- title = "Reason"
-- [columns.column_name]
-- title = "Column"
-- [columns.rejects]
-- title = "Rejects"
-- format = "integer"
-- bars = true
-- [columns.example]
-- title = "Example of a value"
WITH sources AS (
  SELECT DISTINCT source FROM {star}.files WHERE source <> ''
), refused AS (
  SELECT source, reason, column_name, count(*) AS rejects, max(value) AS example
  FROM {star}.rejects
  WHERE source <> ''
  GROUP BY source, reason, column_name
)
SELECT
  sources.source,
  coalesce(refused.reason, 'nothing was rejected') AS reason,
  refused.column_name,
  coalesce(refused.rejects, 0) AS rejects,
  refused.example
FROM sources
LEFT JOIN refused ON refused.source = sources.source
ORDER BY rejects DESC, sources.source, reason
