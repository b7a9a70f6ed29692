-- title = "Services most often free, among those with at least five entries"
-- description = "The twelve services with the highest share of entries at ceiling 0, among those with at least five entries; a bank that lists a service for one type of person is one entry."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- caveats = ["Free means a ceiling of 0: the bank may not charge, or lists a service that it does not offer."]
-- chart = "row"
-- x = "service_name"
-- y = "share_free"
-- value_labels = true
-- [columns.service_name]
-- title = "Service"
-- [columns.share_free]
-- title = "Entries at ceiling 0"
-- format = "percent"
-- decimals = 0
-- [columns.institutions_free]
-- title = "Free entries"
-- format = "integer"
-- [columns.institutions]
-- title = "Entries"
-- format = "integer"
-- [variables.person_type]
-- title = "Person type"
SELECT
  m.service_name,
  CAST(sum(m.institutions_free) AS double) / sum(m.institutions) AS share_free,
  sum(m.institutions_free) AS institutions_free,
  sum(m.institutions) AS institutions
FROM banking.mart_service_fees m
WHERE true [[AND m.person_type = {{person_type}}]]
GROUP BY m.service_name
HAVING sum(m.institutions) >= 5
ORDER BY share_free DESC, institutions DESC, m.service_name
LIMIT 12
