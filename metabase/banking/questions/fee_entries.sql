-- title = "Entries of all fee tables"
-- description = "A bank that lists a service for one type of person is one entry."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- chart = "scalar"
-- y = "entries"
-- [columns.entries]
-- title = "Entries"
-- format = "integer"
-- unit = "entries"
-- [variables.person_type]
-- title = "Person type"
SELECT sum(services_listed) AS entries
FROM banking.mart_free_services
WHERE snapshot_date <= current_date
  [[AND person_type = {{person_type}}]]
