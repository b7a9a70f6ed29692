-- title = "Newest message"
-- description = "When the newest message was sent to the consumers' queue."
-- source = "DataHarvest, outbox"
-- chart = "scalar"
-- y = "sent"
-- [columns.sent]
-- title = "Sent"
-- format = "date"
-- unit = "UTC"
SELECT to_char(max(sent_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS sent
FROM dataharvest.outbox
