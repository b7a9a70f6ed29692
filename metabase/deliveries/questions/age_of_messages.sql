-- title = "Newest message"
-- description = "Hours since the newest message was sent to the consumers' queue."
-- source = "DataHarvest, outbox"
-- chart = "scalar"
-- y = "hours"
-- [columns.hours]
-- title = "Age"
-- format = "integer"
-- unit = "hours ago"
SELECT CAST(extract(epoch FROM now() - max(sent_at)) / 3600 AS bigint) AS hours
FROM dataharvest.outbox
