-- title = "Checks failed"
-- description = "Checks of the published tables that found a bad row."
-- source = "Estrela, ops.checks"
-- chart = "scalar"
-- y = "checks_failed"
-- [columns.checks_failed]
-- title = "Checks"
-- format = "integer"
-- unit = "checks"
SELECT count_if(rows_failed > 0) AS checks_failed
FROM {star}.checks
