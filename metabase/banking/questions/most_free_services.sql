-- title = "Banks with the most free services, among those with a fee table"
-- description = "The ten banks that list most services at ceiling 0 in their newest fee table, beside those they may charge for; natural and legal persons together."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- caveats = ["Free means a ceiling of 0: the bank may not charge, or lists a service that it does not offer. A bank that lists everything at 0 mostly does not offer it."]
-- chart = "row"
-- x = "institution_name"
-- y = ["services_free", "services_paid"]
-- stack = "stacked"
-- [columns.institution_name]
-- title = "Institution"
-- [columns.services_free]
-- title = "Free (ceiling 0)"
-- format = "integer"
-- unit = "services"
-- [columns.services_paid]
-- title = "With a fee"
-- format = "integer"
-- unit = "services"
-- [columns.services_listed]
-- title = "Services listed"
-- format = "integer"
-- [columns.snapshot_date]
-- title = "Fee table of"
-- format = "date"
-- [variables.segment]
-- title = "Prudential segment"
SELECT
  max(m.institution_name) AS institution_name,
  sum(m.services_free) AS services_free,
  sum(m.services_listed) - sum(m.services_free) AS services_paid,
  sum(m.services_listed) AS services_listed,
  max(m.snapshot_date) AS snapshot_date
FROM banking.mart_free_services m
WHERE m.snapshot_date <= current_date [[AND m.segment = {{segment}}]]
GROUP BY m.cnpj_root
ORDER BY services_free DESC, services_listed, institution_name
LIMIT 10
