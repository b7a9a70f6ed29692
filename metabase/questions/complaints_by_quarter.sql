-- title = "Complaints against banks, quarter by quarter"
-- description = "All complaints in the ranking, summed over the institutions of each quarter."
-- source = "Banco Central do Brasil, ranking of complaints"
-- caveats = ["Method B counts answered complaints only: do not compare it with method A."]
-- chart = "line"
-- x = "quarter_code"
-- y = "complaints"
-- series = "method"
--
-- [[marks]]
-- x = "2024T2"
-- text = "the method of the ranking changes from A to B"
--
-- [columns.quarter_code]
-- title = "Quarter"
-- [columns.complaints]
-- title = "Complaints"
-- format = "integer"
-- unit = "complaints"
-- [columns.method]
-- title = "Method"
--
-- [variables.segment]
-- title = "Prudential segment"
SELECT
  quarter_code,
  method,
  sum(complaints) AS complaints
FROM estrela_refined.mart_bank_quarter
WHERE true [[AND segment = {{segment}}]]
GROUP BY quarter_code, method
ORDER BY quarter_code
