-- title = "Corrected deliveries"
-- description = "Dates that were delivered again, and the messages that corrected earlier ones."
-- source = "DataHarvest, deliveries and outbox"
-- caveats = ["The hundred newest."]
-- chart = "table"
-- [columns.external_client]
-- title = "Client"
-- [columns.business_date]
-- title = "Date"
-- [columns.versions]
-- title = "Versions"
-- format = "integer"
-- [columns.corrected]
-- title = "Corrected messages"
-- format = "integer"
-- bars = true
-- [columns.newest]
-- title = "Newest version opened (UTC)"
SELECT d.external_client, to_char(d.business_date, 'YYYY-MM-DD') AS business_date, count(*) AS versions,
    (SELECT count(*) FROM dataharvest.outbox o
        WHERE (o.external_client, o.business_date) = (d.external_client, d.business_date)
            AND o.corrects IS NOT NULL) AS corrected,
    to_char(max(d.opened_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS newest
FROM dataharvest.delivery d
GROUP BY d.external_client, d.business_date HAVING count(*) > 1
ORDER BY max(d.opened_at) DESC LIMIT 100
