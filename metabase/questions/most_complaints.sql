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
  FROM estrela_refined.dim_quarter
  WHERE quarter_key <> 0 [[AND quarter_code = {{period}}]]
  ORDER BY quarter_code DESC
  LIMIT 1
)
SELECT
  regexp_replace(m.institution_name, ' \(conglomerado\)$', '') AS institution_name,
  m.complaints,
  m.share,
  m.quarter_code
FROM estrela_refined.mart_bank_quarter m
JOIN chosen ON m.quarter_code = chosen.quarter_code
WHERE m.complaints > 0 [[AND m.segment = {{segment}}]]
ORDER BY m.complaints DESC, institution_name
LIMIT 10
