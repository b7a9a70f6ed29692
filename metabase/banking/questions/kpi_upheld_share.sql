-- title = "Upheld share"
-- description = "Upheld complaints as a share of all complaints; in method B extrapolated from those that were analysed."
-- source = "Banco Central do Brasil, ranking of complaints"
-- caveats = ["Quarters of one method only: a change is never measured across the break at 2024T2."]
-- chart = "trend"
-- x = "quarter_end"
-- y = "upheld_share"
-- more_is = "worse"
-- [columns.quarter_end]
-- title = "Quarter to"
-- format = "date"
-- [columns.upheld_share]
-- title = "Upheld share"
-- format = "percent"
-- [columns.quarter_code]
-- title = "Quarter"
-- [variables.period]
-- title = "Quarter"
-- [variables.segment]
-- title = "Prudential segment"
-- [variables.institution]
-- title = "Institution"
WITH chosen AS (
  SELECT quarter_code, method, ends_on
  FROM banking.dim_quarter
  WHERE quarter_key <> 0 [[AND quarter_code = {{period}}]]
  ORDER BY quarter_code DESC
  LIMIT 1
), shown AS (
  SELECT q.quarter_key, q.quarter_code, q.ends_on
  FROM banking.dim_quarter q
  JOIN chosen ON q.method = chosen.method AND q.quarter_code <= chosen.quarter_code
  WHERE q.quarter_key <> 0
  ORDER BY q.quarter_code DESC
  LIMIT 8
)
SELECT
  shown.ends_on AS quarter_end,
  shown.quarter_code,
  CAST(sum(coalesce(f.extrapolated_upheld, f.upheld)) AS double) / nullif(sum(f.total), 0) AS upheld_share
FROM banking.fact_complaints f
JOIN shown ON f.quarter_code = shown.quarter_code
WHERE true
  [[AND f.institution_key IN (SELECT institution_key FROM banking.dim_institution WHERE segment = {{segment}})]]
  [[AND f.institution_key IN (
    SELECT i.institution_key FROM banking.dim_institution i
    JOIN banking.dim_institution named ON named.institution_code = i.institution_code
    WHERE named.name = {{institution}}
  )]]
GROUP BY shown.ends_on, shown.quarter_code
ORDER BY quarter_end
