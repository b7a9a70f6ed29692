-- title = "What one service costs across banks"
-- description = "The fifteen highest ceilings of the chosen service; if none is chosen, of the service that most banks charge for in reais."
-- source = "Banco Central do Brasil, fee tables (Tarifas)"
-- caveats = ["99,999.99 is the largest ceiling that the form takes and looks like a placeholder: banks at it are counted, and not drawn.", "A ceiling is the most that a bank may charge, not what it charges. Fees that are a percentage are left out."]
-- chart = "row"
-- x = "institution_name"
-- y = "ceiling"
-- value_labels = true
-- [columns.institution_name]
-- title = "Bank"
-- [columns.ceiling]
-- title = "Ceiling"
-- format = "currency"
-- [columns.service_name]
-- title = "Service:"
-- [columns.banks]
-- title = "Banks that list it:"
-- format = "integer"
-- [columns.placeholders]
-- title = "Banks at the placeholder 99,999.99, not drawn:"
-- format = "integer"
-- [columns.unit]
-- title = "Charged"
-- [columns.in_force_since]
-- title = "In force since"
-- format = "date"
-- [variables.service]
-- title = "Service"
-- [variables.person_type]
-- title = "Person type"
WITH listed AS (
  SELECT i.name AS institution_name, s.service_name, s.person_type, f.ceiling, f.unit, f.in_force_since
  FROM banking.fact_current_fees f
  JOIN banking.dim_institution i ON i.institution_key = f.institution_key
  JOIN banking.dim_service s ON s.service_key = f.service_key
  WHERE f.person_type IN ('F', 'J') AND f.value_type = 'amount'
    [[AND f.person_type = {{person_type}}]]
), chosen AS (
  SELECT service_name, person_type, count(*) AS banks,
    count_if(ceiling >= 99999.99) AS placeholders
  FROM listed
  WHERE true [[AND service_name = {{service}}]]
  GROUP BY service_name, person_type
  ORDER BY count_if(ceiling > 0 AND ceiling < 99999.99) DESC, service_name, person_type
  LIMIT 1
)
SELECT l.institution_name, l.ceiling, l.service_name, chosen.banks, chosen.placeholders, l.unit, l.in_force_since
FROM listed l
JOIN chosen ON l.service_name = chosen.service_name AND l.person_type = chosen.person_type
WHERE l.ceiling < 99999.99
ORDER BY l.ceiling DESC, l.institution_name
LIMIT 15
