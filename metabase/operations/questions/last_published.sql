-- title = "Last published change"
-- description = "When a run last changed a table that analysts see."
-- source = "Estrela, ops.runs"
-- empty = "No data yet: the date appears after the first run that publishes a table."
-- chart = "scalar"
-- y = "published"
-- [columns.published]
-- title = "Published"
-- format = "date"
-- unit = "UTC"
SELECT date_format(max(published_at), '%Y-%m-%d %H:%i') AS published
FROM {star}.runs
