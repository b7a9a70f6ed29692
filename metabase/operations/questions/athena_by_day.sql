-- title = "What Athena scanned, day by day"
-- description = "Bytes that the queries of each day read, over the thirty days up to the newest one."
-- source = "Estrela, ops.query_days, from the queries that Athena reports"
-- caveats = ["Told at the end of each run of the pipeline: later queries follow with the next.", "Athena bills 10 MB at least for each query of tables."]
-- empty = "No data yet: Athena's queries are recorded at the end of each run, so figures appear after the next run."
-- chart = "bar"
-- x = "day"
-- y = "megabytes"
-- series = "workgroup"
-- stack = "stacked"
-- [columns.day]
-- title = "Day (UTC)"
-- [columns.workgroup]
-- title = "Workgroup"
-- [columns.megabytes]
-- title = "Scanned"
-- format = "decimal"
-- decimals = 1
-- unit = "MB"
SELECT date_format(day, '%Y-%m-%d') AS day, workgroup, round(scanned_bytes / 1e6, 1) AS megabytes
FROM estrela_ops.query_days
WHERE day > (SELECT max(day) - INTERVAL '30' DAY FROM estrela_ops.query_days)
ORDER BY 1, 2
