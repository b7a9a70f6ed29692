-- title = "From the last file to the message"
-- description = "Minutes from the arrival of a date's last file to its last message: the median of the clients, and the slowest."
-- source = "DataHarvest, files and outbox"
-- caveats = ["First versions only: a correction is sent when it comes.", "Ninety newest dates."]
-- chart = "line"
-- x = "business_date"
-- y = ["median", "slowest"]
-- [columns.business_date]
-- title = "Date"
-- [columns.median]
-- title = "Median client"
-- format = "decimal"
-- decimals = 1
-- unit = "min"
-- [columns.slowest]
-- title = "Slowest client"
-- format = "decimal"
-- decimals = 1
-- unit = "min"
WITH taken AS (
    SELECT d.external_client, d.business_date,
        extract(epoch FROM (
            SELECT max(o.sent_at) FROM dataharvest.outbox o
            WHERE (o.external_client, o.business_date, o.version) = (d.external_client, d.business_date, 1)
        ) - (
            SELECT max(f.received_at) FROM dataharvest.delivered_file f
            WHERE f.file_id IN (d.client_file, d.portfolio_file, d.account_file, d.transaction_file)
        )) / 60 AS minutes
    FROM dataharvest.delivery d WHERE d.version = 1
)
SELECT to_char(business_date, 'YYYY-MM-DD') AS business_date,
    round(CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes) AS numeric), 1) AS median,
    round(CAST(max(minutes) AS numeric), 1) AS slowest
FROM taken WHERE minutes IS NOT NULL
GROUP BY taken.business_date ORDER BY taken.business_date DESC LIMIT 90
