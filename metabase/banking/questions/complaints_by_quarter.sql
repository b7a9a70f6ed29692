-- title = "Complaints by quarter"
-- description = "All complaints in the ranking, summed over the institutions of each quarter; a quarter that was never published leaves a gap."
-- source = "Banco Central do Brasil, ranking of complaints"
-- caveats = ["Method B counts complaints that were answered: its figures do not compare with those of method A, and no line joins them."]
-- chart = "line"
-- x = "quarter_code"
-- y = "complaints"
-- series = "method"
--
-- [[marks]]
-- x = "2024T2"
-- text = "the method changes from A to B"
--
-- [columns.quarter_code]
-- title = "Quarter"
-- [columns.complaints]
-- title = "Complaints"
-- format = "integer"
-- unit = "complaints"
-- [columns.method]
-- title = "Method"
-- [columns.institutions]
-- title = "Institutions"
-- format = "integer"
--
-- [variables.segment]
-- title = "Prudential segment"
-- [variables.institution]
-- title = "Institution"
WITH bounds AS (
  SELECT min(quarter_code) AS first_code, max(quarter_code) AS last_code,
    min(year * 4 + quarter - 1) AS first_place, max(year * 4 + quarter - 1) AS last_place
  FROM banking.dim_quarter
  WHERE quarter_key <> 0
), calendar AS (
  SELECT CAST(place / 4 AS varchar) || 'T' || CAST(place % 4 + 1 AS varchar) AS quarter_code
  FROM bounds
  CROSS JOIN UNNEST(sequence(first_place, last_place)) AS places (place)
), counted AS (
  SELECT f.quarter_code, sum(f.total) AS complaints, count(*) AS institutions
  FROM banking.fact_complaints f
  JOIN bounds ON f.quarter_code BETWEEN bounds.first_code AND bounds.last_code
  WHERE true
    [[AND f.institution_key IN (SELECT institution_key FROM banking.dim_institution WHERE segment = {{segment}})]]
    [[AND f.institution_key IN (
      SELECT i.institution_key FROM banking.dim_institution i
      JOIN banking.dim_institution named ON named.institution_code = i.institution_code
      WHERE named.name = {{institution}}
    )]]
  GROUP BY f.quarter_code
)
SELECT
  calendar.quarter_code,
  coalesce(q.method, lag(q.method) IGNORE NULLS OVER (ORDER BY calendar.quarter_code)) AS method,
  counted.complaints,
  counted.institutions
FROM calendar
LEFT JOIN banking.dim_quarter q ON q.quarter_code = calendar.quarter_code
LEFT JOIN counted ON counted.quarter_code = calendar.quarter_code
ORDER BY calendar.quarter_code
