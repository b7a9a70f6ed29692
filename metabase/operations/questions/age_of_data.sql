-- title = "Newest file received"
-- description = "Hours since the newest file that is in the tables was received; a day without news leaves it as it was."
-- source = "Estrela, ops.files"
-- chart = "scalar"
-- y = "hours"
-- [columns.hours]
-- title = "Age"
-- format = "integer"
-- unit = "hours ago"
SELECT date_diff('hour', max(fetched_at), CAST(now() AS timestamp)) AS hours
FROM {star}.files
WHERE source <> ''
