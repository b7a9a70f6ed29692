-- title = "Banks with a fee table"
-- description = "Names of the banks that list fees; the choices of the bank filter."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- chart = "table"
-- [columns.institution_name]
-- title = "Bank"
-- [columns.services_listed]
-- title = "Services listed"
-- format = "integer"
SELECT institution_name, sum(services_listed) AS services_listed
FROM banking.mart_free_services
WHERE snapshot_date <= current_date
GROUP BY institution_name
ORDER BY institution_name
