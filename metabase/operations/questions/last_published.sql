-- title = "Last published change"
-- description = "Hours since a run last changed a table that analysts see."
-- source = "Estrela, ops.runs"
-- chart = "scalar"
-- y = "hours"
-- [columns.hours]
-- title = "Age"
-- format = "integer"
-- unit = "hours ago"
SELECT date_diff('hour', max(published_at), CAST(now() AS timestamp)) AS hours
FROM {star}.runs
