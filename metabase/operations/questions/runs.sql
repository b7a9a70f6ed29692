-- title = "Runs that published something"
-- description = "The fifty newest runs that changed a table, and which; a day without news publishes nothing."
-- source = "Estrela, ops.runs"
-- chart = "table"
-- [columns.published]
-- title = "Published (UTC)"
-- [columns.run_key]
-- title = "Run"
-- [columns.changed]
-- title = "Tables changed"
-- format = "integer"
-- [columns.tables]
-- title = "Which"
SELECT
  date_format(published_at, '%Y-%m-%d %H:%i') AS published,
  run_key,
  cardinality(split(tables, ', ')) AS changed,
  tables
FROM {star}.runs
ORDER BY published_at DESC
LIMIT 50
