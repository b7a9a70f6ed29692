-- title = "Messages sent, by type"
-- description = "Messages of each business date, corrections included."
-- source = "DataHarvest, outbox"
-- caveats = ["Ninety newest dates."]
-- chart = "bar"
-- x = "business_date"
-- y = "messages"
-- series = "type"
-- stack = "stacked"
-- [columns.business_date]
-- title = "Date"
-- [columns.type]
-- title = "Type"
-- [columns.messages]
-- title = "Messages"
-- unit = "messages"
-- format = "integer"
SELECT to_char(business_date, 'YYYY-MM-DD') AS business_date, type, count(*) AS messages
FROM dataharvest.outbox
WHERE sent_at IS NOT NULL
    AND business_date > (SELECT max(business_date) - 90 FROM dataharvest.outbox)
GROUP BY dataharvest.outbox.business_date, type ORDER BY 1, 2
