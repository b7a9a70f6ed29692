-- title = "Services listed"
-- description = "Different services that at least one bank lists."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- chart = "scalar"
-- y = "services"
-- [columns.services]
-- title = "Services"
-- format = "integer"
-- unit = "services"
-- [variables.person_type]
-- title = "Person type"
SELECT count(DISTINCT service_code) AS services
FROM banking.mart_service_fees
WHERE institutions > 0
  [[AND person_type = {{person_type}}]]
