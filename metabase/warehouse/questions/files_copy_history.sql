-- title = "Newest files"
-- description = "The fifty files that were loaded last or failed last, in the words of Snowflake's COPY_HISTORY."
-- source = "File ledger, ledger.copy_history"
-- chart = "table"
-- [columns.file_name]
-- title = "File"
-- [columns.status]
-- title = "State"
-- [columns.loaded]
-- title = "Loaded (UTC)"
-- [columns.row_parsed]
-- title = "Rows parsed"
-- format = "integer"
-- [columns.row_count]
-- title = "Rows loaded"
-- format = "integer"
-- [columns.first_error_line_number]
-- title = "First error, line"
-- format = "integer"
-- [columns.first_error_message]
-- title = "First error"
SELECT
  file_name, status, to_char(last_load_time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS loaded,
  row_parsed, row_count, first_error_line_number, first_error_message
FROM ledger.copy_history
WHERE status IN ('Done', 'Fail')
ORDER BY last_load_time DESC NULLS FIRST, file_name
LIMIT 50
