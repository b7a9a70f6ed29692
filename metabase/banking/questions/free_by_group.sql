-- title = "Free against paid, by group of services"
-- description = "Entries of the newest fee tables of all banks: services at ceiling 0 beside those with a fee."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- caveats = ["Free means a ceiling of 0: the bank may not charge, or lists a service that it does not offer."]
-- chart = "row"
-- x = "group_name"
-- y = ["services_free", "services_paid"]
-- stack = "stacked"
-- [columns.group_name]
-- title = "Group of services"
-- [columns.services_free]
-- title = "Free (ceiling 0)"
-- format = "integer"
-- unit = "entries"
-- [columns.services_paid]
-- title = "With a fee"
-- format = "integer"
-- unit = "entries"
-- [columns.share_free]
-- title = "Share free"
-- format = "percent"
-- [variables.person_type]
-- title = "Person type"
SELECT
  m.group_name,
  sum(m.institutions_free) AS services_free,
  sum(m.institutions) - sum(m.institutions_free) AS services_paid,
  CAST(sum(m.institutions_free) AS double) / sum(m.institutions) AS share_free
FROM banking.mart_service_fees m
WHERE true [[AND m.person_type = {{person_type}}]]
GROUP BY m.group_name
ORDER BY sum(m.institutions) DESC, m.group_name
