-- title = "Checks of the published tables"
-- description = "Every check of every table, those that failed first. Nothing is published while one fails."
-- source = "Estrela, ops.checks"
-- chart = "table"
-- [columns.table_name]
-- title = "Table"
-- [columns.check_name]
-- title = "Check"
-- [columns.column_name]
-- title = "Columns"
-- [columns.rows_checked]
-- title = "Rows checked"
-- format = "integer"
-- [columns.rows_failed]
-- title = "Rows failed"
-- format = "integer"
SELECT table_name, check_name, column_name, rows_checked, rows_failed
FROM {star}.checks
ORDER BY rows_failed DESC, table_name, check_name, column_name
