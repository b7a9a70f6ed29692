-- title = "Services of the fee tables"
-- description = "Names of all services; the choices of the service filter."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- chart = "table"
-- [columns.service_name]
-- title = "Service"
-- [columns.group_name]
-- title = "Group"
SELECT service_name, max(group_name) AS group_name
FROM banking.dim_service
WHERE service_key <> 0
GROUP BY service_name
ORDER BY service_name
