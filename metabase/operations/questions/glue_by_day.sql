-- title = "Glue's work, day by day"
-- description = "DPU-seconds of each day's Glue runs by what they did, over the thirty days up to the newest run; a day without news extracts alone."
-- source = "Estrela, ops.job_runs, from the runs that Glue reports"
-- caveats = ["Glue bills a minute at least for each run."]
-- empty = "No data yet: Glue's runs are recorded at the end of each run, so figures appear after the next run."
-- chart = "bar"
-- x = "day"
-- y = "dpu_seconds"
-- series = "phase"
-- stack = "stacked"
-- [columns.day]
-- title = "Day (UTC)"
-- [columns.phase]
-- title = "Phase"
-- [columns.dpu_seconds]
-- title = "Glue"
-- format = "integer"
-- unit = "DPU-seconds"
SELECT
  date_format(started_at, '%Y-%m-%d') AS day,
  split_part(step, '_', 1) AS phase,
  CAST(round(sum(dpu_seconds)) AS bigint) AS dpu_seconds
FROM estrela_ops.job_runs
WHERE started_at > (SELECT max(started_at) - INTERVAL '30' DAY FROM estrela_ops.job_runs)
GROUP BY 1, 2
ORDER BY 1, 2
