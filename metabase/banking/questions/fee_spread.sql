-- title = "Lowest, median and highest ceiling of each service"
-- description = "Over the newest fee tables of all banks, for services with a fee in reais."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- caveats = ["99,999.99 is the largest ceiling that the form takes and looks like a placeholder: banks at it are counted, and left out of lowest, median and highest.", "A bank at ceiling 0 counts in the lowest and the median. F: natural persons, J: legal persons."]
-- chart = "table"
-- [columns.service_code]
-- title = "Code"
-- [columns.service_name]
-- title = "Service"
-- [columns.group_name]
-- title = "Group"
-- [columns.person_type]
-- title = "Person"
-- [columns.institutions]
-- title = "Banks"
-- format = "integer"
-- [columns.institutions_free]
-- title = "Banks at 0"
-- format = "integer"
-- [columns.institutions_placeholder]
-- title = "Banks at 99,999.99"
-- format = "integer"
-- [columns.fee_min]
-- title = "Lowest"
-- format = "currency"
-- [columns.fee_median]
-- title = "Median"
-- format = "currency"
-- bars = true
-- [columns.fee_max]
-- title = "Highest"
-- format = "currency"
-- [variables.service]
-- title = "Service"
-- [variables.person_type]
-- title = "Person type"
SELECT
  m.service_code, m.service_name, m.group_name, m.person_type,
  m.institutions, m.institutions_free, m.institutions_placeholder,
  m.fee_min, m.fee_median, m.fee_max
FROM banking.mart_service_fees m
WHERE m.value_type = 'amount'
  [[AND m.service_name = {{service}}]]
  [[AND m.person_type = {{person_type}}]]
ORDER BY m.fee_median DESC NULLS LAST, m.service_code, m.person_type
