-- title = "How the lead institution was found"
-- description = "Complaints of the quarter (the newest if none is chosen) by the source that names the institution's lead."
-- source = "Banco Central do Brasil, ranking of complaints; leads from the segmentation list, the IF.data register and Estrela's alias list"
-- caveats = ["own: a single institution leads itself. unknown: no source names the lead, and it stays unknown."]
-- chart = "row"
-- x = "lead_method"
-- y = "complaints"
-- value_labels = true
-- [columns.lead_method]
-- title = "Known from"
-- [columns.complaints]
-- title = "Complaints"
-- format = "integer"
-- unit = "complaints"
-- [columns.institutions]
-- title = "Institutions"
-- format = "integer"
-- [columns.share]
-- title = "Share of complaints"
-- format = "percent"
-- [columns.quarter_code]
-- title = "Quarter"
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
  i.lead_method,
  sum(f.total) AS complaints,
  count(*) AS institutions,
  CAST(sum(f.total) AS double) / nullif(sum(sum(f.total)) OVER (), 0) AS share,
  max(f.quarter_code) AS quarter_code
FROM banking.fact_complaints f
JOIN chosen ON f.quarter_code = chosen.quarter_code
JOIN banking.dim_institution i ON i.institution_key = f.institution_key
WHERE true [[AND f.quarter_code = {{period}}]]
GROUP BY i.lead_method
ORDER BY complaints DESC, i.lead_method
