-- title = "Oldest file that waits"
-- description = "Minutes since the oldest file in state New arrived; 0 if none waits."
-- source = "File ledger, ledger.files"
-- chart = "scalar"
-- y = "minutes"
-- [columns.minutes]
-- title = "Age"
-- format = "integer"
-- unit = "minutes"
SELECT coalesce(CAST(extract(epoch FROM now() - min(arrived_at)) AS bigint) / 60, 0) AS minutes
FROM ledger.files
WHERE state = 'New'
