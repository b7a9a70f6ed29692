-- title = "Banks with the most complaints"
-- description = "The ten banks and conglomerates with most complaints in the quarter (the newest if none is chosen)."
-- source = "Banco Central do Brasil, ranking of complaints"
-- caveats = ["Large banks have more clients, and so more complaints: the index per million clients compares them.", "From 2024T2 on only complaints that were answered are counted."]
-- chart = "row"
-- x = "institution_name"
-- y = "complaints"
-- value_labels = true
-- [columns.institution_name]
-- title = "Institution"
-- [columns.complaints]
-- title = "Complaints"
-- format = "integer"
-- unit = "complaints"
-- [columns.share]
-- title = "Share of the quarter's complaints"
-- format = "percent"
-- [columns.quarter_code]
-- title = "Quarter"
-- [variables.period]
-- title = "Quarter"
-- [variables.segment]
-- title = "Prudential segment"
WITH chosen AS (
  SELECT quarter_code
  FROM banking.dim_quarter
  WHERE quarter_key <> 0 [[AND quarter_code = {{period}}]]
  ORDER BY quarter_code DESC
  LIMIT 1
), counted AS (
  SELECT f.institution_key, f.quarter_code, f.total AS complaints,
    CAST(f.total AS double) / nullif(sum(f.total) OVER (), 0) AS share
  FROM banking.fact_complaints f
  JOIN chosen ON f.quarter_code = chosen.quarter_code
  WHERE true [[AND f.quarter_code = {{period}}]]
)
SELECT
  regexp_replace(i.name, ' \(conglomerado\)$', '') AS institution_name,
  counted.complaints,
  counted.share,
  counted.quarter_code
FROM counted
JOIN banking.dim_institution i ON i.institution_key = counted.institution_key
WHERE counted.complaints > 0 [[AND i.segment = {{segment}}]]
ORDER BY counted.complaints DESC, institution_name
LIMIT 10
