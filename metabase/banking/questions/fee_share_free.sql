-- title = "Share of entries at ceiling 0"
-- description = "Free, or listed and not offered: the fee table does not tell which."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- chart = "scalar"
-- y = "share_free"
-- [columns.share_free]
-- title = "Share free"
-- format = "percent"
-- [variables.person_type]
-- title = "Person type"
SELECT CAST(sum(services_free) AS double) / sum(services_listed) AS share_free
FROM banking.mart_free_services
WHERE snapshot_date <= current_date
  [[AND person_type = {{person_type}}]]
