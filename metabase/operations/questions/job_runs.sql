-- title = "Glue runs"
-- description = "The hundred newest Glue runs that have ended, how long they took and why one did not succeed."
-- source = "Estrela, ops.job_runs, from the runs that Glue reports"
-- empty = "No data yet: Glue's runs are recorded at the end of each run, so figures appear after the next run."
-- chart = "table"
-- [columns.started]
-- title = "Started (UTC)"
-- [columns.step]
-- title = "Step"
-- [columns.state]
-- title = "State"
-- [columns.seconds]
-- title = "Seconds"
-- format = "integer"
-- bars = true
-- [columns.dpu_seconds]
-- title = "DPU-seconds"
-- format = "integer"
-- [columns.run_key]
-- title = "Run"
-- [columns.message]
-- title = "Why"
SELECT
  date_format(started_at, '%Y-%m-%d %H:%i') AS started,
  step,
  state,
  seconds,
  CAST(round(dpu_seconds) AS bigint) AS dpu_seconds,
  run_key,
  message
FROM estrela_ops.job_runs
ORDER BY started_at DESC, glue_run_id
LIMIT 100
