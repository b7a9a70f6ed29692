-- title = "Athena's reading"
-- description = "What Athena's queries scanned in the thirty days up to the newest one, dashboards included."
-- source = "Estrela, ops.query_days, from the queries that Athena reports"
-- caveats = ["Told at the end of each run of the pipeline: later queries follow with the next."]
-- empty = "No data yet: Athena's queries are recorded at the end of each run, so figures appear after the next run."
-- chart = "scalar"
-- y = "megabytes"
-- [columns.megabytes]
-- title = "Scanned"
-- format = "decimal"
-- decimals = 1
-- unit = "MB"
SELECT round(sum(scanned_bytes) / 1e6, 1) AS megabytes
FROM estrela_ops.query_days
WHERE day > (SELECT max(day) - INTERVAL '30' DAY FROM estrela_ops.query_days)
