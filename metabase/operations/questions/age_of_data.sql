-- title = "Newest file received"
-- description = "When the newest file that is in the tables was received; a day without news leaves it as it was."
-- source = "Estrela, ops.files"
-- empty = "No data yet: the date appears after a run receives its first file."
-- chart = "scalar"
-- y = "received"
-- [columns.received]
-- title = "Received"
-- format = "date"
-- unit = "UTC"
SELECT date_format(max(fetched_at), '%Y-%m-%d %H:%i') AS received
FROM {star}.files
WHERE source <> ''
