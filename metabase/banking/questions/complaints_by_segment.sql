-- title = "Complaints by prudential segment"
-- description = "Complaints of the quarter (the newest if none is chosen) by the segment of the lead institution: S1 the largest banks, S5 the smallest."
-- source = "Banco Central do Brasil, ranking of complaints and segmentation list"
-- caveats = ["The segment is that of today's list. Not listed: the lead is unknown, or is no institution of the list, such as most payment institutions."]
-- chart = "bar"
-- x = "segment"
-- y = "complaints"
-- value_labels = true
-- [columns.segment]
-- title = "Segment"
-- [columns.complaints]
-- title = "Complaints"
-- format = "integer"
-- unit = "complaints"
-- [columns.institutions]
-- title = "Institutions"
-- format = "integer"
-- [columns.quarter_code]
-- title = "Quarter"
-- [variables.period]
-- title = "Quarter"
WITH chosen AS (
  SELECT quarter_code
  FROM banking.dim_quarter
  WHERE quarter_key <> 0 [[AND quarter_code = {{period}}]]
  ORDER BY quarter_code DESC
  LIMIT 1
)
SELECT
  coalesce(i.segment, 'Not listed') AS segment,
  sum(f.total) AS complaints,
  count(*) AS institutions,
  max(f.quarter_code) AS quarter_code
FROM banking.fact_complaints f
JOIN chosen ON f.quarter_code = chosen.quarter_code
JOIN banking.dim_institution i ON i.institution_key = f.institution_key
WHERE true [[AND f.quarter_code = {{period}}]]
GROUP BY coalesce(i.segment, 'Not listed')
ORDER BY CASE WHEN coalesce(i.segment, 'Not listed') = 'Not listed' THEN 1 ELSE 0 END, segment
