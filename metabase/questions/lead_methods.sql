-- title = "Where the lead institution is known from"
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
  FROM estrela_refined.dim_quarter
  WHERE quarter_key <> 0 [[AND quarter_code = {{period}}]]
  ORDER BY quarter_code DESC
  LIMIT 1
)
SELECT m.lead_method, m.complaints, m.institutions, m.share, m.quarter_code
FROM estrela_refined.mart_lead_coverage m
JOIN chosen ON m.quarter_code = chosen.quarter_code
WHERE true [[AND m.quarter_code = {{period}}]]
ORDER BY m.complaints DESC, m.lead_method
