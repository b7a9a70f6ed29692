-- title = "Complaints by size group"
-- description = "Complaints against the largest institutions (the ranking's top group) and against all others, by quarter."
-- source = "Banco Central do Brasil, ranking of complaints"
-- caveats = ["The Central Bank has changed the limits of the top group: over four million clients to 2020T3, the ten largest to 2021T3, the fifteen largest since.", "Figures before and after 2024T2 do not compare."]
-- chart = "bar"
-- x = "quarter_code"
-- y = "complaints"
-- series = "size_group"
-- stack = "stacked"
--
-- [[marks]]
-- x = "2024T2"
-- text = "the method changes from A to B"
--
-- [columns.quarter_code]
-- title = "Quarter"
-- [columns.size_group]
-- title = "Size group"
-- [columns.complaints]
-- title = "Complaints"
-- format = "integer"
-- unit = "complaints"
--
-- [variables.segment]
-- title = "Prudential segment"
WITH bounds AS (
  SELECT min(quarter_code) AS first_code, max(quarter_code) AS last_code
  FROM banking.dim_quarter
  WHERE quarter_key <> 0
)
SELECT f.quarter_code, i.size_group, sum(f.total) AS complaints
FROM banking.fact_complaints f
JOIN bounds ON f.quarter_code BETWEEN bounds.first_code AND bounds.last_code
JOIN banking.dim_institution i ON i.institution_key = f.institution_key
WHERE true [[AND i.segment = {{segment}}]]
GROUP BY f.quarter_code, i.size_group
ORDER BY f.quarter_code, i.size_group DESC
