"""Each institution in each quarter: complaints, index, rank, change of rank, share."""

from __future__ import annotations

from estrela.model import Column, Mart
from estrela.stars.banking.dim_institution import dim_institution
from estrela.stars.banking.dim_quarter import dim_quarter
from estrela.stars.banking.fact_complaints import fact_complaints

# Each quarter is read together with the previous one. Every window is partitioned by the shown quarter, so that a query
# for one quarter reads only two partitions. Ranks are computed before names are joined, so that no reordering of joins
# undoes this.
mart_bank_quarter = Mart(
    name="mart_bank_quarter",
    doc="Complaints of each institution in each quarter, with rank and share",
    uses=(fact_complaints, dim_institution, dim_quarter),
    columns=(
        Column("quarter_code", "string", "Year and quarter, such as 2021T4"),
        Column("quarter_end", "date", "Last day of the quarter"),
        Column("method", "string", "Method of the ranking; figures of A and B are not comparable"),
        Column("institution_code", "string", "Stable code of the institution"),
        Column("institution_name", "string", "Name in that quarter"),
        Column("kind", "string", "bank or conglomerate"),
        Column("size_group", "string", "top or secondary"),
        Column("segment", "string", "Prudential segment"),
        Column("lead_cnpj_root", "string", "CNPJ root of the lead institution; NULL if not known"),
        Column("complaints", "bigint", "All complaints"),
        Column("upheld", "bigint", "Upheld complaints, as the index counts them: extrapolated in method B"),
        Column("upheld_analysed", "bigint", "Upheld among the complaints that were analysed; in method A all of them"),
        Column("clients", "bigint", "Clients"),
        Column(
            "index_per_million",
            "decimal(18,2)",
            "Upheld per million clients; NULL if index_note has a reason",
        ),
        Column("index_note", "string", "Reason for a missing index; NULL if there is an index"),
        Column("share", "double", "Share of the quarter's complaints, 0 to 1"),
        Column("complaints_rank", "bigint", "Rank by complaints in the quarter; 1 has the most"),
        Column("rank_change", "bigint", "Ranks gained since the previous quarter; NULL after a gap or new method"),
    ),
    sql="""
WITH dated AS (
  SELECT quarter_code, ends_on AS quarter_end, method, year * 4 + quarter AS place,
    LAG(quarter_code) OVER (PARTITION BY method ORDER BY year * 4 + quarter) AS code_before,
    LAG(year * 4 + quarter) OVER (PARTITION BY method ORDER BY year * 4 + quarter) AS place_before
  FROM {dim_quarter}
), shown AS (
  SELECT quarter_code, quarter_end, method, quarter_code AS read_code
  FROM dated
  UNION ALL
  SELECT quarter_code, quarter_end, method, code_before
  FROM dated
  WHERE place_before = place - 1
), ranked AS (
  SELECT
    s.quarter_code, s.quarter_end, s.method, s.read_code, f.institution_key,
    f.total AS complaints, COALESCE(f.extrapolated_upheld, f.upheld) AS upheld, f.upheld AS upheld_analysed, f.clients,
    f.recomputed_index,
    RANK() OVER (PARTITION BY s.quarter_code, s.read_code ORDER BY f.total DESC) AS complaints_rank
  FROM shown s
  JOIN {fact_complaints} f ON f.quarter_code = s.read_code
), compared AS (
  SELECT ranked.*,
    i.institution_code, i.name AS institution_name, i.kind, i.size_group, i.segment, i.lead_cnpj_root,
    SUM(complaints) OVER (PARTITION BY quarter_code, read_code) AS quarter_complaints,
    LAG(complaints_rank) OVER (PARTITION BY quarter_code, institution_code ORDER BY read_code) AS rank_before
  FROM ranked
  JOIN {dim_institution} i ON i.institution_key = ranked.institution_key
)
SELECT
  quarter_code, quarter_end, method, institution_code, institution_name, kind, size_group, segment, lead_cnpj_root,
  complaints, upheld, upheld_analysed, clients,
  CASE WHEN clients >= 1000 THEN recomputed_index END AS index_per_million,
  CASE WHEN clients IS NULL THEN 'clients not published' WHEN clients < 1000 THEN 'fewer than 1,000 clients'
  END AS index_note,
  CAST(complaints AS double) / NULLIF(quarter_complaints, 0) AS share,
  complaints_rank, rank_before - complaints_rank AS rank_change
FROM compared
WHERE read_code = quarter_code
""",
)
