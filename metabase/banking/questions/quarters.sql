-- title = "Published quarters"
-- description = "The quarters of the ranking, newest first; the choices of the quarter filter."
-- source = "Banco Central do Brasil, ranking of complaints"
-- chart = "table"
-- [columns.quarter_code]
-- title = "Quarter"
-- [columns.method]
-- title = "Method"
-- [columns.ends_on]
-- title = "Ends on"
-- format = "date"
SELECT quarter_code, method, ends_on
FROM banking.dim_quarter
WHERE quarter_key <> 0
ORDER BY quarter_code DESC
