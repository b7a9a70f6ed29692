-- title = "Glue's work"
-- description = "DPU-seconds of all Glue runs that ended in the thirty days up to the newest one; a G.1X worker is one data processing unit (DPU)."
-- source = "Estrela, ops.job_runs, from the runs that Glue reports"
-- caveats = ["Glue bills a minute at least for each run, so many short runs cost more than their DPU-seconds."]
-- empty = "No data yet: Glue's runs are recorded at the end of each run, so figures appear after the next run."
-- chart = "scalar"
-- y = "dpu_seconds"
-- [columns.dpu_seconds]
-- title = "Glue"
-- format = "integer"
-- unit = "DPU-seconds"
SELECT CAST(round(sum(dpu_seconds)) AS bigint) AS dpu_seconds
FROM estrela_ops.job_runs
WHERE started_at > (SELECT max(started_at) - INTERVAL '30' DAY FROM estrela_ops.job_runs)
