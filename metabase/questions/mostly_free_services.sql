-- title = "Services that most banks give for free"
-- description = "The twelve services with the highest share of banks at ceiling 0, among those that at least five banks list."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- caveats = ["Free means a ceiling of 0: the bank may not charge, or lists a service that it does not offer."]
-- chart = "row"
-- x = "service_name"
-- y = "share_free"
-- value_labels = true
-- [columns.service_name]
-- title = "Service"
-- [columns.share_free]
-- title = "Banks at ceiling 0"
-- format = "percent"
-- decimals = 0
-- [columns.institutions_free]
-- title = "Banks at 0"
-- format = "integer"
-- [columns.institutions]
-- title = "Banks that list it"
-- format = "integer"
-- [variables.person_type]
-- title = "Person type"
SELECT
  m.service_name,
  CAST(sum(m.institutions_free) AS double) / sum(m.institutions) AS share_free,
  sum(m.institutions_free) AS institutions_free,
  sum(m.institutions) AS institutions
FROM estrela_refined.mart_service_fees m
WHERE true [[AND m.person_type = {{person_type}}]]
GROUP BY m.service_name
HAVING sum(m.institutions) >= 5
ORDER BY share_free DESC, institutions DESC, m.service_name
LIMIT 12
