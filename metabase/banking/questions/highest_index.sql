-- title = "Highest index of complaints among the top group"
-- description = "Upheld complaints per million clients, for the ten institutions of the top group with the highest index in the quarter (the newest if none is chosen)."
-- source = "Banco Central do Brasil, ranking of complaints"
-- caveats = ["No index is shown below 1,000 clients: there one complaint moves it by more than 1,000.", "Only the top group: among small banks a handful of complaints makes a high index, and the Central Bank does not publish it.", "In method B the upheld complaints are extrapolated from those that were analysed."]
-- chart = "row"
-- x = "institution_name"
-- y = "index_per_million"
-- value_labels = true
-- [columns.institution_name]
-- title = "Institution"
-- [columns.index_per_million]
-- title = "Index"
-- format = "decimal"
-- unit = "upheld per million clients"
-- [columns.clients]
-- title = "Clients"
-- format = "integer"
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
)
SELECT
  regexp_replace(i.name, ' \(conglomerado\)$', '') AS institution_name,
  f.recomputed_index AS index_per_million,
  f.clients,
  f.quarter_code
FROM banking.fact_complaints f
JOIN chosen ON f.quarter_code = chosen.quarter_code
JOIN banking.dim_institution i ON i.institution_key = f.institution_key
WHERE i.size_group = 'top' AND f.recomputed_index IS NOT NULL AND f.clients >= 1000
  [[AND f.quarter_code = {{period}}]]
  [[AND i.segment = {{segment}}]]
ORDER BY index_per_million DESC, institution_name
LIMIT 10
