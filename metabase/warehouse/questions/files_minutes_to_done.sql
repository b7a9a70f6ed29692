-- title = "From arrival to Done"
-- description = "Minutes between the arrival of a file and the commit of its rows, by the day of the commit, over thirty days: the median, and what 95 of 100 files do not exceed."
-- source = "File ledger, ledger.files"
-- chart = "line"
-- x = "day"
-- y = ["median_minutes", "p95_minutes"]
-- [columns.day]
-- title = "Day (UTC)"
-- [columns.median_minutes]
-- title = "Median"
-- format = "decimal"
-- decimals = 1
-- unit = "minutes"
-- [columns.p95_minutes]
-- title = "95 of 100"
-- format = "decimal"
-- decimals = 1
-- unit = "minutes"
SELECT
  to_char(done_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
  CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM done_at - arrived_at) / 60) AS numeric(12, 1))
    AS median_minutes,
  CAST(percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM done_at - arrived_at) / 60) AS numeric(12, 1))
    AS p95_minutes
FROM ledger.files
WHERE state = 'Done' AND done_at > now() - interval '30 days'
GROUP BY 1
ORDER BY 1
