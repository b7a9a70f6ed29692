-- title = "Deliveries"
-- description = "Each external client and date in its newest version: how far it is, and how long its last file took to become messages."
-- source = "DataHarvest, deliveries, files, steps and outbox"
-- caveats = ["The 500 newest dates.", "Minutes run from the arrival of the newest file of the version to its last message."]
-- chart = "table"
-- [columns.external_client]
-- title = "Client"
-- [columns.business_date]
-- title = "Date"
-- [columns.version]
-- title = "Version"
-- format = "integer"
-- [columns.state]
-- title = "State"
-- [columns.minutes]
-- title = "Last file to message"
-- format = "decimal"
-- decimals = 1
-- unit = "min"
-- [columns.rows_loaded]
-- title = "Rows loaded"
-- format = "integer"
-- [columns.rows_rejected]
-- title = "Rows rejected"
-- format = "integer"
-- bars = true
-- [columns.messages]
-- title = "Messages sent"
-- format = "integer"
WITH current AS (
    SELECT d.* FROM dataharvest.business_day
    JOIN dataharvest.delivery d USING (external_client, business_date, version)
), files AS (
    SELECT c.delivery_id, max(f.received_at) AS last_file, sum(f.rows_loaded) AS rows_loaded,
        sum(f.rows_rejected) AS rows_rejected
    FROM current c JOIN dataharvest.delivered_file f
        ON f.file_id IN (c.client_file, c.portfolio_file, c.account_file, c.transaction_file)
    GROUP BY c.delivery_id
), sent AS (
    SELECT external_client, business_date, version, count(sent_at) AS messages, max(sent_at) AS last_message,
        count(*) FILTER (WHERE sent_at IS NULL) AS unsent
    FROM dataharvest.outbox GROUP BY external_client, business_date, version
)
SELECT c.external_client, to_char(c.business_date, 'YYYY-MM-DD') AS business_date, c.version,
    CASE
        WHEN coalesce(s.unsent, 0) > 0 THEN 'sending'
        WHEN EXISTS (SELECT FROM dataharvest.finished_step f WHERE f.delivery_id = c.delivery_id AND f.step = 'catapult')
            THEN 'sent'
        WHEN num_nulls(c.client_file, c.portfolio_file, c.account_file, c.transaction_file) > 0
            THEN 'waits for ' || concat_ws(', ', CASE WHEN c.client_file IS NULL THEN 'clients' END,
                CASE WHEN c.portfolio_file IS NULL THEN 'portfolios' END,
                CASE WHEN c.account_file IS NULL THEN 'accounts' END,
                CASE WHEN c.transaction_file IS NULL THEN 'transactions' END)
        ELSE 'in progress'
    END AS state,
    round(CAST(extract(epoch FROM s.last_message - f.last_file) / 60 AS numeric), 1) AS minutes,
    coalesce(f.rows_loaded, 0) AS rows_loaded, coalesce(f.rows_rejected, 0) AS rows_rejected,
    coalesce(s.messages, 0) AS messages
FROM current c LEFT JOIN files f USING (delivery_id)
LEFT JOIN sent s ON (s.external_client, s.business_date, s.version) = (c.external_client, c.business_date, c.version)
ORDER BY c.business_date DESC, c.external_client
LIMIT 500
