-- title = "Rows that did not fit"
-- description = "Rows of newest versions in the quarantine, by file and reason: not loaded, or loaded and in contradiction to others."
-- source = "DataHarvest, quarantine"
-- chart = "row"
-- x = "reason"
-- y = "rows_rejected"
-- value_labels = true
-- [columns.reason]
-- title = "Reason"
-- [columns.rows_rejected]
-- title = "Rows"
-- unit = "rows"
-- format = "integer"
SELECT concat_ws(' ', q.kind, nullif(q.column_name, ''), q.reason) AS reason, count(*) AS rows_rejected
FROM dataharvest.business_day
JOIN dataharvest.delivery d USING (external_client, business_date, version)
JOIN dataharvest.quarantine q ON q.delivery_id = d.delivery_id
    OR q.file_id IN (d.client_file, d.portfolio_file, d.account_file, d.transaction_file)
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20
