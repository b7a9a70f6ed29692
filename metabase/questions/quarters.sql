-- title = "Published quarters"
-- description = "The quarters of the ranking, newest first; the choices of the period filter."
-- source = "Banco Central do Brasil, ranking of complaints"
-- chart = "table"
-- [columns.quarter_code]
-- title = "Quarter"
SELECT quarter_code
FROM estrela_refined.dim_quarter
WHERE quarter_key <> 0
ORDER BY quarter_code DESC
