-- title = "Free services against services listed"
-- description = "Each point is a bank: services in its newest fee table, and those at ceiling 0."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- caveats = ["Banks on the diagonal list everything at 0: mostly they do not offer it."]
-- chart = "scatter"
-- x = "services_listed"
-- y = "services_free"
-- [columns.institution_name]
-- title = "Bank"
-- [columns.services_listed]
-- title = "Services listed"
-- format = "integer"
-- unit = "services"
-- [columns.services_free]
-- title = "Services at ceiling 0"
-- format = "integer"
-- unit = "services"
-- [columns.share_free]
-- title = "Share free"
-- format = "percent"
-- [variables.person_type]
-- title = "Person type"
SELECT
  max(institution_name) AS institution_name,
  sum(services_listed) AS services_listed,
  sum(services_free) AS services_free,
  CAST(sum(services_free) AS double) / sum(services_listed) AS share_free
FROM banking.mart_free_services
WHERE snapshot_date <= current_date
  [[AND person_type = {{person_type}}]]
GROUP BY cnpj_root
ORDER BY services_free DESC, institution_name
