-- title = "Share of complaints without a known lead institution"
-- description = "Share of the quarter's complaints against institutions whose lead institution is not known, so that no fees can be joined to them."
-- source = "Banco Central do Brasil, ranking of complaints; leads from the segmentation list, the IF.data register and Estrela's alias list"
-- chart = "scalar"
-- y = "share"
-- [columns.share]
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
)
SELECT
  CAST(sum(CASE WHEN i.lead_method = 'unknown' THEN f.total ELSE 0 END) AS double) / nullif(sum(f.total), 0) AS share
FROM banking.fact_complaints f
JOIN chosen ON f.quarter_code = chosen.quarter_code
JOIN banking.dim_institution i ON i.institution_key = f.institution_key
WHERE true [[AND f.quarter_code = {{period}}]]
