-- title = "One bank's fee table"
-- description = "Every service that the chosen bank lists in its newest fee table; if none is chosen, of the bank that charges for most services."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- caveats = ["99,999.99 is the largest ceiling that the form takes, and no service is charged every 0 days: both look like placeholders, and stand here as the bank reported them.", "A ceiling is the most that the bank may charge. F: natural persons, J: legal persons."]
-- chart = "table"
-- [columns.institution_name]
-- title = "Bank"
-- [columns.person_type]
-- title = "Person"
-- [columns.service_code]
-- title = "Code"
-- [columns.service_name]
-- title = "Service"
-- [columns.ceiling]
-- title = "Ceiling"
-- format = "currency"
-- [columns.percentage]
-- title = "Ceiling"
-- format = "decimal"
-- unit = "%"
-- [columns.unit]
-- title = "Charged"
-- [columns.periodicity]
-- title = "How often"
-- [columns.looks_like]
-- title = "Read with care"
-- [columns.in_force_since]
-- title = "In force since"
-- format = "date"
-- [variables.bank]
-- title = "Bank"
-- [variables.person_type]
-- title = "Person type"
WITH listed AS (
  SELECT
    i.institution_code, i.name AS institution_name, s.service_code, s.service_name, s.person_type, f.ceiling,
    f.value_type, f.unit, f.periodicity, f.in_force_since
  FROM banking.fact_current_fees f
  JOIN banking.dim_institution i ON i.institution_key = f.institution_key
  JOIN banking.dim_service s ON s.service_key = f.service_key
  WHERE f.person_type IN ('F', 'J')
    [[AND i.name = {{bank}}]]
    [[AND f.person_type = {{person_type}}]]
), chosen AS (
  SELECT institution_code
  FROM listed
  GROUP BY institution_code
  ORDER BY count_if(ceiling > 0) DESC, institution_code
  LIMIT 1
)
SELECT
  l.institution_name, l.person_type, l.service_code, l.service_name,
  CASE WHEN l.value_type = 'amount' THEN l.ceiling END AS ceiling,
  CASE WHEN l.value_type = 'percentage' THEN l.ceiling END AS percentage,
  l.unit, l.periodicity,
  nullif(concat_ws('; ',
    IF(l.ceiling >= 99999.99, '99,999.99 looks like a placeholder, not a price'),
    IF(regexp_like(lower(l.periodicity), '^a cada 0+ dias?$'), 'every 0 days looks like a placeholder, not an interval')
  ), '') AS looks_like,
  l.in_force_since
FROM listed l
JOIN chosen ON l.institution_code = chosen.institution_code
ORDER BY l.person_type, l.service_code
