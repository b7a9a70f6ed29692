-- title = "Banks that list fees"
-- description = "Banks whose newest fee table lists at least one service."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- chart = "scalar"
-- y = "banks"
-- [columns.banks]
-- title = "Banks"
-- format = "integer"
-- unit = "banks"
-- [variables.person_type]
-- title = "Person type"
SELECT count(DISTINCT cnpj_root) AS banks
FROM banking.mart_free_services
WHERE snapshot_date <= current_date
  [[AND person_type = {{person_type}}]]
