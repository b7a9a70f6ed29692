-- title = "Institutions with most complaints"
-- description = "The ten institutions with most complaints in the quarter; the newest one if none is chosen."
-- source = "Banco Central do Brasil, ranking of complaints"
-- caveats = ["Large banks have more clients, and so more complaints: see the index for a comparison."]
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
-- [variables.period]
-- title = "Quarter"
-- [variables.segment]
-- title = "Prudential segment"
SELECT
  institution_name,
  complaints
FROM estrela_refined.mart_bank_quarter
WHERE quarter_code = coalesce([[{{period}},]] null, (SELECT max(quarter_code) FROM estrela_refined.dim_quarter))
  [[AND segment = {{segment}}]]
ORDER BY complaints DESC, institution_name
LIMIT 10
