-- title = "Not sent yet"
-- description = "Dates of external clients of which something has arrived and not every message is sent."
-- source = "DataHarvest, deliveries and outbox"
-- chart = "scalar"
-- y = "dates"
-- [columns.dates]
-- title = "Dates"
-- unit = "dates"
-- format = "integer"
SELECT count(*) AS dates
FROM dataharvest.business_day b
JOIN dataharvest.delivery d USING (external_client, business_date, version)
WHERE NOT EXISTS (SELECT FROM dataharvest.finished_step s WHERE s.delivery_id = d.delivery_id AND s.step = 'catapult')
   OR EXISTS (
       SELECT FROM dataharvest.outbox o
       WHERE (o.external_client, o.business_date) = (b.external_client, b.business_date) AND o.sent_at IS NULL)
