-- title = "Ranking of institutions"
-- description = "Every institution of the quarter (the newest if none is chosen), by complaints, with the places risen (up: more complaints than others) or fallen since the quarter before."
-- source = "Banco Central do Brasil, ranking of complaints"
-- caveats = ["Upheld: complaints that the Central Bank found justified; in method B extrapolated from those that it analysed.", "No index is shown below 1,000 clients: there one complaint moves it by more than 1,000.", "No change of rank is given for a newcomer, after a quarter that was not published, or across the change of method at 2024T2.", "The index is upheld complaints per million clients, recomputed; the Central Bank shows it for few small banks."]
-- chart = "table"
-- [columns.complaints_rank]
-- title = "Rank"
-- format = "integer"
-- [columns.rank_change]
-- title = "Change of rank"
-- [columns.institution_name]
-- title = "Institution"
-- [columns.segment]
-- title = "Segment"
-- [columns.size_group]
-- title = "Size group"
-- [columns.complaints]
-- title = "Complaints"
-- format = "integer"
-- bars = true
-- [columns.share]
-- title = "Share of the quarter"
-- format = "percent"
-- [columns.upheld]
-- title = "Upheld"
-- format = "integer"
-- [columns.index_per_million]
-- title = "Index"
-- format = "decimal"
-- unit = "per million clients"
-- [columns.index_note]
-- title = "Why no index"
-- [columns.clients]
-- title = "Clients"
-- format = "integer"
-- [columns.quarter_code]
-- title = "Quarter"
-- [variables.period]
-- title = "Quarter"
-- [variables.segment]
-- title = "Prudential segment"
-- [variables.institution]
-- title = "Institution"
WITH chosen AS (
  SELECT quarter_code
  FROM banking.dim_quarter
  WHERE quarter_key <> 0 [[AND quarter_code = {{period}}]]
  ORDER BY quarter_code DESC
  LIMIT 1
)
SELECT
  m.complaints_rank,
  CASE
    WHEN m.rank_change > 0 THEN '▲ ' || CAST(m.rank_change AS varchar)
    WHEN m.rank_change < 0 THEN '▼ ' || CAST(-m.rank_change AS varchar)
    WHEN m.rank_change = 0 THEN '='
  END AS rank_change,
  regexp_replace(m.institution_name, ' \(conglomerado\)$', '') AS institution_name,
  m.segment,
  m.size_group,
  m.complaints,
  m.share,
  m.upheld,
  m.index_per_million,
  m.index_note,
  m.clients,
  m.quarter_code
FROM banking.mart_bank_quarter m
JOIN chosen ON m.quarter_code = chosen.quarter_code
WHERE true
  [[AND m.quarter_code = {{period}}]]
  [[AND m.segment = {{segment}}]]
  [[AND m.institution_code IN (SELECT institution_code FROM banking.dim_institution WHERE name = {{institution}})]]
ORDER BY m.complaints_rank, institution_name
