-- title = "Complaints against number of services, for banks with a fee table"
-- description = "Each point is a bank or conglomerate in the quarter (the newest if none is chosen): services that its lead institution lists in its newest fee table, for natural and legal persons, against complaints."
-- source = "Banco Central do Brasil, ranking of complaints and fee tables (Tarifas)"
-- caveats = [
--   "Only institutions with complaints, a known lead institution and a fee table are drawn; the share of all complaints that they cover is stated with the chart.",
--   "Fee tables have no history: services are those listed now, complaints those of the quarter.",
--   "Complaints stand on a logarithmic scale: each step is ten times the one before.",
-- ]
-- chart = "scatter"
-- x = "services_listed"
-- y = "complaints"
-- y_scale = "log"
-- [columns.institution_name]
-- title = "Institution"
-- [columns.services_listed]
-- title = "Services listed"
-- format = "integer"
-- unit = "services"
-- [columns.complaints]
-- title = "Complaints"
-- format = "integer"
-- unit = "complaints"
-- [columns.share]
-- title = "Share of all complaints"
-- format = "percent"
-- [columns.quarter_code]
-- title = "Quarter"
-- [columns.covered]
-- title = "All points together, share of all complaints:"
-- format = "percent"
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
), everything AS (
  SELECT sum(f.total) AS complaints
  FROM banking.fact_complaints f
  JOIN chosen ON f.quarter_code = chosen.quarter_code
  WHERE true [[AND f.quarter_code = {{period}}]]
), leads AS (
  SELECT lead_cnpj_root, max(segment) AS segment
  FROM banking.dim_institution
  WHERE lead_cnpj_root IS NOT NULL
  GROUP BY lead_cnpj_root
)
SELECT
  regexp_replace(m.institution_name, ' \(conglomerado\)$', '') AS institution_name,
  m.services_listed,
  m.complaints,
  CAST(m.complaints AS double) / nullif(everything.complaints, 0) AS share,
  m.quarter_code,
  CAST(sum(m.complaints) OVER () AS double) / nullif(everything.complaints, 0) AS covered
FROM banking.mart_services_complaints m
JOIN chosen ON m.quarter_code = chosen.quarter_code
JOIN leads ON leads.lead_cnpj_root = m.lead_cnpj_root
CROSS JOIN everything
WHERE m.services_listed > 0 [[AND m.quarter_code = {{period}}]] AND m.complaints > 0
  [[AND leads.segment = {{segment}}]]
ORDER BY m.complaints DESC, institution_name
