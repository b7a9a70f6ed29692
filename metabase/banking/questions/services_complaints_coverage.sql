-- title = "Share of complaints that the chart of services covers"
-- description = "Share of the quarter's complaints against institutions with a known lead institution and a fee table."
-- source = "Banco Central do Brasil, ranking of complaints and fee tables (Tarifas)"
-- chart = "scalar"
-- y = "covered"
-- [columns.covered]
-- title = "Share of complaints"
-- format = "percent"
-- [variables.period]
-- title = "Quarter"
WITH chosen AS (
  SELECT quarter_code
  FROM banking.dim_quarter
  WHERE quarter_key <> 0 [[AND quarter_code = {{period}}]]
  ORDER BY quarter_code DESC
  LIMIT 1
), everything AS (
  SELECT sum(f.total) AS complaints
  FROM banking.fact_complaints f
  JOIN chosen ON f.quarter_code = chosen.quarter_code
  WHERE true [[AND f.quarter_code = {{period}}]]
), drawn AS (
  SELECT sum(m.complaints) AS complaints
  FROM banking.mart_services_complaints m
  JOIN chosen ON m.quarter_code = chosen.quarter_code
  WHERE m.services_listed > 0 [[AND m.quarter_code = {{period}}]]
)
SELECT coalesce(CAST(drawn.complaints AS double), 0) / nullif(everything.complaints, 0) AS covered
FROM drawn
CROSS JOIN everything
